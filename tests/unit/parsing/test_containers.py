"""The text of a program is unwrapped unchanged from every wrapper; `wrappers` has them all."""

import gc
import json
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.events import LogEvent, UnusualEvent
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.containers import MAX_WRAPPERS, may_be_wrapped, rewrap, unwrap
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import MAX_JOINED_BYTES, MAX_JOINED_EVENTS, join
from msgspec.structs import replace

from tests.unit.parsing.wrappers import REQUEST, WRAPPERS

NOW = 1_793_700_000_000


def events(*messages: str, gap: int = 0) -> list[LogEvent]:
    return [LogEvent(str(number), NOW + number * gap, text) for number, text in enumerate(messages)]


def record(log: Any, **others: Any) -> str:
    return json.dumps({"log": log, **others})


# --- the unwrapped text ---


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize(
    "text", ["order 17 placed", '  File "/app/x.py", line 3, in f', "\tat a.B.c(B.java:1)"]
)
def test_the_text_is_unwrapped_as_the_program_wrote_it(name: str, text: str) -> None:
    unwrapped = unwrap(WRAPPERS[name](text))
    assert unwrapped is not None
    assert unwrapped.text == text


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_structured_log_keeps_all_its_fields(name: str) -> None:
    fields = {"level": "error", "message": "order refused", "big": 2**70, "time": 7, "customer": {"id": 7}}
    parsed = parse(WRAPPERS[name](json.dumps(fields)))
    assert parsed.fields == fields | {"big": str(2**70)}


@pytest.mark.parametrize(
    ("message", "properties"),
    [
        (
            record(
                "order 17 placed",
                container_id="4a7c",
                container_name="/ecs-orders-7-app",
                source="stderr",
                ecs_cluster="shop",
                ecs_task_arn="arn:aws:ecs:eu-west-1:123456789012:task/shop/0a1b",
                ecs_task_definition="orders:7",
                ec2_instance_id="i-0a1b",
                env="production",
            ),
            {
                "container.id": "4a7c",
                "container.name": "/ecs-orders-7-app",
                "stream": "stderr",
                "ecs_cluster": "shop",
                "aws.ecs.task.arn": "arn:aws:ecs:eu-west-1:123456789012:task/shop/0a1b",
                "aws.ecs.task.family": "orders",
                "aws.ecs.task.revision": "7",
                "host.id": "i-0a1b",
                "env": "production",
            },
        ),
        (
            record(
                "order 17 placed\n",
                stream="stdout",
                time="2026-11-03T10:00:00.1Z",
                _p="F",
                kubernetes={
                    "pod_name": "orders-1",
                    "pod_id": "7b6a",
                    "namespace_name": "shop",
                    "container_name": "orders",
                    "container_image": "shop/orders:7",
                    "container_hash": "shop/orders@sha256:0d1c",
                    "docker_id": "2f1e",
                    "host": "ip-10-0-1-12",
                    "labels": {"app": "orders"},
                    "annotations": {"owner": "team"},
                    "master_url": "https://10.0.0.1",
                },
            ),
            {
                "stream": "stdout",
                "time": "2026-11-03T10:00:00.1Z",
                "k8s.pod.name": "orders-1",
                "k8s.pod.uid": "7b6a",
                "k8s.namespace.name": "shop",
                "k8s.container.name": "orders",
                "container.name": "orders",
                "container.image.name": "shop/orders:7",
                "container.image.repo_digests": ["shop/orders@sha256:0d1c"],
                "container.id": "2f1e",
                "k8s.node.name": "ip-10-0-1-12",
                "k8s.pod.label.app": "orders",
                "k8s.pod.annotation.owner": "team",
                "kubernetes.master_url": "https://10.0.0.1",
            },
        ),
        (
            record("order 17 placed", stream="stdout", docker={"container_id": "4a7c"}, tag="kube.orders"),
            {"stream": "stdout", "container.id": "4a7c", "tag": "kube.orders"},
        ),
        (record("order 17 placed\n"), {}),
        (
            "2026-11-03T10:00:00.123456789+01:00 stdout F order 17 placed",
            {"stream": "stdout", "time": "2026-11-03T10:00:00.123456789+01:00"},
        ),
        (
            json.dumps(
                {
                    "MESSAGE": "order 17 placed",
                    "PRIORITY": "6",
                    "_HOSTNAME": "shop-1",
                    "_PID": "7",
                    "_SYSTEMD_UNIT": "orders.service",
                    "SYSLOG_IDENTIFIER": "orders",
                    "CONTAINER_NAME": "orders-1",
                }
            ),
            {
                "host.name": "shop-1",
                "process.pid": "7",
                "_SYSTEMD_UNIT": "orders.service",
                "service.name": "orders",
                "container.name": "orders-1",
            },
        ),
        ("web_1  | order 17 placed", {"container.name": "web_1"}),
        ("shop-web-12  | order 17 placed", {"container.name": "shop-web-12"}),
        (
            "Nov  3 10:00:00 ip-10-0-0-1 web[12]: order 17 placed",
            {
                "time": "Nov  3 10:00:00",
                "host.name": "ip-10-0-0-1",
                "service.name": "web",
                "syslog.procid": "12",
            },
        ),
        (
            '<11>1 2026-11-03T10:00:00.003Z shop-1 orders 812 ID47 [x@1 a="b"] order 17 placed',
            {
                "time": "2026-11-03T10:00:00.003Z",
                "host.name": "shop-1",
                "service.name": "orders",
                "syslog.procid": "812",
                "syslog.msgid": "ID47",
                "syslog.structured_data": '[x@1 a="b"]',
            },
        ),
        (
            '[03-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into stdout: "order 17 placed"',
            {"time": "03-Nov-2026 10:00:00", "php.pool": "www", "stream": "stdout"},
        ),
        (f"[{REQUEST}] [10.0.0.7] order 17 placed", {"tags": [REQUEST, "10.0.0.7"]}),
        (
            "[pod/orders-1/app] order 17 placed",
            {"k8s.pod.name": "orders-1", "k8s.container.name": "app"},
        ),
        ("[1,7]<stderr>:order 17 placed", {"mpi.process": "1,7", "stream": "stderr"}),
        (
            "[1,mpirank:7,algo-1]<stdout>:order 17 placed",
            {"mpi.process": "1,mpirank:7,algo-1", "stream": "stdout"},
        ),
    ],
)
def test_the_fields_of_the_wrapper_have_the_names_of_opentelemetry(
    message: str, properties: dict[str, Any]
) -> None:
    parsed = parse(message)
    assert parsed.text == "order 17 placed"
    assert parsed.wrapper is not None
    assert parsed.wrapper.properties == properties
    assert parsed.wrapper.message == message


