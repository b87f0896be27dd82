from typing import Any

import pytest
from loginformant_shipper.levels import infer_level
from loginformant_shipper.levels.platform import (
    decide_by_execution_line,
    decide_by_lambda_event,
    decide_by_lambda_warning,
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
def test_lines_of_the_lambda_platform_have_a_level(text: str, level: str) -> None:
    assert decide_by_lambda_event(text) == (level, "lambda-platform")


def test_a_warning_of_lambda_about_an_exception_is_a_warning() -> None:
    text = "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code."
    assert decide_by_lambda_warning(text) == ("Warning", "lambda-platform")
    assert infer_level(text) == "Warning"
    assert decide_by_lambda_warning("LOGS\tName: orders\tState: Subscribed\tTypes: [Function]") == (
        "Information",
        "lambda-platform",
    )
    assert decide_by_lambda_warning("LAMBDA WARNING: none") is None


@pytest.mark.parametrize(
    "text", ["START the day", "REPORT: 3 errors", "END", "EXTENSION of the deadline", ""]
)
def test_other_lines_are_not_taken_for_lines_of_lambda(text: str) -> None:
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
def test_lines_of_aws_services_have_a_level(text: str, level: str, rule: str) -> None:
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
        "1.0 2026-03-01T10:20:30.123Z Z77 error.example A NOERROR UDP FRA6 10.0.0.7 -",
        "[Container] started",
        "",
    ],
)
def test_other_lines_are_not_taken_for_lines_of_a_service(text: str) -> None:
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
        ("platform.fault", "RequestId: 7 Process exited before completing request", "Error"),
        ("platform.extension", {"state": "Ready"}, "Information"),
        ("platform.unheardOf", "odd", "Information"),
    ],
)
def test_records_of_the_lambda_platform_have_a_level(kind: str, record: object, level: str) -> None:
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
def test_records_of_aws_services_have_a_level(fields: dict[str, Any], level: str, rule: str) -> None:
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
def test_other_records_are_not_taken_for_records_of_a_service(fields: dict[str, Any]) -> None:
    assert decide_by_platform_record(fields) is None


def test_words_in_database_statements_give_no_level() -> None:
    assert decide_by_log_group("/aws/rds/instance/orders/slowquery") == ("Information", "rds-statements")
    assert decide_by_log_group("/aws/rds/cluster/orders/audit") == ("Information", "rds-statements")
    redshift = "/aws/redshift/cluster/orders/useractivitylog"
    assert decide_by_log_group(redshift) == ("Information", "rds-statements")
    serverless = "/aws/redshift/default/useractivitylog"
    assert decide_by_log_group(serverless) == ("Information", "rds-statements")
    assert decide_by_log_group("/aws/neptune/orders/audit") == ("Information", "rds-statements")


@pytest.mark.parametrize(
    "log_group",
    [
        None,
        "",
        "/aws/rds/cluster/orders/error",
        "/ecs/audit",
        "/aws/lambda/audit",
        "/aws/redshift/default/userlog",
    ],
)
def test_other_log_groups_decide_nothing(log_group: str | None) -> None:
    assert decide_by_log_group(log_group) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Lambda execution failed with status 200 due to customer function error: gone", "Error"),
        ("Execution failed due to configuration error: Malformed Lambda proxy response", "Error"),
        ("Gateway response type: DEFAULT_5XX with status code: 504", "Error"),
        ("Gateway response type: UNAUTHORIZED with status code: 401", "Warning"),
        ("Unauthorized request: fd443056-60d0-425f-874e-e93e5d61351e", "Warning"),
        ("Key throttle limit exceeded", "Warning"),
        ('Endpoint response body before transformations: {"error":"x"}', "Information"),
    ],
)
def test_lines_of_api_gateway_have_a_level(text: str, level: str) -> None:
    line = f"(3323ffe5-6ddf-45c8-896a-b45ec2284cc0) {text}"
    assert decide_by_platform_line(line) == (level, "api-gateway")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Extended Request Id: TxYzKE9mjoEEFiA=", "Information"),
        (f"Verifying Usage Plan for request: {REQUEST}. API Key:  API Stage: a1b2c3d4e5/prod", "Information"),
        (f"Starting execution for request: {REQUEST}", "Information"),
        (
            "Sending request to https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/orders",
            "Information",
        ),
        ("Received response. Status: 500, Integration latency: 886 ms", "Information"),
        ("Successfully completed execution", "Information"),
        ("Method completed with status: 200", "Information"),
        ("Method completed with status: 404", "Warning"),
        ("Method completed with status: 502", "Error"),
    ],
)
def test_lines_of_api_gateway_without_a_quotation_are_decided_at_once(text: str, level: str) -> None:
    assert decide_by_execution_line(f"({REQUEST}) {text}") == (level, "api-gateway")


