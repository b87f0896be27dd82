"""Rules on the lines and records that AWS services write themselves."""

import re
from functools import lru_cache
from typing import Any

from loginformant_shipper.levels.vocabulary import Decision
from loginformant_shipper.names import Level

Fields = dict[str, Any]

# --- log groups that hold data ------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def decide_by_log_group(log_group: str | None) -> Decision | None:
    """Information for the audit, general and slow query logs of RDS; None for other log groups.

    They quote statements, whose words say nothing about how bad it is.
    """
    if log_group and _STATEMENTS.match(log_group):
        return Decision(Level.INFORMATION, "rds-statements")
    return None


_STATEMENTS = re.compile(r"/aws/rds/(?:cluster|instance)/[^/]{1,100}/(?:audit|general|slowquery)\Z")

# --- lines of Lambda --------------------------------------------------------------------------------------


def decide_by_lambda_event(text: str) -> Decision | None:
    """Lambda's own events as text: Warning where one says that something went wrong, else Information.

    A time-out and a crash have a line of their own, which is the Error.
    """
    if ":" not in text or not _LAMBDA_EVENT.match(text):
        return None
    return Decision(Level.WARNING if _LAMBDA_FAILURE.search(text) else Level.INFORMATION, "lambda-platform")


_LAMBDA_EVENT = re.compile(
    r"(?:START|END|REPORT|INIT_REPORT|RESTORE_REPORT) (?:RequestId|Init Duration|Restore Duration): "
    r"|(?:INIT_START|RESTORE_START) Runtime Version: |(?:EXTENSION|TELEMETRY|LOGS)\tName: "
)
_LAMBDA_FAILURE = re.compile(r"\tStatus: (?!success)|\tState: \w{0,40}Error|\tError Type: ")


# --- lines of others --------------------------------------------------------------------------------------


def decide_by_platform_line(text: str) -> Decision | None:
    """The level of a line that an AWS service wrote as text; None where it is none."""
    if _LAMBDA_CRASH.search(text):
        return Decision(Level.ERROR, "lambda-crash")
    if request := _API_GATEWAY.match(text):
        return Decision(_API_GATEWAY_LEVELS.get(request[1] or "", Level.INFORMATION), "api-gateway")
    if _FLOW_LOG.match(text):
        return Decision(Level.INFORMATION, "vpc-flow-log")
    if ("ORA-" in text or "TNS-" in text or "RMAN-" in text) and _ORACLE.search(text):
        return Decision(Level.ERROR, "oracle-error")
    if phase := _CODEBUILD.match(text):
        return Decision(Level.ERROR if phase[1] == "FAILED" else Level.INFORMATION, "codebuild")
    return None


_LAMBDA_CRASH = re.compile(
    r"Task timed out after [\d.]{1,10} seconds|RequestId: [\w-]{1,40} (?:Error: |Process exited before )"
)
_API_GATEWAY = re.compile(  # execution logs: (request id) text
    r"\([0-9a-f-]{36}\) (?:(Execution failed|Method completed with status: [45])|[A-Z])"
)
_API_GATEWAY_LEVELS = {
    "Execution failed": Level.ERROR,
    "Method completed with status: 5": Level.ERROR,
    "Method completed with status: 4": Level.WARNING,
}
_FLOW_LOG = re.compile(r"\d \d{12} eni-[0-9a-f]{8,17} [^\n]{1,400}(?:OK|NODATA|SKIPDATA)\Z")
_ORACLE = re.compile(r"\b(?:ORA|TNS|RMAN)-\d{3,5}: ")
_CODEBUILD = re.compile(r"\[Container\] \d{4}/\d\d/\d\d \S{1,20} Phase complete: \w{1,30} State: (\w{1,20})")


# --- records in JSON --------------------------------------------------------------------------------------


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
        stopped = fields.get("action") in _WAF_STOPS
        return Decision(Level.WARNING if stopped else Level.INFORMATION, "waf")
    if "query_name" in fields and "rcode" in fields:
        failed = fields["rcode"] in ("SERVFAIL", "REFUSED")
        return Decision(Level.WARNING if failed else Level.INFORMATION, "route53-resolver")
    if (
        isinstance(metadata := fields.get("_aws"), dict)
        and "CloudWatchMetrics" in metadata
        and "level" not in fields
    ):
        return Decision(Level.INFORMATION, "embedded-metrics")
    return None


_WAF_STOPS = ("BLOCK", "CAPTCHA", "CHALLENGE")
_DEBUG_RECORDS = frozenset(
    (
        "platform.initRuntimeDone",
        "platform.runtimeDone",
        "platform.restoreRuntimeDone",
        "platform.requestComplete",
    )
)


def _lambda_record(kind: str, record: object) -> Decision:
    """As the AWS Lambda developer guide maps its events to levels ("System log level event mapping")."""
    details = record if isinstance(record, dict) else {}
    on_demand = details.get("initializationType") == "on-demand"
    failed = details.get("status", "success") != "success" or bool(details.get("errorType"))
    if failed or kind == "platform.logsDropped":
        level = Level.WARNING
    elif kind in _DEBUG_RECORDS or (kind == "platform.initReport" and on_demand):
        level = Level.DEBUG
    else:
        level = Level.INFORMATION
    return Decision(level, "lambda-platform")
