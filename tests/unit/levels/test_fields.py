import os
import subprocess
import sys

import pytest
from loginformant_shipper.levels.fields import Fields, decide_by_field, level_of_broken_object


def level_of(fields: Fields) -> str | None:
    decision = decide_by_field(fields)
    assert decision is None or decision.rule == "field"
    return decision.level if decision else None


NAMES = (
    *(
        "level",
        "Level",
        "LEVEL",
        "@level",
        "_level",
        "@l",
        "lvl",
        "levelname",
        "level_name",
        "LevelDisplayName",
    ),
    *(
        "log.level",
        "log_level",
        "logLevel",
        "LogLevel",
        "loglevel",
        "LOG_LEVEL",
        "_logLevel",
        "activity-type",
    ),
    *("severity", "Severity", "severity_text", "SeverityText"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_level_field_gives_the_level(name: str) -> None:
    assert level_of({"message": "all fine", name: "WARN"}) == "Warning"


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("silly", "Debug"),
        ("Verbose", "Debug"),
        ("notice", "Information"),
        ("http", "Information"),
        ("help", "Information"),
        ("DEPRECATION", "Warning"),
        ("SEVERE", "Error"),
        ("emerg", "Fatal"),
        ("dpanic", "Fatal"),
        ("INFO+2", "Information"),
        ("ERROR3", "Error"),
        ("LOG_LEVEL_WARN", "Warning"),
        ("SEVERITY_NUMBER_ERROR2", "Error"),
        ("\x1b[33mwarn\x1b[39m", "Warning"),
        ("50", "Error"),
        (" info ", "Information"),
    ],
)
def test_the_level_words_of_many_loggers_are_known(value: str, level: str) -> None:
    assert level_of({"level": value, "msg": "x"}) == level


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"level": 50, "pid": 7, "hostname": "h"}, "Error"),  # pino, bunyan
        ({"level": 40, "levelno": 40}, "Error"),  # Python
        ({"level": 30, "funcName": "charge", "lineno": 3}, "Warning"),  # Python without a name for it
        ({"levelno": 20}, "Information"),
        ({"level": 3, "short_message": "disk", "version": "1.1"}, "Error"),  # GELF
        ({"level": 0, "short_message": "disk"}, "Fatal"),
        ({"level": 2, "EventID": 7000, "ProviderName": "SCM"}, "Error"),  # Windows
        ({"level": 250, "channel": "app"}, "Information"),  # Monolog
        ({"level": 900}, "Warning"),  # java.util.logging
        ({"level_value": 40000}, "Error"),  # Logback
        ({"severityNumber": 13}, "Warning"),  # OpenTelemetry
        ({"SeverityNumber": 21}, "Fatal"),
        ({"severity": 500}, "Error"),  # Google
        ({"severity": 4}, "Warning"),  # syslog
        ({"PRIORITY": "3", "MESSAGE": "x"}, "Error"),  # the journal
        ({"level": 0, "reqId": "x", "remoteAddr": "10.0.0.7"}, "Debug"),  # Nextcloud
        ({"level": 2, "reqId": "x", "app": "core"}, "Warning"),
        ({"level": 3, "reqId": "x", "remoteAddr": "10.0.0.7"}, "Error"),
        ({"severityLevel": 0}, "Debug"),  # Application Insights
        ({"severityLevel": 3}, "Error"),
        ({"severityLevel": "4"}, "Fatal"),
        ({"Severity": "10", "Type": "Role", "Machine": "m", "Time": "7.1"}, "Information"),  # FoundationDB
        ({"Severity": "40", "Type": "Role", "Machine": "m", "Time": "7.1"}, "Error"),
        ({"s": "W", "c": "NETWORK", "msg": "x"}, "Warning"),  # MongoDB
        ({"s": "D2", "c": "QUERY", "msg": "x"}, "Debug"),
    ],
)
def test_a_number_is_read_on_the_scale_of_its_field(fields: Fields, level: str) -> None:
    assert level_of(fields) == level