@pytest.mark.parametrize(
    "text",
    [
        'Endpoint response body before transformations: {"level":"error"}',
        "Sending request to https://example.com/?level=error",
        "Method completed with status: 502 [WARN]",
        "Extended Request Id: a\nERROR",
    ],
)
def test_lines_of_api_gateway_with_a_quotation_are_left_to_other_rules(text: str) -> None:
    assert decide_by_execution_line(f"({REQUEST}) {text}") is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Phase complete: BUILD State: TIMED_OUT", "Error"),
        ("Phase complete: BUILD State: FAULT", "Error"),
        ("Phase complete: BUILD State: STOPPED", "Warning"),
        ("Phase complete: BUILD State: SUCCEEDED", "Information"),
        ("Phase complete: BUILD Success: false", "Error"),
        ("Phase complete: BUILD Success: true", "Information"),
        ("Phase context status code: COMMAND_EXECUTION_ERROR Message: npm test", "Error"),
        ("Phase context status code:  Message: ", "Information"),
        ("Running command npm run lint:errors", "Information"),
    ],
)
def test_phases_of_codebuild_have_a_level(text: str, level: str) -> None:
    assert decide_by_platform_line(f"[Container] 2026/03/01 10:20:30.123456 {text}") == (level, "codebuild")


def test_words_in_a_query_give_no_level() -> None:
    line = "7a1f2c3d-0b1c-4d2e-8f3a-9b8c7d6e5f40 GraphQL Query: mutation M { place { errors { message } } }"
    assert decide_by_platform_line(line) == ("Information", "appsync")


def test_the_steps_of_a_glue_crawler_are_information() -> None:
    line = "BENCHMARK : Running Start Crawl for Crawler error"
    assert decide_by_platform_line(line) == ("Information", "glue-crawler")


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED"])
def test_a_dns_query_that_failed_is_a_warning(code: str) -> None:
    line = f"1.0 2026-03-01T10:20:30.123Z Z77 shop.example A {code} UDP FRA6 10.0.0.7 -"
    assert decide_by_platform_line(line) == ("Warning", "route53-query")


def test_a_failed_transfer_login_written_as_text_has_a_level() -> None:
    line = "john.6d9e4eb81e9a3a39 ERRORS AUTH_FAILURE Method=password User=john"
    assert decide_by_platform_line(line) == ("Warning", "transfer")


def finding(service: str, detail: dict[str, object]) -> dict[str, object]:
    """Return an EventBridge event with findings of a security service."""
    return {"detail-type": "Finding", "source": f"aws.{service}", "detail": detail}


