from typing import Any

import pytest
from loginformant_shipper.levels.platform import (
    decide_by_lambda_event,
    decide_by_log_group,
    decide_by_platform_line,
    decide_by_platform_record,
)

REQUEST = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (f"START RequestId: {REQUEST} Version: 7", "Information"),
        (f"END RequestId: {REQUEST}", "Information"),
        (f"REPORT RequestId: {REQUEST}\tDuration: 7.00 ms\tMax Memory Used: 77 MB", "Information"),
        (f"REPORT RequestId: {REQUEST}\tDuration: 7.00 ms\tStatus: success", "Information"),
        (f"REPORT RequestId: {REQUEST}\tDuration: 7.00 ms\tStatus: timeout", "Warning"),
        (f"REPORT RequestId: {REQUEST}\tStatus: error\tError Type: Runtime.OutOfMemory", "Warning"),
        ("INIT_START Runtime Version: python:3.13.v7\tRuntime Version ARN: arn:aws:lambda:x", "Information"),
        ("INIT_REPORT Init Duration: 9999.77 ms\tPhase: init\tStatus: timeout", "Warning"),
        ("RESTORE_REPORT Restore Duration: 77.7 ms", "Information"),
        ("EXTENSION\tName: orders\tState: Ready\tEvents: [INVOKE, SHUTDOWN]", "Information"),
        ("EXTENSION\tName: orders\tState: LaunchError\tEvents: []\tError Type: Unknown", "Warning"),
    ],
)
def test_events_of_lambda(text: str, level: str) -> None:
    assert decide_by_lambda_event(text) == (level, "lambda-platform")


@pytest.mark.parametrize(
    "text", ["START the day", "REPORT: 3 errors", "END", "EXTENSION of the deadline", ""]
)
def test_other_lines_are_no_events_of_lambda(text: str) -> None:
    assert decide_by_lambda_event(text) is None


@pytest.mark.parametrize(
    ("text", "level", "rule"),
    [
        (f"2026-03-01T10:20:30.123Z {REQUEST} Task timed out after 7.01 seconds", "Error", "lambda-crash"),
        (
            f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            "Error",
            "lambda-crash",
        ),
        (f"RequestId: {REQUEST} Process exited before completing request", "Error", "lambda-crash"),
        (f"({REQUEST}) Execution failed due to a timeout error", "Error", "api-gateway"),
        (f"({REQUEST}) Method completed with status: 503", "Error", "api-gateway"),
        (f"({REQUEST}) Method completed with status: 404", "Warning", "api-gateway"),
        (
            f"({REQUEST}) Endpoint response body before transformations: an error",
            "Information",
            "api-gateway",
        ),
        (
            "2 123456789012 eni-0a1b2c3d4e5f60718 10.0.0.7 10.0.0.8 443 77 6 7 77 1 2 ACCEPT OK",
            "Information",
            "vpc-flow-log",
        ),
        ("2 123456789012 eni-0a1b2c3d4e5f60718 - - - - - - - 1 2 - NODATA", "Information", "vpc-flow-log"),
        ("ORA-00060: Deadlock detected.", "Error", "oracle-error"),
        ("[Container] 2026/03/01 10:20:30.123 Phase complete: BUILD State: FAILED", "Error", "codebuild"),
        (
            "[Container] 2026/03/01 10:20:30.123 Phase complete: BUILD State: SUCCEEDED",
            "Information",
            "codebuild",
        ),
    ],
)
def test_lines_of_services(text: str, level: str, rule: str) -> None:
    assert decide_by_platform_line(text) == (level, rule)


@pytest.mark.parametrize(
    "text",
    [
        "Task took 7.01 seconds",
        f"RequestId: {REQUEST} done",
        f"({REQUEST}) lower case",
        "(see above) Execution failed",
        "2 of 7 OK",
        "ORA-60",
        "[Container] started",
        "",
    ],
)
def test_other_lines_are_of_no_service(text: str) -> None:
    assert decide_by_platform_line(text) is None


@pytest.mark.parametrize(
    ("kind", "record", "level"),
    [
        ("platform.initStart", {"initializationType": "on-demand"}, "Information"),
        ("platform.initRuntimeDone", {"status": "success"}, "Debug"),
        ("platform.initReport", {"initializationType": "on-demand", "status": "success"}, "Debug"),
        ("platform.initReport", {"initializationType": "snap-start", "status": "success"}, "Information"),
        ("platform.start", {"requestId": REQUEST}, "Information"),
        ("platform.runtimeDone", {"status": "success"}, "Debug"),
        ("platform.runtimeDone", {"status": "failure"}, "Warning"),
        ("platform.report", {"status": "success"}, "Information"),
        ("platform.report", {"status": "timeout"}, "Warning"),
        ("platform.logsDropped", {"reason": "too many"}, "Warning"),
        ("platform.extension", {"state": "Ready"}, "Information"),
        ("platform.unheardOf", "odd", "Information"),
    ],
)
def test_records_of_lambda(kind: str, record: object, level: str) -> None:
    assert decide_by_platform_record({"type": kind, "record": record}) == (level, "lambda-platform")


@pytest.mark.parametrize(
    ("fields", "level", "rule"),
    [
        ({"type": "TaskFailed", "execution_arn": "arn:x"}, "Error", "step-functions"),
        ({"type": "TaskStateEntered", "execution_arn": "arn:x"}, "Information", "step-functions"),
        ({"eventVersion": "1.08", "eventSource": "s3.amazonaws.com"}, "Information", "cloudtrail"),
        ({"eventVersion": "1.08", "eventSource": "x", "errorCode": "AccessDenied"}, "Warning", "cloudtrail"),
        ({"webaclId": "arn:x", "action": "ALLOW"}, "Information", "waf"),
        ({"webaclId": "arn:x", "action": "BLOCK"}, "Warning", "waf"),
        ({"query_name": "shop.example.", "rcode": "NOERROR"}, "Information", "route53-resolver"),
        ({"query_name": "shop.example.", "rcode": "SERVFAIL"}, "Warning", "route53-resolver"),
        ({"_aws": {"CloudWatchMetrics": []}, "error_count": 7}, "Information", "embedded-metrics"),
    ],
)
def test_records_of_services(fields: dict[str, Any], level: str, rule: str) -> None:
    assert decide_by_platform_record(fields) == (level, rule)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "platform"},
        {"type": "TaskFailed"},
        {"type": 7},
        {"eventSource": "shop"},
        {"action": "BLOCK"},
        {"rcode": "SERVFAIL"},
        {"_aws": {"CloudWatchMetrics": []}, "level": "ERROR"},
        {},
    ],
)
def test_other_records_are_of_no_service(fields: dict[str, Any]) -> None:
    assert decide_by_platform_record(fields) is None


def test_statements_say_nothing_about_how_bad_it_is() -> None:
    assert decide_by_log_group("/aws/rds/instance/orders/slowquery") == ("Information", "rds-statements")
    assert decide_by_log_group("/aws/rds/cluster/orders/audit") == ("Information", "rds-statements")


@pytest.mark.parametrize(
    "log_group", [None, "", "/aws/rds/cluster/orders/error", "/ecs/audit", "/aws/lambda/audit"]
)
def test_other_log_groups_decide_nothing(log_group: str | None) -> None:
    assert decide_by_log_group(log_group) is None