@pytest.mark.parametrize(
    "message",
    [
        "order 17 placed",
        "",
        '{"level":"info","message":"hi"}',
        '{"log":"x","level":"info"}',
        '{"log":{"level":"info"}}',
        '{"log":7,"stream":"stdout"}',
        '{"log":"x","stream":"prices"}',
        '{"log":"x","stream":["stdout"]}',
        '{"log":"x","source":{"file":"orders.py","line":7}}',
        '{"log":"x","stream":"stdout"',
        '{"kubernetes":null,"log_processed":7}',
        '{"kubernetes":{"pod_name":"orders-1"},"stream":"stdout"}',
        "2026-11-03T10:00:00.123Z INFO order 17 placed",
        "2026-11-03T10:00:00.123Z stdout order 17 placed",
        "2026-11-03T10:00:00Z worker main: order 17 placed",
        "Nov  3 10:00:00 INFO main: order 17 placed",
        "Nov  3 10:00:00 order 17 placed",
        "INFO | order 17 placed",
        "name | count",
        "NOTICE: fpm is running, pid 1",
        "[03-Nov-2026 10:00:00] NOTICE: fpm is running, pid 1",
        "[03-Nov-2026 10:00:00] WARNING: [pool www] server reached max_children setting (5)",
        "[main] order 17 placed",
        "[7f8f84ce] order 17 placed",
        "[1,2] order 17 placed",
        "[1,2]<order>: 17 placed",
        "<b>1 order</b>",
    ],
)
def test_text_without_a_wrapper_stays_unchanged(message: str) -> None:
    assert unwrap(message) is None
    assert parse(message).wrapper is None


