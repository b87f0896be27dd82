"""Rules for lines and records that AWS services write themselves."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import encoded

Fields = dict[str, Any]

# --- log groups that hold data ---


@lru_cache(maxsize=1024)
def decide_by_log_group(log_group: str | None) -> Decision | None:
    """Return Information for log groups of RDS, Redshift and Neptune with queries, or None.

    Queries contain words that do not indicate a level.
    """
    if log_group and _STATEMENTS.match(log_group):
        return decided(Level.INFORMATION, "rds-statements")
    return None


_STATEMENTS = re.compile(
    r"/aws/(?:rds/(?:cluster|instance)/[^/]{1,100}/(?:audit|general|slowquery)"
    r"|redshift/(?:cluster/)?[^/]{1,100}/useractivitylog|neptune/[^/]{1,100}/(?:audit|slowquery))\Z"
)
"""The log groups of Redshift: `/aws/redshift/cluster/<cluster>/<log type>` and, serverless,
`/aws/redshift/<namespace>/<log type>` (Amazon Redshift management guide, "Database audit logging" and "Audit
logging for Amazon Redshift Serverless")."""

# --- lines of Lambda ---


WORDS_OF_LAMBDA_EVENTS = encoded(("requestid", "duration", "runtime", "name"))
"""Words in lower case. Each text event of Lambda contains one of them."""


def decide_by_lambda_event(text: str) -> Decision | None:
    """Return Warning for a text event of Lambda that reports a problem, Information for others, or None.

    Timeouts and crashes have separate lines, which are Errors.
    """
    if not _LAMBDA_EVENT.match(text):
        return None
    return decided(Level.WARNING if _LAMBDA_FAILURE.search(text) else Level.INFORMATION, "lambda-platform")


def decide_by_lambda_line(text: str) -> Decision | None:
    """Return the level of a text event as Lambda writes it, without colours; None for other texts.

    It is that of `decide_by_lambda_event`. No earlier rule can find a level in such a text.
    """
    if len(text) > _MAX_LAMBDA_LINE or "\x1b" in text or "\\" in text or "#" in text:
        return None
    return decide_by_lambda_event(text)


def decide_by_lambda_warning(text: str) -> Decision | None:
    """Return the level of a line that begins with L, as Lambda writes it; None for other texts.

    Lambda writes `LAMBDA_WARNING: Unhandled exception. …` in addition to the exception.
    """
    if text.startswith("LAMBDA_WARNING: "):
        return decided(Level.WARNING, "lambda-platform")
    return decide_by_lambda_line(text)


_MAX_LAMBDA_LINE = 4096
_LAMBDA_EVENT = re.compile(
    r"(?:START|END|REPORT|INIT_REPORT|RESTORE_REPORT) (?:RequestId|Init Duration|Restore Duration): "
    r"|(?:INIT_START|RESTORE_START) Runtime Version: |(?:EXTENSION|TELEMETRY|LOGS)\tName: "
)
_LAMBDA_FAILURE = re.compile(r"\tStatus: (?!success)|\tState: \w{0,40}Error|\tError Type: ")


# --- lines of others ---


def decide_by_flow_log(text: str) -> Decision | None:
    """Return the level of a line of a VPC flow log in the default format, or None for other lines."""
    if text.startswith(" ", 1) and " eni-" in text[:20] and _DEFAULT_FLOW_LOG.match(text):
        return decided(Level.INFORMATION, "vpc-flow-log")
    return None


def decide_by_execution_line(text: str) -> Decision | None:
    """Return the level of an execution log of API Gateway whose words are the service's own; None for others.

    It is that of `decide_by_platform_line`. No earlier rule can find a level in such a line.
    """
    return _api_gateway(text) if _API_GATEWAY_LINE.match(text) else None


WORDS_OF_PLATFORM_LINES = encoded(
    {"timed", "exited", "error"}  # Lambda
    | {"graphql", "begin", "end", "headers", "consumed"}  # AppSync
    | {"servfail", "refused"}  # Route 53
    | {"eni", "ora", "tns", "rman", "container", "benchmark", "failure"}
)
"""Words in lower case. Each line contains one of them, except those of API Gateway."""


def may_be_platform_line(text: str, words: AbstractSet[bytes]) -> bool:
    """Return whether a text may be a line of an AWS service, to exclude most texts quickly.

    Args:
        text: A text.
        words: The words of the text; words that are not in `WORDS_OF_PLATFORM_LINES` may be missing.
    """
    return text.startswith("(") or not WORDS_OF_PLATFORM_LINES.isdisjoint(words)


def decide_by_platform_line(text: str) -> Decision | None:
    """Return the level of a text line of an AWS service, or None if it is not one."""
    if ("Task timed out" in text or "RequestId: " in text) and _LAMBDA_CRASH.search(text):
        return decided(Level.ERROR, "lambda-crash")
    if text[:1] == "(" and _API_GATEWAY.match(text):
        return _api_gateway(text)
    if text[8:9] == "-" and _APPSYNC.match(text):
        return decided(Level.INFORMATION, "appsync")
    if " eni-" in text and _FLOW_LOG.match(text):
        return decided(Level.INFORMATION, "vpc-flow-log")
    if ("ORA-" in text or "TNS-" in text or "RMAN-" in text) and _ORACLE.search(text):
        return decided(Level.ERROR, "oracle-error")
    if text.startswith("[Container]") and (phase := _CODEBUILD.match(text)):
        level = Level.ERROR if phase["code"] else _CODEBUILD_LEVELS.get(phase[1] or "", Level.INFORMATION)
        return decided(level, "codebuild")
    if text.startswith("BENCHMARK : "):  # the level of a Glue crawler for its steps
        return decided(Level.INFORMATION, "glue-crawler")
    if text.startswith("1.0 ") and _ROUTE53.match(text):
        return decided(Level.WARNING, "route53-query")
    if " AUTH_FAILURE " in text and _TRANSFER.match(text):
        return decided(Level.WARNING, "transfer")
    return None


_LAMBDA_CRASH = re.compile(
    r"Task timed out after [\d.]{1,10} seconds|RequestId: [\w-]{1,40} (?:Error: |Process exited before )"
)
_API_GATEWAY = re.compile(r"\([0-9a-f-]{36}\) [A-Z]")
"""Execution logs: (request id) text."""
_API_GATEWAY_LINE = re.compile(
    r"\([0-9a-f-]{36}\) (?:Extended Request Id: [A-Za-z0-9]{1,40}=?"
    r"|Verifying Usage Plan for request: [0-9a-f-]{36}\. API Key: {1,2}API Stage: [a-z0-9]{1,20}/\w{1,128}"
    r"|API Key  authorized because method '[A-Z]{3,7} /[\w/{}+-]{0,200}' does not require API Key\. "
    r"Request will not contribute to throttle or quota limits"
    r"|Starting execution for request: [0-9a-f-]{36}"
    r"|Sending request to https://[\w.:/-]{1,300}"
    r"|Received response\. Status: \d{3}, Integration latency: \d{1,6} ms"
    r"|Successfully completed execution"
    r"|Method completed with status: \d{3})\Z",
    re.ASCII,
)
"""The lines that API Gateway writes for each request, without the headers and bodies that it quotes."""
_API_GATEWAY_STATUS = re.compile(
    r"(?:Method completed with status: |Gateway response type: \w{1,40} with status code: )([45])"
)
_API_GATEWAY_TEXTS = (
    ("Execution failed", Level.ERROR),
    ("Lambda execution failed", Level.ERROR),
    ("Unauthorized request", Level.WARNING),
    ("Key throttle limit exceeded", Level.WARNING),
    ("Usage Plan check failed", Level.WARNING),
)
"""The beginnings of lines (https://repost.aws/knowledge-center/api-gateway-logs) with their levels."""


def _api_gateway(text: str) -> Decision:
    start = len("() ") + 36
    if status := _API_GATEWAY_STATUS.match(text, start):
        return decided(Level.ERROR if status[1] == "5" else Level.WARNING, "api-gateway")
    for beginning, level in _API_GATEWAY_TEXTS:
        if text.startswith(beginning, start):
            return decided(level, "api-gateway")
    return decided(Level.INFORMATION, "api-gateway")


_APPSYNC = re.compile(
    r"[0-9a-f-]{36} (?:GraphQL Query: |Begin |End |Request Headers: |Response Headers: |Tokens Consumed: )"
)
"""Lines that quote a query, whose words are no sign of a level (AWS AppSync developer guide,
"Monitoring")."""
_TRANSFER = re.compile(r"\S{1,200} ERRORS AUTH_FAILURE ")
_ROUTE53 = re.compile(r"1\.0 \S{20,24} \S{1,40} \S{1,255} \w{1,10} (?:SERVFAIL|REFUSED) (?:UDP|TCP) ")
"""A DNS query that was not answered (Amazon Route 53 developer guide, "Public DNS query logging")."""
_FLOW_LOG = re.compile(r"\d \d{12} eni-[0-9a-f]{8,17} [^\n]{1,400}(?:OK|NODATA|SKIPDATA)\Z")
_DEFAULT_FLOW_LOG = re.compile(  # its fields: Amazon VPC user guide, "Flow log records"
    r"\d \d{12} eni-[0-9a-f]{8,17}(?: (?:\d{1,3}(?:\.\d{1,3}){3}|-)){2}(?: (?:\d{1,19}|-)){7}"
    r" (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)\Z"
)
"""No field of this format can be a level, so the beginning of a line is sufficient."""
_ORACLE = re.compile(r"\b(?:ORA|TNS|RMAN)-\d{3,5}: ")
_CODEBUILD = re.compile(
    r"\[Container\] \d{4}/\d\d/\d\d \S{1,20} Phase (?:complete: \w{1,30} (?:State|Success): (\w{1,20})"
    r"|context status code: (?P<code>\S*))"
    r"|\[Container\] \d{4}/\d\d/\d\d \S{1,20} Running command "
)
_CODEBUILD_LEVELS = {
    **dict.fromkeys(("FAILED", "FAULT", "TIMED_OUT"), Level.ERROR),
    "STOPPED": Level.WARNING,
    "false": Level.ERROR,
}
"""The values of phaseStatus (AWS CodeBuild API reference, BuildPhase), and of `Success:` before 2018."""


# --- records in JSON ---

_NAMES_WITHOUT_TYPE = frozenset(
    (
        *("eventVersion", "webaclId", "query_name", "_aws", "audit_category", "fieldInError"),
        *("activity-type", "Outcome", "firewall_name", "detail-type", "schemaVersion", "atype"),
        "ike_phase1_state",
    )
)
NAMES_IN_RECORDS = _NAMES_WITHOUT_TYPE | {"type"}
"""Every such record has one of these fields. Most structured logs have none, and are ruled out."""


def decide_by_platform_record(fields: Fields, names: AbstractSet[str] = NAMES_IN_RECORDS) -> Decision | None:
    """Return the level of a JSON record of an AWS service, or None if it is not one.

    Args:
        fields: The JSON object.
        names: Its names; those that are not in `NAMES_IN_RECORDS` may be missing.
    """
    kind = fields.get("type")
    if isinstance(kind, str):
        if kind.startswith("platform."):
            return _lambda_record(kind, fields.get("record"))
        if "execution_arn" in fields:
            failed = kind.endswith(("Failed", "TimedOut", "Aborted"))
            return decided(Level.ERROR if failed else Level.INFORMATION, "step-functions")
        if kind in _WORKFLOW_FAILURES and "details" in fields:
            return decided(Level.ERROR, "transfer")
    return None if _NAMES_WITHOUT_TYPE.isdisjoint(names) else _without_type(fields)


def _without_type(fields: Fields) -> Decision | None:
    """Return the level of a record that other fields than its type identify, or None."""
    if "eventVersion" in fields and "eventSource" in fields:
        failed = bool(fields.get("errorCode") or fields.get("errorMessage"))
        return decided(Level.WARNING if failed else Level.INFORMATION, "cloudtrail")
    if "webaclId" in fields:
        stopped = fields.get("action") in _WAF_STOPS
        return decided(Level.WARNING if stopped else Level.INFORMATION, "waf")
    if "query_name" in fields and "rcode" in fields:
        failed = fields["rcode"] in ("SERVFAIL", "REFUSED")
        return decided(Level.WARNING if failed else Level.INFORMATION, "route53-resolver")
    if (
        isinstance(metadata := fields.get("_aws"), dict)
        and "CloudWatchMetrics" in metadata
        and "level" not in fields
    ):
        return decided(Level.INFORMATION, "embedded-metrics")
    if "ike_phase1_state" in fields:
        details = fields.get("details")
        failed = "down" in (fields["ike_phase1_state"], fields.get("ike_phase2_state")) or (
            isinstance(details, str) and _VPN_FAILURE.search(details) is not None
        )
        return decided(Level.WARNING if failed else Level.INFORMATION, "vpn")
    return _by_outcome(fields)


_VPN_FAILURE = re.compile(
    r"(?i:not responsive|unsuccessful|no proposal|error message|timed out|mismatch|\bfail(?:ed|ure))"
)
"""What the details of a Site-to-Site VPN say of a tunnel that cannot be established (AWS Site-to-Site VPN
user guide, "Contents of Site-to-Site VPN logs")."""


def _by_outcome(fields: Fields) -> Decision | None:
    """Return the level of a record with a field for its outcome, or None."""
    if category := fields.get("audit_category"):
        return decided(_AUDIT_LEVELS.get(str(category), Level.INFORMATION), "opensearch-audit")
    if "atype" in fields and "param" in fields:  # DocumentDB, MongoDB
        parameters = fields.get("param")
        failed = fields.get("result") or (isinstance(parameters, dict) and parameters.get("error"))
        return decided(Level.WARNING if failed else Level.INFORMATION, "documentdb-audit")
    if "logType" in fields and fields.get("fieldInError") is True:
        return decided(Level.ERROR, "appsync")
    if fields.get("activity-type") in _TRANSFER_FAILURES:
        return decided(Level.WARNING, "transfer")
    if "ScriptName" in fields and fields.get("Outcome", "ok") not in ("ok", "canceled"):
        return decided(Level.ERROR, "cloudflare-worker")
    if "firewall_name" in fields and isinstance(event := fields.get("event"), dict):
        alert = event.get("alert")
        blocked = isinstance(alert, dict) and alert.get("action") == "blocked"
        return decided(Level.WARNING if blocked else Level.INFORMATION, "network-firewall")
    if "detail-type" in fields and isinstance(detail := fields.get("detail"), dict):
        if level := _level_of_event(str(fields["detail-type"]), detail):
            return decided(level, "eventbridge")
        if fields.get("source") in _FINDERS and (level := _level_of_findings(detail)):
            return decided(level, "finding")
    if "schemaVersion" in fields and isinstance(service := fields.get("service"), dict):
        level = _level_of_finding(fields) if service.get("serviceName") == "guardduty" else None
        return decided(level, "finding") if level else None
    return None


_AUDIT_LEVELS = {
    **dict.fromkeys(("FAILED_LOGIN", "MISSING_PRIVILEGES", "BAD_HEADERS"), Level.WARNING),
    **dict.fromkeys(("SSL_EXCEPTION", "OPENDISTRO_SECURITY_INDEX_ATTEMPT"), Level.ERROR),
}
"""The categories of OpenSearch's audit logs; the others are what was allowed (OpenSearch, "Audit logs")."""
_WORKFLOW_FAILURES = ("StepErrored", "ExecutionErrored", "ExecutionThrottled")
"""Types of events of AWS Transfer Family (user guide, "Troubleshoot managed workflows")."""
_TRANSFER_FAILURES = ("AUTH_FAILURE", "TLS_RESUME_FAILURE")
"""Two activity types of AWS Transfer Family (user guide, "Example CloudWatch log entries"); another is
ERROR."""


def _level_of_event(kind: str, detail: Fields) -> Level | None:
    """Return the level of an event of EventBridge that reports a failure, or None for other events."""
    if kind.endswith("Unsuccessful"):  # EC2 Auto Scaling: EC2 Instance Launch Unsuccessful
        return Level.ERROR
    outcomes = {_outcome(detail[name]) for name in _EVENT_OUTCOMES.intersection(detail)}
    if outcomes & _EVENT_FAILURES or any(outcome.endswith("_FAILED") for outcome in outcomes):
        return Level.ERROR
    if outcomes & _EVENT_WARNINGS or any("ROLLBACK" in outcome for outcome in outcomes):
        return Level.WARNING
    return None


def _outcome(value: object) -> str:
    """Return an outcome in capitals. It may also be in an object or a list."""
    if isinstance(value, dict):
        value = value.get("status", value.get("value"))
    elif isinstance(value, list) and "failure" in value:
        value = "failure"
    return value.upper() if isinstance(value, str) else ""


_EVENT_OUTCOMES = frozenset(
    {"state", "status", "build-status", "currentStatus", "status-code", "State", "Status", "StatusCode"}
    | {"status-details", "category", "eventType", "eventTypeCategory", "EventCategories"}
)
"""Fields with an outcome: states, `status-details` of CloudFormation, `eventType` of Amazon ECS and AWS DMS,
`category` of AWS DMS, `EventCategories` of Amazon RDS, `eventTypeCategory` of AWS Health."""
_EVENT_FAILURES = frozenset(("FAILED", "TIMED_OUT", "TIMEOUT", "ABORTED", "FAULT", "ERROR", "FAILURE"))
"""Failures in events of Step Functions, Glue, Batch, CodeBuild, CodePipeline, CodeDeploy, Systems Manager,
ECS and RDS."""
_EVENT_WARNINGS = frozenset(("WARN", "ALARM", "ISSUE"))
"""Warnings of Amazon ECS, CloudWatch alarms and AWS Health."""


_FINDERS = ("aws.guardduty", "aws.securityhub", "aws.inspector2", "aws.macie")


def _level_of_findings(holder: Fields) -> Level | None:
    """Return the worst level of the findings of GuardDuty, Security Hub, Inspector or Macie in an object."""
    inner = holder.get("findings")
    findings = inner[:_MAX_FINDINGS] if isinstance(inner, list) else [holder]
    levels = [
        level for finding in findings if isinstance(finding, dict) and (level := _level_of_finding(finding))
    ]
    return max(levels, key=_ORDER.index, default=None)


def _level_of_finding(finding: Fields) -> Level | None:
    severity = finding.get("severity", finding.get("Severity"))
    if isinstance(severity, dict):
        severity = severity.get("Label", severity.get("description"))
    if isinstance(severity, str):
        return _FINDING_WORDS.get(severity.upper())
    if isinstance(severity, bool) or not isinstance(severity, int | float):
        return None
    return next((level for lowest, level in _FINDING_SCORES if severity >= lowest), None)


_MAX_FINDINGS = 100
_ORDER = tuple(Level)
_FINDING_WORDS = {
    **dict.fromkeys(("INFORMATIONAL", "LOW"), Level.INFORMATION),
    "MEDIUM": Level.WARNING,
    "HIGH": Level.ERROR,
    "CRITICAL": Level.FATAL,
}
_FINDING_SCORES = ((9, Level.FATAL), (7, Level.ERROR), (4, Level.WARNING), (0, Level.INFORMATION))
"""GuardDuty's values: low from 1, medium from 4, high from 7, critical from 9 (Amazon GuardDuty user guide,
"Severity levels for GuardDuty findings"). The words are those of the Security Hub API reference, Severity."""

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
    """Return the level as the AWS Lambda developer guide maps it ("System log level event mapping")."""
    details = record if isinstance(record, dict) else {}
    on_demand = details.get("initializationType") == "on-demand"
    failed = details.get("status", "success") != "success" or bool(details.get("errorType"))
    if kind == "platform.fault":  # an error of the runtime or the environment ("Lambda Logs API")
        level = Level.ERROR
    elif failed or kind == "platform.logsDropped":
        level = Level.WARNING
    elif kind in _DEBUG_RECORDS or (kind == "platform.initReport" and on_demand):
        level = Level.DEBUG
    else:
        level = Level.INFORMATION
    return decided(level, "lambda-platform")
