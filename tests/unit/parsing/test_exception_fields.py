from typing import Any

import pytest
from loginformant_shipper.parsing.exception_fields import ExceptionField, exception_of, without

TRACE = "Error: disk\n    at write (/app/shop.js:3:77)"
LINES = TRACE.split("\n")
JAVA_TRACE = "java.io.IOException: disk\n\tat a.b(C.java:1)"
STEP = {"className": "a", "methodName": "b", "fileName": "C.java", "lineNumber": 1}

CASES: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "logstash-logback-encoder": ({"stack_trace": TRACE}, TRACE, ("stack_trace",)),
    "python-json-logger": ({"exc_info": TRACE}, TRACE, ("exc_info",)),
    "Powertools for Python": ({"exception": TRACE, "exception_name": "Error"}, TRACE, ("exception",)),
    "structlog": ({"event": "failed", "exception": TRACE}, TRACE, ("exception",)),
    "structlog, dict_tracebacks": (
        {"exception": [{"exc_type": "KeyError", "exc_value": "'price'", "frames": []}]},
        "KeyError: 'price'",
        (),
    ),
    "Serilog": ({"@t": "2026", "@mt": "failed", "@x": TRACE}, TRACE, ("@x",)),
    ".NET's JSON console": ({"Message": "failed", "Exception": TRACE}, TRACE, ("Exception",)),
    "Elastic Common Schema, dotted": (
        {"error.type": "Error", "error.message": "disk", "error.stack_trace": TRACE},
        TRACE,
        ("error.stack_trace",),
    ),
    "Elastic Common Schema, nested": (
        {"error": {"type": "Error", "message": "disk", "stack_trace": TRACE}},
        TRACE,
        ("error", "stack_trace"),
    ),
    "OpenTelemetry": (
        {
            "attributes": {
                "exception.type": "Error",
                "exception.message": "disk",
                "exception.stacktrace": TRACE,
            }
        },
        TRACE,
        ("attributes", "exception.stacktrace"),
    ),
    "pino": ({"err": {"type": "Error", "message": "disk", "stack": TRACE}}, TRACE, ("err", "stack")),
    "winston": ({"message": "disk", "stack": TRACE}, TRACE, ("stack",)),
    "zap": (
        {"msg": "failed", "error": "disk", "stacktrace": "main.main\n\t/app/main.go:5"},
        "disk\nmain.main\n\t/app/main.go:5",
        ("stacktrace",),
    ),
    "log4j2": (
        {
            "thrown": {
                "name": "java.io.IOException",
                "message": "disk",
                "extendedStackTrace": JAVA_TRACE,
            }
        },
        JAVA_TRACE,
        ("thrown", "extendedStackTrace"),
    ),
    "Logback's JsonEncoder": (
        {"throwable": {"className": "java.io.IOException", "message": "disk", "stepArray": [STEP]}},
        "java.io.IOException: disk",
        (),
    ),
    "Logback's JsonEncoder, stack trace as text": (
        {"throwable": {"className": "java.io.IOException", "message": "disk", "stackTrace": JAVA_TRACE}},
        JAVA_TRACE,
        ("throwable", "stackTrace"),
    ),
    "Tomcat": (
        {"message": "failed", "throwable": ["java.io.IOException: disk", " a.b(C.java:1)"]},
        "java.io.IOException: disk\n a.b(C.java:1)",
        ("throwable",),
    ),
    "Spring Boot, GELF": (
        {
            "short_message": "failed",
            "full_message": f"failed\n\n{JAVA_TRACE}",
            "_error_type": "java.io.IOException",
            "_error_message": "disk",
            "_error_stack_trace": JAVA_TRACE,
        },
        JAVA_TRACE,
        ("_error_stack_trace",),
    ),
    "WildFly, Quarkus": (
        {"exception": {"refId": 1, "exceptionType": "java.io.IOException", "message": "disk", "frames": []}},
        "java.io.IOException: disk",
        (),
    ),
    "Monolog": (
        {
            "context": {
                "exception": {
                    "class": "RuntimeException",
                    "message": "disk",
                    "trace": ["/app/a.php:7", "/app/b.php:3"],
                }
            }
        },
        "RuntimeException: disk\n/app/a.php:7\n/app/b.php:3",
        ("context", "exception", "trace"),
    ),
    "AWS Lambda, Node.js": (
        {"errorType": "Error", "errorMessage": "disk", "stack": LINES},
        TRACE,
        ("stack",),
    ),
    "AWS Lambda, Python": (
        {
            "errorType": "KeyError",
            "errorMessage": "'price'",
            "stackTrace": ['  File "/var/task/app.py", line 3, in handler\n'],
        },
        "KeyError: 'price'\n  File \"/var/task/app.py\", line 3, in handler",
        ("stackTrace",),
    ),
    "AWS Lambda, no stack trace": (
        {"errorType": "Runtime.ExitError", "errorMessage": "exit status 1", "stackTrace": []},
        "Runtime.ExitError: exit status 1",
        (),
    ),
    "AWS Lambda, console.log(error) as JSON": (
        {"level": "ERROR", "message": {"errorType": "Error", "errorMessage": "disk", "stackTrace": LINES}},
        TRACE,
        ("message", "stackTrace"),
    ),
    "Ruby": (
        {"message": "disk", "backtrace": ["app.rb:3", "app.rb:7"]},
        "app.rb:3\napp.rb:7",
        ("backtrace",),
    ),
}


@pytest.mark.parametrize(("fields", "text", "path"), CASES.values(), ids=CASES.keys())
def test_the_exception_of_a_structured_log_is_found(
    fields: dict[str, Any], text: str, path: tuple[str, ...]
) -> None:
    assert exception_of(fields) == ExceptionField(text, path)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"message": "Error: disk"},
        {"error": "disk"},
        {"err": "disk"},
        {"error": None},
        {"error": False},
        {"error": {"code": 7}},
        {"stack": "production"},
        {"trace": "1-5759e988-bd862e3fe1be46a994272793"},
        {"exception": ""},
        {"exception": None},
        {"exception": "none"},
        {"exception": "None", "error": "null"},
        {"exception": " - "},
        {"stack_trace": "n/a", "errorType": "none"},
        {"errorType": "null", "errorMessage": "null"},
        {"exc_info": True},
        {"message": "done", "throwable": None},
        {"stackTrace": []},
        {"stackTrace": [1, 2]},
        {"message": {"type": "order", "name": "hat"}},
        {"context": {"name": "checkout", "message": "x"}},
        {"attributes": {"type": "a", "message": "b"}},
    ],
)
def test_other_fields_are_no_exception(fields: dict[str, Any]) -> None:
    assert exception_of(fields) is None


@pytest.mark.parametrize(("fields", "text", "path"), CASES.values(), ids=CASES.keys())
def test_the_other_fields_stay_unchanged(fields: dict[str, Any], text: str, path: tuple[str, ...]) -> None:
    before = repr(fields)
    others = without(path, fields)
    assert repr(fields) == before
    for name, value in fields.items():
        if path[:1] != (name,):
            assert others[name] == value
        elif len(path) > 1:
            assert others[name] != value


def test_an_object_that_held_only_the_exception_is_removed() -> None:
    assert without(("error", "stack"), {"error": {"stack": TRACE}, "a": 1}) == {"a": 1}
    assert without((), {"a": 1}) == {"a": 1}
