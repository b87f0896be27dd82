"""Find the request id of the Lambda invocation in a log."""

import re
from typing import Any

from loginformant_shipper.parsing.messages import ParsedMessage

_OF_LIBRARIES = (
    "AWSRequestId",  # log4j in AWS Lambda
    "awsRequestId",
    "aws_request_id",
    "function_request_id",  # Powertools
    "lambda_request_id",
    "faas.execution",  # Powertools for Java in the Elastic Common Schema (its LambdaEcsEncoder)
)
_OF_LAMBDA = "requestId"
"""Of Lambda's JSON log format ("Monitoring Lambda functions with tenant isolation", AWS Lambda Developer
Guide). It is read after the others, since other programs write such a field, too."""
_SET_OF_LIBRARIES = frozenset(_OF_LIBRARIES)
_FIELDS_WE_READ = frozenset({*_OF_LIBRARIES, _OF_LAMBDA, "record", "spans", "span"})

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
    if _FIELDS_WE_READ.isdisjoint(fields):
        return parsed.request_id
    if "record" in fields:
        match fields:
            case {"type": str(kind), "record": {"requestId": str(identifier)}} if kind.startswith(
                "platform."
            ):
                return identifier
    if parsed.request_id is not None:
        return parsed.request_id
    if not _SET_OF_LIBRARIES.isdisjoint(fields):
        for field in _OF_LIBRARIES:
            if (value := fields.get(field)) and isinstance(value, str):
                return value
    if (value := fields.get(_OF_LAMBDA)) and isinstance(value, str):
        return value
    return _of_spans(fields)


def _of_spans(fields: dict[str, Any]) -> str | None:
    """Return the request id in the spans around a log of Rust's `tracing`, the outermost first, or None.

    The runtime creates the span (aws/aws-lambda-rust-runtime, `lambda-runtime/src/layers/trace.rs`). In
    JSON, `spans` has all spans and `span` the innermost one; a program may turn off either of them.
    """
    spans = fields.get("spans")
    for span in (*(spans if isinstance(spans, list) else ()), fields.get("span")):
        match span:
            case {"requestId": str(identifier)} if identifier:
                return identifier
    return None
