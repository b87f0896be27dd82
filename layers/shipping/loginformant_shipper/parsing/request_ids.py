"""Find the request id of the Lambda invocation in a log."""

import re

from loginformant_shipper.parsing.messages import ParsedMessage

_FIELDS = (
    "AWSRequestId",  # log4j in AWS Lambda
    "awsRequestId",
    "aws_request_id",
    "function_request_id",  # Powertools
    "lambda_request_id",
)
_FIELDS_AND_RECORD = frozenset({*_FIELDS, "record"})

_PLATFORM_LINES = (
    "REPORT RequestId: ",
    "START RequestId: ",
    "END RequestId: ",
    "RequestId: ",
)
_PLATFORM_LINE = re.compile(r"(?:[A-Z]{3,6} )?RequestId: ([0-9a-fA-F-]{36})")


def request_id(parsed: ParsedMessage) -> str | None:
    """Return the request id in a record or line of the platform, a runtime prefix or a logger's field."""
    fields = parsed.fields
    if fields is None:
        if parsed.request_id is not None:
            return parsed.request_id
        found = _PLATFORM_LINE.match(parsed.text) if parsed.text.startswith(_PLATFORM_LINES) else None
        return found[1] if found else None
    has_fields = not _FIELDS_AND_RECORD.isdisjoint(fields)
    if has_fields:
        match fields:
            case {"type": str(kind), "record": {"requestId": str(identifier)}} if kind.startswith(
                "platform."
            ):
                return identifier
    if parsed.request_id is not None:
        return parsed.request_id
    if has_fields:
        named = (fields.get(field) for field in _FIELDS)
        return next((value for value in named if isinstance(value, str) and value), None)
    return None