@pytest.mark.parametrize(
    "fields",
    [
        {"log": {"level": "warn", "logger": "shop"}},
        {"@fields": {"level": "warn"}, "@message": "x"},
        {"text": "x", "record": {"level": {"icon": "!", "name": "WARNING", "no": 30}}},
        {"level": {"level": 30000, "levelStr": "WARN"}},
        {"0": "x", "_meta": {"logLevelId": 4, "logLevelName": "WARN"}},
        {"context": {"logLevel": 40}, "message": "x"},
        {"severity": {"label": "WARNING"}},
        {"logger": {"name": "shop", "level": "warn"}, "message": "x"},
        {"info": {"level": "warn", "msg": "late"}, "data": {}},
        {"line": {"level": "warn", "msg": "late"}, "source": "stdout", "tag": "7"},
        {"message": {"level": 40, "text": "late"}},
        {"event": {"level": "warn"}, "sourcetype": "httpevent"},
    ],
)
def test_a_level_may_be_inside_an_object(fields: Fields) -> None:
    assert level_of(fields) == "Warning"


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"status": "warn", "message": "late"}, "Warning"),
        ({"status": "critical", "message": "gone"}, "Fatal"),
        ({"status": "error", "level": "debug"}, "Debug"),
        ({"L": "WARN", "M": "order 7 failed"}, "Warning"),
        ({"at": "error", "code": "H12"}, "Error"),
        ({"EventType": "Information", "Message": "order 7 failed"}, "Information"),
        ({"EntryType": "Warning", "Message": "late"}, "Warning"),
        ({"type": "log", "tags": ["shop", "warning"], "message": "order 7 failed"}, "Warning"),
        ({"ts": 7.1, "caller": "orders.go:7", "msg": "order 7 failed", "v": 0}, "Information"),
        ({"jsonPayload": {"level": "warn", "msg": "late"}}, "Warning"),
        ({"priority": "Notice", "rule": "shell in a container"}, "Information"),
    ],
)
def test_a_status_or_a_priority_may_be_a_level(fields: Fields, level: str) -> None:
    assert level_of(fields) == level


def test_a_word_counts_more_than_a_number() -> None:
    assert level_of({"level": 300, "level_name": "WARNING"}) == "Warning"
    assert level_of({"level": 1, "severityText": "ERROR"}) == "Error"


def test_a_compact_serilog_log_without_a_level_is_information() -> None:
    assert level_of({"@t": "2026-03-01T10:00:00Z", "@mt": "Error budget {left}", "left": 3}) == "Information"
    assert level_of({"@t": "2026-03-01T10:00:00Z", "@m": "gone", "@l": "Fatal"}) == "Fatal"


@pytest.mark.parametrize(
    "fields",
    [
        {"event": {"level": 3}},
        {"event": {"severity": "high", "level": "7"}},
        {"level": "Metadata", "auditID": "a"},
        {"level": "RequestResponse", "auditID": "a"},
        {"level": 0, "game": "chess"},
        {"level": True},
        {"level": None},
        {"level": []},
        {"level": -3},
        {"level": "the third floor is an error"},
        {"level": "x" * 100_000},
        {"levels": ["error"]},
        {"error_level_count": 3},
        {"type": "error_report"},
        {"type": "platform.start"},
        {"s": "E", "name": "east"},
        {"status": "success", "order": 7},
        {"status": "failed", "order": 7},
        {"status": 500},
        {"priority": "high", "ticket": 7},
        {"priority": 1},
        {"severityLevel": 7},
        {"logger": "warn"},
        {"@t": "2026-03-01T10:00:00Z"},
        {"message": "level error"},
        {"data": {"level": "error"}},
        {},
    ],
)
def test_values_that_are_no_severity_are_skipped(fields: Fields) -> None:
    assert level_of(fields) is None


