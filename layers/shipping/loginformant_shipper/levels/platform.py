"""Rules on the lines that AWS services write themselves."""

import re
from typing import Any

from .vocabulary import Decision, Level

Fields = dict[str, Any]


def decide_by_platform_line(text: str) -> Decision | None:
    """The level of a line that Lambda or another AWS service wrote as text; None where it is none."""
    if report := _LAMBDA_EVENT.match(text):
        failed = _LAMBDA_FAILURE.search(text)
        return Decision(Level.WARNING if failed else Level.INFORMATION, "lambda-platform")
    if "Task timed out after " in text or "RequestId: " in text:
        if _LAMBDA_CRASH.search(text):
            return Decision(Level.ERROR, "lambda-crash")
    if execution := _API_GATEWAY.match(text):
        return Decision(Level.ERROR if execution[1] else Level.INFORMATION, "api-gateway")
    if _FLOW_LOG.match(text):
        return Decision(Level.INFORMATION, "vpc-flow-log")
    if _ORACLE.search(text):
        return Decision(Level.ERROR, "oracle-error")
    return None


_LAMBDA_EVENT = re.compile(
    r"(?:START|END|REPORT|RESTORE_REPORT|INIT_REPORT) RequestId: |(?:INIT_START|RESTORE_START) Runtime Version: "
    r"|(?:INIT_REPORT|RESTORE_REPORT) (?:Init|Restore) Duration: |(?:EXTENSION|TELEMETRY|LOGS)\tName: "
)
_LAMBDA_FAILURE = re.compile(r"\tStatus: (?!success)|\tState: \w*Error|\tError Type: ")
_LAMBDA_CRASH = re.compile(
    r"Task timed out after [\d.]{1,10} seconds"
    r"|RequestId: [\w-]{1,40} (?:Error: |Process exited before completing request)"
)
_API_GATEWAY = re.compile(
    r"\([0-9a-f-]{36}\) (?:(Execution failed|.{0,200}?(?:Method completed with status: 5\d\d))"
    r"|Starting execution|Verifying|Method |Endpoint |Sending request|Received response|API Key |HTTP Method"
    r"|Successfully|Usage Plan|Extended Request|Execution |Plan|Key)"
)
_FLOW_LOG = re.compile(r"\d \d{12} eni-[0-9a-f]{8,17} .{1,400}(?:OK|NODATA|SKIPDATA)\Z")
_ORACLE = re.compile(r"\b(?:ORA|TNS|RMAN)-\d{3,5}: ")


def decide_by_platform_record(fields: Fields) -> Decision | None:
    """The level of a record that an AWS service wrote as JSON; None where it is none."""
    kind = fields.get("type")
    if isinstance(kind, str):
        if kind.startswith("platform."):
            return _lambda_record(kind, fields.get("record"))
        if "execution_arn" in fields:
            failed = kind.endswith(("Failed", "TimedOut", "Aborted"))
            return Decision(Level.ERROR if failed else Level.INFORMATION, "step-functions")
    if "eventVersion" in fields and "eventSource" in fields:
        failed = bool(fields.get("errorCode") or fields.get("errorMessage"))
        return Decision(Level.WARNING if failed else Level.INFORMATION, "cloudtrail")
    if "webaclId" in fields:
        blocked = fields.get("action") in ("BLOCK", "CAPTCHA", "CHALLENGE")
        return Decision(Level.WARNING if blocked else Level.INFORMATION, "waf")
    if "query_name" in fields and "rcode" in fields:
        failed = fields["rcode"] in ("SERVFAIL", "REFUSED")
        return Decision(Level.WARNING if failed else Level.INFORMATION, "route53-resolver")
    if "_aws" in fields and isinstance(fields["_aws"], dict) and "CloudWatchMetrics" in fields["_aws"]:
        return Decision(Level.INFORMATION, "embedded-metrics")
    return None


# The table "System log level event mapping" of the AWS Lambda developer guide.
_DETAIL_RECORDS = frozenset(
    (
        "platform.initRuntimeDone",
        "platform.runtimeDone",
        "platform.restoreRuntimeDone",
        "platform.requestComplete",
    )
)


def _lambda_record(kind: str, record: object) -> Decision:
    details = record if isinstance(record, dict) else {}
    status = details.get("status", "success")
    level = Level.INFORMATION
    if status != "success" or kind == "platform.logsDropped" or details.get("errorType"):
        level = Level.WARNING
    elif kind in _DETAIL_RECORDS or (
        kind == "platform.initReport" and details.get("initializationType") == "on-demand"
    ):
        level = Level.DEBUG
    elif kind == "platform.fault":
        level = Level.ERROR
    return Decision(level, "lambda-platform")