@pytest.mark.parametrize(
    ("fields", "level", "rule"),
    [
        ({"activity-type": "AUTH_FAILURE", "method": "publickey"}, "Warning", "transfer"),
        ({"audit_category": "FAILED_LOGIN"}, "Warning", "opensearch-audit"),
        ({"audit_category": "SSL_EXCEPTION"}, "Error", "opensearch-audit"),
        ({"audit_category": "AUTHENTICATED"}, "Information", "opensearch-audit"),
        ({"logType": "Tracing", "fieldInError": True}, "Error", "appsync"),
        ({"ScriptName": "shop", "Outcome": "exceededCpu"}, "Error", "cloudflare-worker"),
        ({"firewall_name": "f", "event": {"alert": {"action": "blocked"}}}, "Warning", "network-firewall"),
        ({"firewall_name": "f", "event": {"event_type": "netflow"}}, "Information", "network-firewall"),
        ({"detail-type": "Glue Job State Change", "detail": {"state": "FAILED"}}, "Error", "eventbridge"),
        ({"detail-type": "CodeBuild", "detail": {"build-status": "FAILED"}}, "Error", "eventbridge"),
        ({"detail-type": "ECS Service Action", "detail": {"eventType": "ERROR"}}, "Error", "eventbridge"),
        ({"detail-type": "ECS Service Action", "detail": {"eventType": "WARN"}}, "Warning", "eventbridge"),
        ({"detail-type": "CodeDeploy", "detail": {"state": "FAILURE"}}, "Error", "eventbridge"),
        ({"detail-type": "SSM", "detail": {"Status": "Failed"}}, "Error", "eventbridge"),
        ({"detail-type": "EC2 Instance Launch Unsuccessful", "detail": {}}, "Error", "eventbridge"),
        (
            {"detail-type": "Stack", "detail": {"status-details": {"status": "CREATE_FAILED"}}},
            "Error",
            "eventbridge",
        ),
        (
            {"detail-type": "Stack", "detail": {"status-details": {"status": "UPDATE_ROLLBACK_COMPLETE"}}},
            "Warning",
            "eventbridge",
        ),
        ({"detail-type": "RDS", "detail": {"EventCategories": ["failure"]}}, "Error", "eventbridge"),
        ({"detail-type": "DMS", "detail": {"eventType": "REPLICATION_TASK_FAILED"}}, "Error", "eventbridge"),
        ({"detail-type": "Alarm", "detail": {"state": {"value": "ALARM"}}}, "Warning", "eventbridge"),
        ({"detail-type": "Health", "detail": {"eventTypeCategory": "issue"}}, "Warning", "eventbridge"),
        ({"type": "StepErrored", "details": {"errorType": "NOT_FOUND"}}, "Error", "transfer"),
        (
            {"schemaVersion": "2.0", "service": {"serviceName": "guardduty"}, "severity": 8},
            "Error",
            "finding",
        ),
        (finding("guardduty", {"severity": 2}), "Information", "finding"),
        ({"atype": "createIndex", "param": {"ns": "shop.errors"}}, "Information", "documentdb-audit"),
        ({"atype": "authenticate", "param": {"error": 0}}, "Information", "documentdb-audit"),
        ({"atype": "authenticate", "param": {"error": 18}}, "Warning", "documentdb-audit"),
        ({"atype": "authCheck", "param": {}, "result": 13}, "Warning", "documentdb-audit"),
        ({"ike_phase1_state": "established", "details": "no errors"}, "Information", "vpn"),
        ({"ike_phase1_state": "established", "ike_phase2_state": "down"}, "Warning", "vpn"),
        (
            {"ike_phase1_state": "negotiating", "details": "No Proposal Match Found by AWS"},
            "Warning",
            "vpn",
        ),
        (finding("guardduty", {"severity": 5.3}), "Warning", "finding"),
        (finding("guardduty", {"severity": 8.9}), "Error", "finding"),
        (finding("guardduty", {"severity": 9}), "Fatal", "finding"),
        (finding("inspector2", {"severity": "CRITICAL"}), "Fatal", "finding"),
        (finding("macie", {"severity": {"score": 2, "description": "Medium"}}), "Warning", "finding"),
        (
            finding(
                "securityhub",
                {
                    "findings": [
                        {"Severity": {"Label": "LOW"}},
                        {"Severity": {"Label": "HIGH", "Normalized": 70}},
                    ]
                },
            ),
            "Error",
            "finding",
        ),
    ],
)
def test_records_that_report_an_outcome_have_a_level(
    fields: dict[str, object], level: str, rule: str
) -> None:
    assert decide_by_platform_record(fields) == (level, rule)


@pytest.mark.parametrize(
    "fields",
    [
        {"activity-type": "OPEN"},
        {"logType": "Tracing", "fieldInError": False},
        {"detail-type": "x", "detail": {"state": "SUCCEEDED"}},
        {"detail-type": "x", "detail": {"state": {"value": "OK"}}},
        {"detail-type": "x", "detail": {"status-details": {"status": "CREATE_COMPLETE"}}},
        {"detail-type": "x", "detail": {"EventCategories": ["notification"], "state": 7, "Status": None}},
        {"detail-type": "x", "detail": {"eventType": "INFO"}},
        {"type": "StepStarted", "details": {}},
        finding("securityhub", {"findings": [7, {"Severity": {"Label": "?"}}, {"Severity": True}]}),
        {"detail-type": "x", "source": "acme.shop", "detail": {"severity": 8}},
        {"schemaVersion": 2, "service": {"name": "shop"}, "severity": 8},
        {"detail-type": "x", "detail": "FAILED"},
    ],
)
def test_records_that_report_success_are_left_to_other_rules(fields: dict[str, object]) -> None:
    assert decide_by_platform_record(fields) is None