@pytest.mark.parametrize("outer", WRAPPERS)
@pytest.mark.parametrize("inner", WRAPPERS)
def test_a_wrapper_may_be_within_another(outer: str, inner: str) -> None:
    parsed = parse(WRAPPERS[outer](WRAPPERS[inner]("order 17 placed")))
    assert parsed.text == "order 17 placed"


def test_only_a_few_nested_wrappers_are_removed() -> None:
    message = "order 17 placed"
    for _ in range(MAX_WRAPPERS + 1):
        message = f"web_1 | {message}"
    assert parse(message).text == "web_1 | order 17 placed"


@pytest.mark.parametrize(
    "message",
    [
        'Nov  3 10:00:00 ip-10-0-0-1 web:{"level":"error","message":"order refused"}',
        'postgres  | {"level":"error","message":"order refused"}',
    ],
)
def test_json_right_after_a_header_is_read(message: str) -> None:
    assert parse(message).fields == {"level": "error", "message": "order refused"}


@pytest.mark.parametrize(
    ("priority", "level"), [(8, Level.FATAL), (11, Level.ERROR), (12, Level.WARNING), (15, Level.DEBUG)]
)
@pytest.mark.parametrize(
    "rest", ["1 2026-11-03T10:00:00Z shop-1 orders - - - ", "Nov  3 10:00:00 shop-1 orders: "]
)
def test_the_severity_of_syslog_is_kept(rest: str, priority: int, level: Level) -> None:
    parsed = parse(f"<{priority}>{rest}order 17")
    assert parsed.wrapper is not None
    assert (parsed.text, parsed.wrapper.level) == ("order 17", level)


@pytest.mark.parametrize(("priority", "level"), [("3", Level.ERROR), ("6", Level.INFORMATION), ("x", None)])
def test_the_priority_of_the_journal_is_kept(priority: str, level: Level | None) -> None:
    parsed = parse(json.dumps({"MESSAGE": "order 17", "PRIORITY": priority, "_HOSTNAME": "shop-1"}))
    assert parsed.wrapper is not None
    assert (parsed.text, parsed.wrapper.level) == ("order 17", level)


def test_an_upper_case_message_field_is_a_wrapper_only_in_the_journal() -> None:
    assert parse('{"MESSAGE":"order 17 placed","LEVEL":"info"}').wrapper is None


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ('WARNING: [pool www] child 7 said into stderr: "zend_mm_heap corrupted"', Level.WARNING),
        ('WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: zend_mm_heap corrupted"', None),
        ("NOTICE: PHP message: zend_mm_heap corrupted", None),
    ],
)
def test_the_level_of_php_fpm_counts_only_if_php_gives_none(said: str, level: Level | None) -> None:
    parsed = parse(f"[03-Nov-2026 10:00:00] {said}")
    assert parsed.wrapper is not None
    assert (parsed.text, parsed.wrapper.level) == ("zend_mm_heap corrupted", level)


def test_tabs_escaped_by_rsyslog_are_restored() -> None:
    unwrapped = unwrap("Nov  3 10:00:00 ip-10-0-0-1 web[12]: #011at shop.Orders.place(Orders.java:12)")
    assert unwrapped is not None
    assert unwrapped.text == "\tat shop.Orders.place(Orders.java:12)"


def test_rails_tags_are_removed_from_every_line() -> None:
    parsed = parse(f"[{REQUEST}] NoMethodError (undefined method):\n[{REQUEST}] app/x.rb:6:in `show'")
    assert parsed.text == "NoMethodError (undefined method):\napp/x.rb:6:in `show'"


# --- fields that a router has parsed ---


def test_fields_parsed_by_the_router_are_fields_of_the_program() -> None:
    fields = {"level": 50, "msg": "order refused"}
    parsed = parse(record("{}", log_processed=fields, kubernetes={"pod_name": "orders-1"}))
    assert parsed.fields == fields
    assert parsed.wrapper is not None
    assert parsed.wrapper.properties == {"k8s.pod.name": "orders-1"}


