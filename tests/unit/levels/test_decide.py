"""The order of the rules, through the public functions."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.levels import END, START, Decision, decide, explain_level, infer_level
from loginformant_shipper.levels.platform import decide_by_log_group
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.messages import parse
from msgspec.structs import replace

LINES = (
    "2026-03-01 10:20:30 INFO order 7 taken",
    "2026-03-01 10:20:30 ERROR order 7 failed",
    "java.lang.IllegalStateException: no stock",
    "\tat shop.Stock.take(Stock.java:12)",
    "[WARN] late",
    '{"level":"error","msg":"no stock"}',
    '{"log":"{\\"level\\":30,\\"msg\\":\\"retry after failed attempt\\"}"}',
    "order 7 failed",
    "order 7 taken",
    "select * from error",
)
REQUEST = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("message", "level", "rule"),
    [
        # a field before everything that its message says
        ('{"level":"info","message":"[ERROR] no stock","status":503,"error":"x"}', "Information", "field"),
        (
            f'2026-03-01T10:20:30.123Z\t{REQUEST}\tINFO\t{{"level":"error","msg":"no stock"}}',
            "Error",
            "field",
        ),
        # what a Lambda runtime writes before the text that it wraps
        (f"2026-03-01T10:20:30.123Z\t{REQUEST}\tWARN\tERROR: no stock", "Warning", "runtime-prefix"),
        (f"[DEBUG]\t2026-03-01T10:20:30.123Z\t{REQUEST}\terror lookup", "Debug", "runtime-prefix"),
        (f'2026-03-01T10:20:30.123Z\t{REQUEST}\tWARN\t{{"order":7}}', "Warning", "runtime-prefix"),
        (f'2026-03-01T10:20:30.123Z\t{REQUEST}\tERROR\t{{"status":200}}', "Error", "runtime-prefix"),
        (f'2026-03-01T10:20:30.123Z\t{REQUEST}\tINFO\t{{"status":500}}', "Information", "runtime-prefix"),
        (
            f'[ERROR]\t2026-03-01T10:20:30.123Z\t{REQUEST}\t{{"message":"a warning"}}',
            "Error",
            "runtime-prefix",
        ),
        ('[WARN] {"took":7,"error":"no stock"}', "Warning", "runtime-prefix"),
        (f'2026-03-01T10:20:30.123Z\t{REQUEST}\tINFO\t{{"level":50,"msg":"no sto', "Error", "key-value"),
        (f'2026-03-01T10:20:30.123Z\t{REQUEST}\tINFO\t{{"level":"error","msg":"no sto', "Error", "key-value"),
        (
            f'2026-03-01T10:20:30.123Z\t{REQUEST}\tWARN\t{{"order":7,"msg":"no sto',
            "Warning",
            "runtime-prefix",
        ),
        (r'{"level":50,"time":1764000000000,"msg":"\ud83d"}', "Error", "key-value"),
        ('10:20:30 web {"severityNumber":17,"body":"no sto', "Error", "key-value"),
        # the same of a header in brackets before JSON
        ('[10:20:30 ERR] {"order":7}', "Error", "header"),
        ('[10:20:30 WARN] {"status":200}', "Warning", "header"),
        ('[E 2026-03-01 10:20:30.123 orders:7] {"message":"a warning"}', "Error", "letter"),
        ('[10:20:30 INF] {"level":"warn"}', "Warning", "field"),
        ('[error-consumer-1] {"order":7}', "Information", "default"),
        ('[shop] {"status":500}', "Error", "http-status"),
        ('[http] {"status":500}', "Error", "http-status"),  # more often a name than npm's level
        # position before status, status before words
        ('INFO:     10.0.0.7:77 - "GET /orders HTTP/1.1" 503', "Information", "header"),
        (
            '10.0.0.7 - - [01/Mar/2026:10:20:30 +0000] "GET /error HTTP/1.1" 200 77',
            "Information",
            "http-status",
        ),
        ('{"statusCode":404,"msg":"order failed"}', "Warning", "http-status"),
        # lines of the Lambda platform before anything that resembles a header
        (
            f"REPORT RequestId: {REQUEST}\tStatus: error\tError Type: Runtime.ExitError",
            "Warning",
            "lambda-platform",
        ),
        ('{"type":"platform.report","record":{"status":"success"}}', "Information", "lambda-platform"),
        # a word in brackets, then pairs, then bare words
        ("ERROR: level=info", "Error", "header"),
        ("ERROR page built | level=info", "Error", "bare-word"),
        ("level=info msg=ERROR: x", "Information", "key-value"),
        ("ERROR page built", "Error", "bare-word"),
        ("✔ ERROR page built", "Information", "symbol"),
        # the message of a structured log without a level, and then its error
        ('{"msg":"[WARN] late","error":"x"}', "Warning", "header"),
        ('{"log":"2026-03-01 10:20:30 ERROR no stock\\n","stream":"stdout"}', "Error", "header"),
        ('{"msg":"order 7","error":"no stock"}', "Error", "error-field"),
        ('{"msg":"order 7","error":null}', "Information", "default"),
        # JSON in the message of a structured log
        ('{"log":"{\\"level\\":30,\\"msg\\":\\"retry after failed attempt\\"}"}', "Information", "field"),
        ('{"log":"{\\"msg\\":\\"hi\\",\\"error\\":\\"boom\\"}"}', "Error", "error-field"),
        # the worst of several objects, and of a level that is named twice
        ('{"level":"info","msg":"a"}{"level":"error","msg":"b"}', "Error", "field"),
        ('{"level":"error","msg":"a"}\n{"level":"info","msg":"b"}', "Error", "field"),
        ('{"level":"error","msg":"a","level":"info"}', "Error", "field"),
        ('{"level":"info","order":{"level":"error"}}', "Information", "field"),
        # a structured log inside a wrapper before the wrapper
        ('<14>Mar  1 10:20:30 web1 shop: {"level":"error"}', "Error", "field"),
        ("<14>Mar  1 10:20:30 web1 shop: level=error msg=x", "Error", "key-value"),
        ("<14>Mar  1 10:20:30 web1 shop: query was level=error", "Information", "syslog-priority"),
        ('<11>Mar  1 10:20:30 web1 shop: [main] desk {"level":"info"}', "Information", "field"),
        ('<11>Mar  1 10:20:30 web1 shop: [main] desk {"status":200}', "Error", "syslog-priority"),
        ('<11>Mar  1 10:20:30 web1 shop: [main] desk {"message":"a warning"}', "Error", "syslog-priority"),
        # a structured log after a header, by the same rules as alone
        ('2026-03-01 10:20:30 shop.orders {"request":"GET /x","status":"502"}', "Error", "http-status"),
        ('2026-03-01 10:20:30 shop.orders {"took":7,"error":"no stock"}', "Error", "error-field"),
        ('2026-03-01 10:20:30 shop.orders {"took":7,"error":null}', "Information", "default"),
        ('2026-03-01 10:20:30 INFO shop.orders {"took":7,"status":"failed"}', "Information", "header"),
        # an error code before the text, a pair within it
        ("Mar  1 10:20:30: %SYS-3-CONFIG_I: cache level=debug is stale", "Error", "code"),
        ('2026-03-01 10:20:30 level=info msg="GET /x HTTP/1.1" 500', "Information", "key-value"),
        ('"GET /x?severity=critical HTTP/1.1" 304', "Information", "http-status"),
        # an exception after a header
        ("Mar  1 10:20:30 web1 shop[7]: Traceback (most recent call last):", "Error", "exception"),
        ("2026-03-01T10:20:30.1Z stderr F java.lang.X: y\n\tat a.b(C.java:1)", "Error", "exception"),
        ("2026/03/01 10:20:30 http: panic serving 10.0.0.7:77: boom", "Error", "exception"),
        # traces, then words, then nothing
        ("order 7\nTraceback (most recent call last):\n  File x\nKeyError: 7", "Error", "exception"),
        ("[WARN] order 7\nTraceback (most recent call last):\n  File x\nKeyError: 7", "Warning", "header"),
        ("order 7 failed", "Error", "words"),
        ("order 7 taken", "Information", "default"),
        ("", "Information", "default"),
        ("\x1b[31m[2026-03-01 10:20:30] [ERROR] orders - \x1b[39mno stock", "Error", "header"),
        ("------\n2026-03-01 10:20:30 ERROR orders no stock", "Error", "header"),
        (
            "\x1b[2m2026-03-01T10:20:30Z\x1b[0m \x1b[33m WARN\x1b[0m \x1b[2morders\x1b[0m: late",
            "Warning",
            "header",
        ),
        ("2026-03-01 10:20:30 [main] c.acme.Orders.take()\nWARN: no error", "Warning", "second-line"),
        ("2026-03-01 10:20:30 errors: 7, warnings: 3", "Error", "words"),
        ("web1 : ok=7 changed=1 unreachable=0    failed=2", "Error", "words"),
        ("<187>: 2026 Mar  1 10:20:30 UTC : %SHOP-4-STOCK: no error", "Warning", "code"),
        (
            '<Event xmlns="x"><System><EventID>7</EventID><Level>2</Level></System></Event>',
            "Error",
            "key-value",
        ),
        ("shop \x1b[33mwarn\x1b[0m late", "Warning", "coloured-word"),
        ("[ERROR] see \x1b[32mINFO\x1b[0m above", "Error", "header"),
    ],
)
def test_the_first_rule_that_applies_decides(message: str, level: str, rule: str) -> None:
    assert explain_level(message) == (level, rule)
    assert infer_level(message) == level


def test_the_caller_sets_the_default_level() -> None:
    assert decide(parse("order 7 taken"), default=Level.DEBUG) == ("Debug", "default")
    assert decide(parse("order 7 failed"), default=Level.DEBUG) == ("Error", "words")


def test_a_log_group_of_statements_decides_before_their_words() -> None:
    statement = "# Query_time: 7\nselect * from error"
    assert explain_level(statement, "/aws/rds/instance/orders/slowquery") == ("Information", "rds-statements")


def test_rules_read_only_the_start_and_the_end() -> None:
    padding = "x " * 20_000
    assert infer_level(f"{padding} order 7 failed") == "Error"
    assert infer_level(f"order 7 failed {padding}") == "Error"
    assert infer_level(f"{padding} order 7 failed {padding}") == "Information"


@given(st.text())
def test_any_text_has_a_level(message: str) -> None:
    assert explain_level(message).level in list(Level)


@given(
    st.dictionaries(
        st.sampled_from(
            ["level", "severity", "type", "record", "log", "status", "http", "message", "_aws", "error"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["level", "status", "name"]), inner)
            ),
            max_leaves=4,
        ),
    )
)
def test_any_fields_have_a_level(fields: dict[str, object]) -> None:
    parsed = replace(parse("x"), fields=fields)
    assert decide(parsed).level in list(Level)


def test_white_space_counts_where_only_the_start_and_the_end_are_read() -> None:
    assert infer_level(" " * START + "[ERROR] in the middle" + "x" * 2 * END) == "Information"
    assert infer_level(" " * (START - 100) + "[ERROR] at the start" + "x" * 2 * END) == "Error"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('Mar  1 10:20:30 web1 shop[7]: {"level":"warn","msg":"late"}', "Warning"),
        ('2026-03-01T10:20:30Z shop {"severity": "ERROR", "msg": "no stock"}', "Error"),
        ('web-1  | {"level":50,"msg":"no stock"}', "Error"),
        ('<14>Mar  1 10:20:30 web1 shop: {"log":{"level":"debug"}}', "Debug"),
        ('2026-03-01 10:20:30.123 {"log":"{\\"level\\":50}\\n","stream":"stdout"}', "Error"),
        ('[2026-03-01 10:20:30] shop {"level":"error","msg":"no stock"}', "Error"),
        ('[2026-03-01 10:20:30.123] [shop] {"level":"error","msg":"no stock"}', "Error"),
        ('[main] shop.orders {"severity":"ERROR","msg":"no stock"}', "Error"),
        ('[{"level":"info"},{"level":"warn"}]', "Warning"),
        ('["shop.web",1772360430,{"level":300,"level_name":"WARNING"}]', "Warning"),
        ('{"level":{"level":40000,"levelStr":"ERROR"},"data":["x"]},', "Error"),
    ],
)
def test_json_after_a_header_gives_the_level(text: str, level: str) -> None:
    assert explain_level(text) == (level, "field")


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ({"level": "error", "msg": "no stock"}, "Error"),
        ('{"level":"error","msg":"no stock"}', "Error"),
        ({"level": "debug", "msg": "error lookup"}, "Debug"),
        ({"order": 7}, "Information"),
        ("ERROR: no stock", "Information"),
    ],
)
def test_a_structured_log_counts_before_the_level_of_lambdas_json(message: object, level: str) -> None:
    wrapper = {"timestamp": "2026-03-01T10:20:30.123Z", "level": "INFO", "requestId": "7", "message": message}
    assert infer_level(json.dumps(wrapper)) == level


def test_other_fields_beside_a_request_id_are_no_wrapper_of_lambda() -> None:
    log = {"desk": 7, "level": "WARN", "requestId": "7", "message": {"level": "debug"}}
    assert infer_level(json.dumps(log)) == "Warning"


def test_json_that_is_cut_short_after_a_header_gives_the_level() -> None:
    text = '2026-03-01 10:20:30 shop : {"severity":"ERROR","msg":"no st'
    assert explain_level(text) == ("Error", "key-value")


@pytest.mark.parametrize(
    "text",
    [
        'the answer was {"level":"error"}',
        'order {"level":"error"}',
        '2026-03-01 10:20:30 the bank gave this answer: {"level":"error"}',
        '2026-03-01 10:20:30 shop {"level":"error"} was the answer',
        '2026-03-01 10:20:30 shop {"level":"error"',
        '2026-03-01 10:20:30 shop {"order":7}',
        '2026-03-01 10:20:30 answer={"level":"error"}',
        '[{"level":"error"}',
    ],
)
def test_json_within_a_sentence_does_not_give_the_level(text: str) -> None:
    assert explain_level(text).rule != "field"


@given(st.lists(st.sampled_from(LINES), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_level_depends_only_on_the_message_and_its_log_group(
    messages: list[str], rng: random.Random
) -> None:
    """It does not depend on what was read before, so it is the same when shipped, replayed and previewed."""
    groups = [None, "/ecs/orders", "/aws/rds/instance/orders/slowquery"]
    events = [(message, rng.choice(groups)) for message in messages]
    alone = {event: decide_in_new_order(event) for event in events}
    shuffled = rng.sample(events, len(events))
    assert {event: explain_level(*event) for event in shuffled} == alone
    assert {event: decide(parse(event[0]), event[1]) for event in reversed(events)} == alone


def decide_in_new_order(event: tuple[str, str | None]) -> Decision:
    decide_by_log_group.cache_clear()
    return explain_level(*event)