def test_the_same_one_of_two_spellings_of_a_name_always_counts() -> None:
    """The hash seed of the process does not decide which one."""
    command = [
        sys.executable,
        "-c",
        "from loginformant_shipper.levels import infer_level\n"
        """print(infer_level('{"Level": "error", "@level": "debug", "LEVEL": "warn"}'))""",
    ]
    levels = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123456"
    }
    assert levels == {"Debug\n"}


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"LogLevel": 2, "EventId": 14, "Category": "Shop.Orders"}, "Information"),
        ({"LogLevel": 4, "Message": "no stock"}, "Error"),
        ({"Level": 2, "MessageTemplate": "order {n}"}, "Information"),
        ({"Level": 4, "RenderedMessage": "no stock"}, "Error"),
        ({"level": 64}, "Information"),
        ({"level": 8}, "Error"),
        ({"severity": 128}, "Debug"),
        ({"messageType": "ERROR", "threadName": "x"}, "Error"),
        ({"messageType": "RULE_MATCH_START", "level": "trace"}, "Debug"),
        ({"Level": {"Name": "ERROR", "Value": 70000}}, "Error"),
        ({"log.level": {"Name": "WARN", "DisplayName": "WARN"}}, "Warning"),
        ({"level": "error", "level_name": "Level 3"}, "Error"),
        ({"level": "error", "level_name": "info"}, "Error"),
        ({"log": "{}", "log_processed": {"level": 50}}, "Error"),
        ({"class_uid": 2001, "severity_id": 2}, "Information"),
        ({"class_uid": 2001, "severity_id": "4"}, "Error"),
        ({"class_uid": 2001, "severity_id": 5}, "Fatal"),
        ({"class_uid": 2001, "severity_id": 6, "severity": "Medium"}, "Warning"),
        ({"severity": "critical", "alarm": 7}, "Fatal"),
        ({"severity": "major", "alarm": 7}, "Error"),
        ({"severity": "minor", "alarm": 7}, "Warning"),
        ({"severity": "indeterminate", "alarm": 7}, "Information"),
        ({"severity": "cleared", "error": "no link"}, "Information"),
        ({"SeverityValue": 1, "EventID": 7}, "Debug"),
        ({"SeverityValue": 2, "EventID": 7}, "Information"),
        ({"SeverityValue": 3, "EventID": 7}, "Warning"),
        ({"SeverityValue": 4, "EventID": 7}, "Error"),
        ({"SeverityValue": 5, "EventID": 7}, "Fatal"),
        ({"win": {"system": {"eventID": "7", "level": "2", "severityValue": "ERROR"}}}, "Error"),
        ({"win": {"system": {"eventID": "7", "level": "3"}}}, "Warning"),
        ({"WinEvtChannel": {"System": {"EventID": "7", "SeverityValue": "INFORMATION"}}}, "Information"),
        ({"Event": {"System": {"EventID": 7, "Level": 1}, "EventData": {"level": "5"}}}, "Fatal"),
        ({"rule": {"level": 6, "id": "5501"}, "agent": {"id": "001"}}, "Information"),
        ({"rule": {"level": 7, "id": "5712"}, "agent": {"id": "001"}}, "Warning"),
        ({"rule": {"level": 11, "id": "5712"}, "agent": {"id": "001"}}, "Warning"),
        ({"rule": {"level": 12, "id": "31533"}, "agent": {"id": "001"}}, "Error"),
        ({"rule": {"level": 14, "id": "31533"}, "agent": {"id": "001"}}, "Error"),
        ({"rule": {"level": 15, "id": "7"}, "agent": {"id": "001"}}, "Fatal"),
        ({"event_type": "alert", "alert": {"signature_id": 7, "severity": 1}}, "Error"),
        ({"event_type": "alert", "alert": {"signature_id": 7, "severity": 3}}, "Information"),
        ({"event_type": "alert", "alert": {"signature": "lookup", "severity": 3}}, "Information"),
        ({"event_type": "alert", "alert": {"of": "cpu"}}, "Fatal"),
        ({"level": "warn", "rule": {"level": 15}}, "Warning"),
        ({"level": "LogLevel.ERROR"}, "Error"),
        ({"level": "Reporter::WARNING"}, "Warning"),
    ],
)
def test_fields_that_one_logger_writes_give_the_level(fields: Fields, level: str) -> None:
    assert level_of(fields) == level


