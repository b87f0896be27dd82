"""What CloudFormation asks a custom resource, and the answer it waits for.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_TIMEOUT_SECONDS = 8.0
_PAUSES = (1.0, 2.0, 4.0)
WORST_ANSWER_SECONDS = (len(_PAUSES) + 1) * _TIMEOUT_SECONDS + sum(_PAUSES)

_MAX_REASON = 1000
"""An answer has at most 4096 bytes."""


class RequestType(StrEnum):
    """What CloudFormation asks for."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class NotAnswered(Exception):
    """CloudFormation could not be told; it waits for up to an hour."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of CloudFormation to a custom resource."""

    type: RequestType
    resource_type: str
    physical_id: str
    """The same in every answer: another one would make CloudFormation ask to delete the first."""
    event: Mapping[str, Any] = field(repr=False)
    """As it came. Its ResponseURL is a secret: who has it can answer in our place."""


def read_request(event: Mapping[str, Any]) -> Request | None:
    """Return the request in an event of Lambda; `None` if it is something else."""
    if "ResponseURL" not in event or event.get("RequestType") not in set(RequestType):
        return None
    stack_name = event["StackId"].partition("/")[2].partition("/")[0]
    return Request(
        RequestType(event["RequestType"]),
        event.get("ResourceType", ""),
        event.get("PhysicalResourceId") or f"{stack_name}-{event['LogicalResourceId']}",
        event,
    )


_NOTHING = "-nothing-was-made"


def made_nothing(request: Request) -> bool:
    """Whether a deletion follows a creation that made nothing, as its answer said in the physical id."""
    return request.physical_id.endswith(_NOTHING)


def answer(
    request: Request,
    failure: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
    *,
    made: bool = True,
) -> None:
    """Tell CloudFormation that the request is done or, with a line that says why, that it failed.

    Args:
        request: What CloudFormation asked for.
        failure: Why it failed; None if it is done.
        sleep: Waits between attempts.
        made: False if a creation failed before it made anything: then its deletion, which CloudFormation asks
            for next, has nothing to look for.

    Raises:
        NotAnswered: Four attempts, within `WORST_ANSWER_SECONDS`, came to nothing.
    """
    nothing = request.type is RequestType.CREATE and not made
    document = {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": (failure or "done")[:_MAX_REASON],
        "PhysicalResourceId": request.physical_id + (_NOTHING if nothing else ""),
        **{name: request.event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    body = json.dumps(document).encode()
    trouble = ""
    for pause in (*_PAUSES, None):
        trouble = _put(request.event["ResponseURL"], body)
        if not trouble:
            return
        if pause:
            sleep(pause)
    raise NotAnswered(f"CloudFormation could not be told of {request.type}: {trouble}")


def _put(url: str, body: bytes) -> str:
    """Return what went wrong, if anything; without the URL."""
    # The standard library's, since it keeps to HTTPS_PROXY and NO_PROXY by itself. It is slow to import.
    from urllib import error, request

    # The URL was signed without a content type; urllib would add one.
    put = request.Request(url, body, {"Content-Type": ""}, method="PUT")
    try:
        with request.urlopen(put, timeout=_TIMEOUT_SECONDS):
            return ""
    except error.HTTPError as refusal:
        return f"status {refusal.code}"
    except (OSError, ValueError) as trouble:
        return type(getattr(trouble, "reason", trouble)).__name__
