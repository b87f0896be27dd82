"""The ingest API of a run, which steps control and query."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local.faults import Fault
from local.ingest_api import IngestApi

MAX_EVENTS = 200_000
"""The maximum number of log lines that are read to find out what has arrived."""


class Ingest(Protocol):
    """The interface of an ingest API for steps."""

    @property
    def url(self) -> str:
        """The base address."""

    def answer(self, status: int) -> None:
        """Answer every request with this status from now on."""

    def arrived(self) -> Mapping[str, float]:
        """Return the first arrival of each message in seconds since 1970, by its first 80 characters."""


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """The function of smoke/ingest_api.yaml, in a real account."""

    stack: str
    key: str
    client: Callable[[str], Any]

    @property
    def url(self) -> str:
        """The base address."""
        return self._output("Url").rstrip("/")

    def _output(self, name: str) -> str:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        found = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return str(found[name])

    def answer(self, status: int) -> None:
        """Change the function's environment, and wait until Lambda has done so."""
        variables = {"ANSWER": str(status), "KEY": self.key}
        function, client = self._output("FunctionName"), self.client("lambda")
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        client.get_waiter("function_updated_v2").wait(FunctionName=function)

    def arrived(self) -> Mapping[str, float]:
        """Read the function's log, which has one line for each accepted request."""
        found: dict[str, float] = {}
        pages = (
            self.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=self._output("LogGroupName"),
                filterPattern="arrived",
                PaginationConfig={"MaxItems": MAX_EVENTS},
            )
        )
        for page in pages:
            for event in page["events"]:
                _, word, text = event["message"].partition("arrived ")
                if word:
                    line = json.loads(text)
                    for message in line["messages"]:
                        found[message] = min(line["at"], found.get(message, line["at"]))
        return found


@dataclass(frozen=True, slots=True)
class OnThisMachine:
    """The local ingest API, since an emulated function URL has no https and no DNS name."""

    api: IngestApi

    @property
    def url(self) -> str:
        """The base address."""
        return self.api.url

    def answer(self, status: int) -> None:
        """Answer every request with this status from now on."""
        self.api.heal()
        if status != 200:
            self.api.fault(Fault(status=status, times=None))

    def arrived(self) -> Mapping[str, float]:
        """Return the accepted messages with their times of arrival, converted from the monotonic clock."""
        since_1970 = time.time() - time.monotonic()
        found: dict[str, float] = {}
        for request in self.api.requests:
            if request.status == 200:
                for log in request.logs:
                    message = log["message"][:80]
                    found.setdefault(message, request.arrived + since_1970)
        return found