def test_fields_that_a_router_parsed_are_unwrapped_among_other_logs_without_a_wrapper() -> None:
    message = json.dumps({"log_processed": {"level": "warn", "log": "disk is nearly full"}})
    [_, log] = join(events("order 17 placed", message))
    assert log.parsed == parse(message)
    assert log.parsed.wrapper is not None


def test_the_text_beside_fields_parsed_by_the_router_is_kept() -> None:
    parsed = parse(record("GET /x 503", log_processed={"code": 503}, stream="stdout"))
    assert parsed.fields == {"log": "GET /x 503", "code": 503}


@pytest.mark.parametrize("before", ["", " ", "\u00a0"])
@pytest.mark.parametrize(
    "text", ['{"a":1}', '{"a":1,"a":2}\n', '{"n":12345678901234567890123}', "{}", '{"log":"x"}']
)
def test_an_object_is_parsed_beside_fields_of_the_router_as_alone(before: str, text: str) -> None:
    [log] = join(events(record(before + text, stream="stdout", time="2026-11-03T10:00:00Z", a=1)))
    assert log.parsed.wrapper is not None
    assert replace(log.parsed, wrapper=None) == replace(parse(before + text), wrapper=None)


def test_parsed_fields_beside_those_of_the_router_are_fields_of_the_program() -> None:
    parsed = parse(
        json.dumps({"level": "error", "msg": "no", "stream": "stdout", "kubernetes": {"container_name": "a"}})
    )
    assert parsed.fields == {"level": "error", "msg": "no"}
    assert parsed.wrapper is not None
    assert parsed.wrapper.properties == {"stream": "stdout", "k8s.container.name": "a", "container.name": "a"}


def test_fields_that_are_present_twice_are_kept_once() -> None:
    fields = {"level": "error", "msg": "order refused"}
    parsed = parse(json.dumps({"log": json.dumps(fields), **fields, "stream": "stdout", "env": "test"}))
    assert parsed.fields == fields
    assert parsed.wrapper is not None
    assert parsed.wrapper.properties == {"stream": "stdout", "env": "test"}


def test_a_level_beside_a_text_is_the_level_of_the_program() -> None:
    parsed = parse(record("order refused", level="error", source="stdout"))
    assert parsed.fields == {"log": "order refused", "level": "error"}


def test_an_empty_line_is_blank() -> None:
    assert parse(record("\n", stream="stdout", time="2026-11-03T10:00:00Z")).text == ""


# --- lines that were cut ---


def firelens_part(text: str, ordinal: int, last: bool = False, identifier: str = "x") -> str:
    return record(
        text,
        source="stdout",
        container_id="4a7c",
        partial_message="true",
        partial_id=identifier,
        partial_ordinal=str(ordinal),
        partial_last=str(last).lower(),
    )


CUTS = {
    "firelens": [
        firelens_part('{"level":"error","message":"order ', 1),
        firelens_part('refused"}', 2, last=True),
    ],
    "cri": [
        '2026-11-03T10:00:00.1Z stdout P {"level":"error","message":"order ',
        '2026-11-03T10:00:00.1Z stdout F refused"}',
    ],
    "fluent_bit": [
        record('{"level":"error","message":"order ', stream="stdout", _p="P"),
        record('refused"}', stream="stdout", _p="F"),
    ],
    "fluentd": [
        record('{"level":"error","message":"order ', stream="stdout", logtag="P"),
        record('refused"}', stream="stdout", logtag="F"),
    ],
    "journal": [
        json.dumps(
            {
                "MESSAGE": '{"level":"error","message":"order ',
                "CONTAINER_PARTIAL_MESSAGE": "true",
                "CONTAINER_ID_FULL": "4a7c",
                "_HOSTNAME": "shop-1",
            }
        ),
        json.dumps({"MESSAGE": 'refused"}', "CONTAINER_ID_FULL": "4a7c", "_HOSTNAME": "shop-1"}),
    ],
    "docker": [
        record(
            '{"level":"error","message":"order refused","rest":"' + "x" * 16384, stream="stdout", time="1"
        ),
        record('"}\n', stream="stdout", time="1"),
    ],
}


