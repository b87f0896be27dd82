"""Read requests of CloudFormation to custom resources, and respond to them.

See "Custom resource request and response reference", AWS CloudFormation User Guide.
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
"""The maximum length of a reason. A response has at most 4096 bytes."""


class RequestType(StrEnum):
    """The types of requests."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class NotAnswered(Exception):
    """The response could not be sent. CloudFormation waits for it for up to an hour."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of CloudFormation to a custom resource."""

    type: RequestType
    resource_type: str
    physical_id: str
    """The physical id. It must not change, or CloudFormation would request the deletion of the previous
    one."""
    event: Mapping[str, Any] = field(repr=False)
    """The original event. Its ResponseURL is a secret: whoever has it can send a response."""


def read_request(event: Mapping[str, Any]) -> Request | None:
    """Return the request in an event of Lambda, or None if it is not one."""
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
    """Return whether a deletion follows a creation that made nothing, according to the physical id."""
    return request.physical_id.endswith(_NOTHING)


def answer(
    request: Request,
    failure: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
    *,
    made: bool = True,
) -> None:
    """Send CloudFormation the response that a request succeeded or failed.

    Args:
        request: The request.
        failure: Why it failed, in one line. None: it succeeded.
        sleep: Waits between attempts.
        made: Whether a failed creation made anything. If not, the deletion that CloudFormation requests next
            has nothing to do.

    Raises:
        NotAnswered: All four attempts, which take at most `WORST_ANSWER_SECONDS`, failed.
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
    raise NotAnswered(
        f"the response to the {request.type} request of CloudFormation could not be sent: {trouble}"
    )


def _put(url: str, body: bytes) -> str:
    """Send a PUT request, and return the error without the URL, or an empty text."""
    # The standard library, which supports HTTPS_PROXY and NO_PROXY itself. Imported here because it is slow.
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
