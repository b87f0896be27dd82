"""`python -m tests.soak.tallying_api TALLY`: the local ingest API, in a process of its own, for a long time.

It keeps no logs, but counts for each event id how often it was accepted, and how often of these no answer
said so. It prints its address in one line; at the end of standard input it writes the counts and stops.
"""

import sys
from dataclasses import replace
from pathlib import Path

from local.faults import Fault
from local.ingest_api import LOCAL_KEY, IngestApi, Request, ingest_api
from local.ingest_contract import Call, Log, Refusal
from tests.soak.tally import Tally


class TallyingApi(IngestApi):
    def __init__(self) -> None:
        super().__init__({LOCAL_KEY})
        self.tally = Tally()
        self._accepted: set[int] = set()
        """Numbers of the requests that were accepted and are not yet answered."""

    def received(self, connection: int, call: Call) -> tuple[Request, Fault | Refusal | None]:
        request, fate = super().received(connection, call)
        with self._changed:
            self._requests[request.number] = replace(request, logs=(), headers={})
        return request, fate

    def accepted(self, request: Request) -> None:
        with self._changed:
            self._accepted.add(request.number)
            for log in request.logs:
                self.tally.count(_numbers(log), self.tally.accepted)

    def finished(self, request: Request, status: int | None) -> None:
        with self._changed:
            if request.number in self._accepted and status is None:
                for log in request.logs:
                    self.tally.count(_numbers(log), self.tally.unanswered)
            self._accepted.discard(request.number)
        super().finished(replace(request, logs=(), headers={}), status)


def _numbers(log: Log) -> list[int]:
    properties = log["properties"]
    return [int(each) for each in properties.get("eventIds") or [properties["eventId"]]]


def main(tally: str) -> None:
    api = TallyingApi()
    with ingest_api(api=api, control=True):
        print(api.url, flush=True)
        sys.stdin.read()
    api.tally.write(Path(tally))


if __name__ == "__main__":
    main(*sys.argv[1:])