def test_the_most_specific_of_several_objects_counts() -> None:
    objects: Fields = {
        "meta": {"level": "info"},
        "event": {"level": "fatal"},
        "log": {"level": "error"},
        "context": {"level": "debug"},
    }
    assert level_of(objects) == level_of(dict(reversed(objects.items()))) == "Error"
    del objects["log"]
    assert level_of(objects) == level_of(dict(reversed(objects.items()))) == "Information"


def test_the_worst_record_of_an_otlp_request_counts() -> None:
    def request(*records: object) -> Fields:
        return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]}

    info, error = {"severityNumber": 9}, {"severityText": "Error", "severityNumber": 17}
    assert level_of(request(info, error, info)) == "Error"
    assert level_of(request(info)) == "Information"
    assert level_of(request({"severityNumber": "SEVERITY_NUMBER_WARN"})) == "Warning"
    assert level_of(request({"body": {"stringValue": "x"}})) is None
    assert level_of({"resourceLogs": [7, {"scopeLogs": {}}, {"scopeLogs": [{"logRecords": ["x"]}]}]}) is None


def test_the_level_of_a_kubernetes_audit_record_is_no_severity() -> None:
    assert level_of({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request"}) is None


@pytest.mark.parametrize(
    ("message", "level"),
    [("[ERROR] no stock", "Error"), ("no stock", "Information"), ("ERROR page built", "Information")],
)
def test_a_header_counts_before_the_priority_of_the_journal(message: str, level: str) -> None:
    decision = decide_by_field({"PRIORITY": "6", "MESSAGE": message})
    assert decision is not None
    assert decision.level == level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (r'{"level":50,"time":1764000000000,"msg":"\ud83d"}', "Error"),  # pino, an emoji that was cut in two
        ('{"level":50,"toString":[object Undefined]}', "Error"),
        ('{"level":30,"time":1764000000000,"msg":"no sto', "Information"),
        ('{"level":400,"level_name', "Error"),
        ('{"level":30,"levelname":"WARNING","message":"no sto', "Warning"),
        ('{"level":40,"lineno":7,"message":"no sto', "Error"),
        ('{"levelno": 40, "message": "no sto', "Error"),
        ('{"EventID":7,"level":2,"message":"no sto', "Error"),
        ('{"severityNumber":17,"body":"no sto', "Error"),
        ('{"severityText":"ERROR","body":"no sto', "Error"),
        ('{"severity":500,"message":"no sto', "Error"),
        ('{"level_value":40000,"message":"no sto', "Error"),
        ('{"PRIORITY":"3","MESSAGE":"no sto', "Error"),
        ('{"msg":"say \\"level\\":30, no stock","level":50,"x":"', "Error"),
        ('{"req":{"level":30,"log":[{"level":"info"}]},"level":50,"x":"', "Error"),
        ('{\n  "level": 50,\n  "msg": "no sto', "Error"),
    ],
)
def test_json_that_cannot_be_read_has_the_level_of_its_members(text: str, level: str) -> None:
    assert level_of_broken_object(text) == level


@pytest.mark.parametrize(
    "text",
    [
        '{"level":5',  # perhaps of 50
        '{"level":"err',
        '{"msg":"water level: 3, no sto',
        '{"pump":{"level":3},"msg":"no sto',
        '{"status":500,"msg":"no sto',
        '{"priority":1,"msg":"no sto',
        '{"level":3.5,"msg":"no sto',
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"7',
        "{ level: 50, msg: 'x' }",
        '{main} "level": 3, x',
        '{"a',
        '{"a\\',
        "{",
        "",
    ],
)
def test_json_that_cannot_be_read_may_have_no_level(text: str) -> None:
    assert level_of_broken_object(text) is None


def test_json_that_cannot_be_read_is_examined_in_linear_time() -> None:
    for piece in ('"', '\\"', '"a":', '{"level":', '{"level":"', "[", '"a\\'):
        assert level_of_broken_object("{" + piece * 50_000) is None