@pytest.mark.parametrize("name", CUTS)
def test_the_parts_of_a_cut_line_become_one_log(name: str) -> None:
    given_events = events(*CUTS[name])
    [log] = join(given_events)
    assert log.events == tuple(given_events)
    assert log.parsed.fields is not None
    assert log.parsed.fields["message"] == "order refused"
    assert log.parsed.wrapper is not None
    assert "partial_id" not in log.parsed.wrapper.properties
    assert log.continues is None


def test_parts_of_two_lines_cut_at_the_same_time_do_not_mix() -> None:
    first = [firelens_part("a1 ", 1, identifier="a"), firelens_part("a2", 2, last=True, identifier="a")]
    second = [firelens_part("b1 ", 1, identifier="b"), firelens_part("b2", 2, last=True, identifier="b")]
    logs = list(join(events(first[0], second[0], "bare", second[1], first[1])))
    assert [log.parsed.text for log in logs] == ["a1 a2", "b1 b2", "bare"]
    assert [[event.id for event in log.events] for log in logs] == [["0", "4"], ["1", "3"], ["2"]]


def test_a_line_whose_end_is_late_or_missing_becomes_a_log_without_it() -> None:
    beginning, end = CUTS["cri"]
    assert [len(log.events) for log in join(events(beginning, end, gap=1001))] == [1, 1]
    assert [log.parsed.text for log in join(events(beginning))] == ['{"level":"error","message":"order']
    assert [log.parsed.text for log in join(events(end))] == ['refused"}']


def test_a_line_of_too_many_parts_is_continued_in_further_logs() -> None:
    part = "2026-11-03T10:00:00.1Z stdout P x"
    end = "2026-11-03T10:00:00.1Z stdout F !"
    logs = list(join(events(*[part] * (MAX_JOINED_EVENTS + 5), end)))
    assert [len(log.events) for log in logs] == [MAX_JOINED_EVENTS, 6]
    assert [log.continues for log in logs] == [None, logs[0].parsed]
    assert "".join(log.parsed.text for log in logs) == "x" * (MAX_JOINED_EVENTS + 5) + "!"


def test_a_line_that_is_too_long_is_continued_in_further_logs() -> None:
    part = "2026-11-03T10:00:00.1Z stdout P " + "x" * 16_000
    logs = list(join(events(*[part] * 40)))
    assert all(len(log.parsed.text) <= MAX_JOINED_BYTES for log in logs)
    assert sum(len(log.parsed.text) for log in logs) == 40 * 16_000


def replace_secret(text: str) -> str:
    return text.replace("hunter2", "[redacted]")


@pytest.mark.parametrize(
    "parts",
    [
        [firelens_part("password hun", 1), firelens_part("ter2 of ", 2), firelens_part("Ada", 3, last=True)],
        [
            "2026-11-03T10:00:00.1Z stdout P password hun",
            "2026-11-03T10:00:00.1Z stdout P ter2 of ",
            "2026-11-03T10:00:00.1Z stdout F Ada",
        ],
    ],
)
def test_a_secret_across_a_cut_is_redacted_everywhere(parts: list[str]) -> None:
    [log] = join(events(*parts), replace_secret)
    assert log.parsed.text == "password [redacted] of Ada"
    assert [event.id for event in log.events] == ["0", "1", "2"]
    assert [event.message for event in log.events[1:]] == ["", ""]
    again = list(join(log.events, replace_secret))
    assert [found.parsed.text for found in again] == ["password [redacted] of Ada", "", ""]


def test_raw_events_stay_unchanged_without_a_secret_across_a_cut() -> None:
    given_events = events(*CUTS["cri"])
    [log] = join(given_events, replace_secret)
    assert log.events == tuple(given_events)


def test_a_secret_across_a_cut_is_redacted_in_a_raw_event_of_unusual_shape() -> None:
    first, second = events(firelens_part("hun", 1), firelens_part("ter2", 2, last=True))
    raw = {**first.raw, "extractedFields": {"a": "b"}}
    odd = UnusualEvent(first.id, first.timestamp, first.message, raw)
    [log] = join([odd, second], replace_secret)
    assert log.events[0].raw["message"] == log.events[0].message
    assert log.events[0].raw["extractedFields"] == {"a": "b"}
    assert "hun" not in str([event.raw for event in log.events])


def test_a_part_whose_text_was_replaced_is_no_longer_a_part() -> None:
    assert unwrap(rewrap(firelens_part("a", 1), "b")) == unwrap(
        record("b", source="stdout", container_id="4a7c")
    )
    assert rewrap("2026-11-03T10:00:00.1Z stdout P a", "b") == "2026-11-03T10:00:00.1Z stdout F b"


def test_a_wrapper_that_is_nested_too_deep_is_left_out() -> None:
    message = '{"log": "a", "stream": "stdout", "x": ' + "[" * 300 + "]" * 300 + "}"
    assert rewrap(message, "b") == "b"


# --- several writers in one log stream ---


def test_lines_of_two_writers_are_kept_apart() -> None:
    first = "java.lang.IllegalStateException: no stock"
    frame = "\tat shop.Stock.take(Stock.java:12)"
    lines = [
        record(first, stream="stderr", container_name="a"),
        record("order 17 placed", stream="stdout", container_name="a"),
        record(first, stream="stderr", container_name="b"),
        record(frame, stream="stderr", container_name="a"),
        record(frame, stream="stderr", container_name="b"),
    ]
    logs = list(join(events(*lines)))
    assert [log.parsed.text for log in logs] == [f"{first}\n{frame}", "order 17 placed", f"{first}\n{frame}"]
    assert [[event.id for event in log.events] for log in logs] == [["0", "3"], ["1"], ["2", "4"]]


@given(st.lists(st.sampled_from(sorted(WRAPPERS)) | st.none(), max_size=12), st.text(max_size=20))
def test_no_event_is_lost_or_doubled(names: list[str | None], text: str) -> None:
    given_events = events(*(text if name is None else WRAPPERS[name](text) for name in names))
    logs = list(join(given_events))
    assert sorted(event.id for log in logs for event in log.events) == sorted(
        event.id for event in given_events
    )
    firsts = [int(log.events[0].id) for log in logs]
    assert firsts == sorted(firsts)


# --- hostile input ---


@given(st.text())
@example("{" * 5000)
@example('{"log":' * 500)
@example('{"log":"' + "\\" * 100)
def test_no_text_raises(text: str) -> None:
    unwrap(text)
    for wrap in WRAPPERS.values():
        unwrap(wrap(text))


@given(st.sampled_from(sorted(WRAPPERS)), st.text())
def test_the_prefilter_lets_every_wrapped_text_through(name: str, text: str) -> None:
    assert may_be_wrapped(WRAPPERS[name](text))


@given(
    st.sampled_from(sorted(WRAPPERS)),
    st.integers(0, 80),
    st.integers(0, 2),
    st.sampled_from(
        ["", " ", "[", "]:", "T", "Z", "-", "7", "٣", "é", ":", "|", "<", "\n", "log", "\\u006c"]
    ),
)
def test_what_the_prefilter_excludes_is_in_no_wrapper(
    name: str, place: int, removed: int, added: str
) -> None:
    whole = WRAPPERS[name]("order 17 placed")
    message = whole[:place] + added + whole[place + removed :]
    assert may_be_wrapped(message) or unwrap(message) is None
    assert parse(message).wrapper is None or unwrap(message) is not None


HOSTILE = [
    "2026-11-03T10:00:00.1Z stderr ",
    "Nov  3 10:00:00 a b",
    "<11>1 2026-11-03T10:00:00Z a b c d [",
    '<11>1 - a b c d [a b="',
    "web_",
    "a ",
    '[03-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into stderr: "',
    f"[{REQUEST}] ",
    f"[{REQUEST}] a\n",
    "[pod/a",
    "\x1b[1m",
    '{"log":{',
]


@pytest.mark.parametrize("shape", HOSTILE)
def test_the_work_grows_no_faster_than_the_input(shape: str) -> None:
    """Four times the input takes about four times as long; a quadratic pattern would take sixteen times."""

    def seconds(characters: int) -> float:
        text = (shape * (characters // len(shape) + 1))[:characters]
        gc.disable()
        try:
            start = process_time()
            for _ in range(20):
                unwrap(text)
            return process_time() - start
        finally:
            gc.enable()

    short = min(seconds(32 * 1024) for _ in range(3))
    assert min(seconds(128 * 1024) for _ in range(3)) < 10 * short + 0.02
