"""Stack traces are joined; the samples in `stack_traces/` are as their runtime writes them."""

import gc
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.stack_traces import (
    MAX_GAP_MILLISECONDS,
    MAX_JOINED_BYTES,
    MAX_JOINED_EVENTS,
    Log,
    join,
)

NOW = 1_793_700_000_000
ID = "6573a3a0-2fb1-4e78-a582-2c769282e0bd"
TRACES = {
    path.stem: path.read_text().rstrip().split("\n")
    for path in Path(__file__).parent.glob("stack_traces/*.txt")
}
LANGUAGES = {
    *("python", "java", "javascript", "dotnet", "go", "ruby", "php", "rust"),
    *("elixir", "dart", "perl", "swift", "lua"),
}
ONE_OF_EACH_LANGUAGE = sorted({name.partition("_")[0]: name for name in reversed(TRACES)}.values())
WHERE_THE_EXCEPTION_BEGINS = {
    "python": "Traceback (most recent call last):",
    "python_exception_group": "Traceback (most recent call last):",
    "java": "java.lang.IllegalStateException: checkout failed",
    "java_spring_boot": "java.lang.IllegalStateException: checkout failed",
    "java_uncaught": "java.lang.IllegalStateException: checkout failed",
    "javascript_with_cause": "Error: checkout failed",
    "javascript_uncaught": "Error: disk",
    "dotnet": "System.InvalidOperationException: checkout failed",
    "dotnet_uncaught": "System.InvalidOperationException: checkout failed",
    "go": "panic: runtime error",
    "go_http": "2026/11/03 10:00:00 http: panic serving",
    "go_zap": "2026-11-03T10:00:00.915Z\tERROR",
    "go_errors": "2026/11/03 10:00:00 checkout failed: no such price",
    "ruby": "/app/shop.rb:3:in `fetch': key not found: :price (KeyError)",
    "ruby_rails": "ActiveRecord::RecordNotFound (Couldn't find Order",
    "ruby_error_highlight": "/app/shop.rb:3:in 'Shop#price': undefined method",
    "php": "RuntimeException: checkout failed in /app/shop.php:7",
    "php_laravel": "[2026-11-03 10:00:00] production.ERROR",
    "rust": "thread 'main'",
    "rust_anyhow": "Error: cannot start the shop",
    "rust_eyre": "thread 'main' panicked at",
    "elixir": "** (FunctionClauseError) no function clause",
    "dart": "FormatException: Unexpected character",
    "perl": "checkout failed: no price at /app/lib/Shop.pm line 12.",
    "swift": "Shop/Prices.swift:12: Fatal error",
    "lua": "lua: shop.lua:3: attempt to index a nil value",
    "java_jackson": "java.lang.IllegalStateException: cannot read",
    "java_reactor": "java.lang.IllegalStateException: boom",
    "java_pyspark": "org.apache.spark.api.python.PythonException: Traceback",
    "java_util_logging": "java.lang.IllegalStateException: no stock",
    "javascript_circular": "TypeError: Converting circular structure to JSON",
    "javascript_prisma": "PrismaClientKnownRequestError:",
    "dotnet_sqlclient": "Microsoft.EntityFrameworkCore.DbUpdateException: An error occurred.",
    "dotnet_fluentvalidation": "FluentValidation.ValidationException: Validation failed:",
    "python_sqlalchemy": "Traceback (most recent call last):",
    "python_postgresql": "Traceback (most recent call last):",
    "python_loguru": "Traceback (most recent call last):",
    "python_pydantic": "Traceback (most recent call last):",
    "ruby_rails_view": "ActionView::Template::Error (undefined method",
}
UNRELATED = [
    "GET /health 200 3ms",
    "2026-11-03T10:00:00Z INFO order 17 placed",
    "Done",
    'INFO: 10.0.0.1:5123 - "GET / HTTP/1.1" 200 OK',
    '{"level":"info","msg":"order placed"}',
    f"START RequestId: {ID} Version: $LATEST",
    f"REPORT RequestId: {ID}\tDuration: 3.21 ms\tStatus: error\tError Type: Runtime.ExitError",
    "  indented, but no trace",
    "   at least 3 (of 5) workers are up",
    "\tat the station",
    "#1 in the list",
    "panic buying of hats",
    "goroutine pool started",
    "[stacktrace] is a word",
    "/healthz is up",
    "Traceback",
    '10.0.0.7 - - [03/Nov/2026:10:00:00 +0000] "GET /error HTTP/1.1" 500 12',
    "10:00:00 DEBUG retry after error",
    "  warnings.warn(",
    "shop.example.com",
    '> File "shop.py" was changed',
]


def events(messages: Iterable[str], gap: int = 0) -> list[LogEvent]:
    return [event(str(number), NOW + number * gap, message) for number, message in enumerate(messages)]


def event(identifier: str, timestamp: object, message: str) -> LogEvent:
    return LogEvent(identifier, timestamp, message)


def texts(logs: Iterable[Log]) -> list[str]:
    return [log.parsed.text for log in logs]


def test_every_language_has_a_sample_trace() -> None:
    assert {name.partition("_")[0] for name in TRACES} == LANGUAGES
    assert TRACES.keys() == WHERE_THE_EXCEPTION_BEGINS.keys()


# --- one event for each line ---


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("blank_lines", [True, False], ids=["blank lines kept", "blank lines left out"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_trace_written_line_by_line_is_one_log(name: str, blank_lines: bool, ending: str) -> None:
    lines = [line for line in TRACES[name] if blank_lines or line]
    [log] = join(events(line + ending for line in lines))
    assert [event.message for event in log.events] == [line + ending for line in lines]
    assert log.parsed.text == "\n".join(line.rstrip() for line in lines)
    assert log.exception is not None
    assert log.exception.startswith(WHERE_THE_EXCEPTION_BEGINS[name])
    assert log.parsed.text.endswith(log.exception)
    assert log.continues is None


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("around", UNRELATED)
def test_events_before_and_after_a_trace_stay_apart(name: str, around: str) -> None:
    logs = list(join(events([around, *TRACES[name], around])))
    assert texts(logs) == [around.rstrip(), "\n".join(TRACES[name]).rstrip(), around.rstrip()]


@pytest.mark.parametrize("name", TRACES)
def test_two_consecutive_traces_are_two_logs(name: str) -> None:
    trace = "\n".join(TRACES[name])
    assert texts(join(events([*TRACES[name], "order 18 placed", *TRACES[name]]))) == [
        trace,
        "order 18 placed",
        trace,
    ]


@pytest.mark.parametrize("first", ONE_OF_EACH_LANGUAGE)
@pytest.mark.parametrize("second", TRACES)
def test_traces_of_two_languages_stay_apart(first: str, second: str) -> None:
    logs = list(join(events([*TRACES[first], "order 18 placed", *TRACES[second]])))
    assert texts(logs) == ["\n".join(TRACES[first]), "order 18 placed", "\n".join(TRACES[second])]


def test_interleaved_traces_of_two_streams_do_not_mix() -> None:
    """Each stream has a payload of its own, in whatever order the lines were written."""
    python, java = events(TRACES["python"], gap=2), events(TRACES["java"], gap=2)
    streams = [join(python), join(java)]
    assert [texts(stream) for stream in streams] == [
        ["\n".join(TRACES["python"])],
        ["\n".join(TRACES["java"])],
    ]


@pytest.mark.parametrize("message", UNRELATED)
def test_ordinary_events_are_logs_of_their_own(message: str) -> None:
    assert texts(join(events([message] * 3))) == [message] * 3
    assert texts(join(events(["ERROR checkout failed", message, message]))) == [
        "ERROR checkout failed",
        message,
        message,
    ]


def test_the_log_line_above_belongs_to_the_trace_only_if_it_reports_an_error() -> None:
    trace = TRACES["python"][1:]
    assert len(list(join(events(["ERROR checkout failed", *trace])))) == 1
    assert len(list(join(events(["INFO checkout started", *trace])))) == 2


@pytest.mark.parametrize(
    "unrelated",
    [
        "INFO: import done, 0 errors",
        'INFO:werkzeug:10.0.0.1 - - [31/Jan/2026 16:10:26] "GET /error HTTP/1.1" 500 -',
        "2026-01-01 10:00:00.001 INFO  [t2] b.B - failed over, continuing",
        "2026-01-01 10:00:00.001 DEBUG [t2] b.B - exception follows",
        "order 17 failed",
        "all of it was unhandled before.",
    ],
)
@pytest.mark.parametrize("trace", ["python", "java", "python_sqlalchemy", "javascript_circular"])
def test_an_unrelated_line_above_a_trace_stays_apart(unrelated: str, trace: str) -> None:
    lines = TRACES[trace][1:] if trace in ("python", "java") else TRACES[trace]
    logs = list(join(events([unrelated, *lines])))
    assert texts(logs) == [unrelated, "\n".join(lines)]


@pytest.mark.parametrize(
    "log_line",
    [
        "WARN order 17 failed",
        "2026-01-01 10:00:00.001 ERROR [t1] a.A - order 1 refused",
        "[2026-01-01 10:00:00,123] ERROR in app: Exception on /x [POST]",
        "Order 17 could not be placed:",
        "Retrying …",
        "Unhandled exception",
    ],
)
def test_a_warning_or_an_unfinished_line_belongs_to_the_trace_below(log_line: str) -> None:
    for lines in (TRACES["python"][1:], TRACES["java"][1:]):
        [log] = join(events([log_line, *lines]))
        assert log.exception == "\n".join(lines)
        assert [part.text for part in log.parts] == [log_line, log.exception]


def test_an_unfinished_line_does_not_join_frames_without_an_exception() -> None:
    lines = ["Call stack:", '  File "/var/runtime/bootstrap.py", line 60, in <module>', "    main()"]
    assert texts(join(events(lines))) == [lines[0], "\n".join(lines[1:])]


def test_go_frames_belong_to_the_line_above_unless_its_level_is_information() -> None:
    frames = TRACES["go_zap"][1:]
    for error in (
        '1.6836474195594983e+09\tERROR\tReconciler error\t{"controller": "repository"}',
        "E1103 10:00:00.649283       1 controller.go:316] no such price",
        "2026/11/03 10:00:00 checkout failed",
        "no such price",
    ):
        [log] = join(events([error, *frames]))
        assert log.exception == "\n".join([error, *frames])
    served = "I1103 10:00:00.997176       1 main.go:242] Listening securely on 0.0.0.0:8443"
    assert texts(join(events([served, *frames]))) == [served, "\n".join(frames)]


def test_go_frames_need_a_function_above_each() -> None:
    frames = ["main.price", "\t/app/main.go:9"]
    for line in ("shop.example.com", "no such price", "\t/app/main.go:9"):
        assert texts(join(events([*frames, line]))) == ["\n".join(frames), line]
        assert texts(join(events([*frames, line, line]))) == ["\n".join(frames), line, line]
    assert texts(join(events([*frames, *frames]))) == ["\n".join([*frames, *frames])]


def test_the_message_of_an_outer_go_error_is_a_line_without_a_header() -> None:
    lines = ["no such price", "main.price", "\t/app/main.go:9"]
    outer = ["cannot take the order", "main.main", "\t/app/main.go:22"]
    assert texts(join(events([*lines, *outer]))) == ["\n".join([*lines, *outer])]
    outer[0] = "2026/11/03 10:00:00 cannot take the order"
    assert texts(join(events([*lines, *outer]))) == ["\n".join(lines), "\n".join(outer)]


def test_causes_of_rust_belong_to_the_line_above_unless_its_level_is_information() -> None:
    causes = ["Caused by:", "    No such file or directory (os error 2)"]
    for error in ("2026-11-03T10:00:00.123Z ERROR shop: cannot start", "cannot start", "Error: cannot start"):
        for blank in ([], [""]):
            lines = [error, *blank, *causes]
            [log] = join(events(lines))
            assert log.exception is not None
            assert log.exception.endswith("cannot start\n" + "\n".join([*blank, *causes]))
    served = "2026-11-03T10:00:00.123Z  INFO shop: started"
    assert texts(join(events([served, *causes, "order 18 placed"]))) == [
        served,
        "\n".join(causes),
        "order 18 placed",
    ]


def test_an_exception_of_ruby_without_callers_has_the_source_below_it() -> None:
    lines = TRACES["ruby_error_highlight"][:5]
    assert texts(join(events([*lines, "order 18 placed"]))) == ["\n".join(lines), "order 18 placed"]
    assert texts(join(events([lines[0], "order 18 placed"]))) == [lines[0], "order 18 placed"]


@pytest.mark.parametrize("name", ["NoMethodError", "Errno::ENOENT", "Shop::SoldOut"])
def test_an_exception_of_ruby_in_a_relative_path_is_found_above_its_message(name: str) -> None:
    lines = [line.replace("/app/", "") for line in TRACES["ruby_error_highlight"]]
    lines[0] = lines[0].replace("NoMethodError", name)
    for message in ([], ["for item 17"], lines[1:6]):
        trace = [lines[0], *message, *lines[6:]]
        logs = list(join(events(["order 17 placed", *trace])))
        assert texts(logs) == ["order 17 placed", "\n".join(trace)]
        assert logs[1].exception == "\n".join(trace)


def test_two_exceptions_of_ruby_stay_apart_although_a_message_may_have_several_lines() -> None:
    first, *caller = "/app/shop.rb:3:in 'price': sold out (RuntimeError)", "\tfrom shop.rb:12:in '<main>'"
    for second in (first, first.removeprefix("/app/")):
        logs = join(events([first, "order 17 placed", second, *caller]))
        assert texts(logs) == [first, "order 17 placed", "\n".join([second, *caller])]


def test_traces_of_two_threads_stay_apart() -> None:
    frames = ["\tat shop.Stock.take(Stock.java:12)", "\tat shop.Orders.place(Orders.java:40)"]
    first = 'Exception in thread "t1" java.lang.IllegalStateException: no stock'
    second = 'Exception in thread "t2" java.lang.IllegalArgumentException: no hat'
    assert texts(join(events([first, second, *frames]))) == [first, "\n".join([second, *frames])]
    assert texts(join(events([first, frames[0], second, frames[0], frames[1]]))) == [
        "\n".join([first, frames[0]]),
        "\n".join([second, *frames]),
    ]
    log_lines = [f"2026-01-01 10:00:00.001 ERROR [{thread}] a.A - refused" for thread in ("t1", "t2")]
    assert texts(join(events([*log_lines, first, frames[0], second, frames[0]]))) == [
        log_lines[0],
        log_lines[1],
        "\n".join([first, frames[0]]),
        "\n".join([second, frames[0]]),
    ]


def test_a_trace_right_after_another_is_a_log_of_its_own() -> None:
    lines = TRACES["python"][1:]
    assert texts(join(events([*lines, *lines]))) == ["\n".join(lines)] * 2


def test_a_log_line_among_the_lines_of_a_message_ends_it() -> None:
    lines = [
        "java.lang.IllegalStateException: first line",
        "second line",
        "2026-01-01 10:00:00.001 INFO  [t2] b.B - order 17 placed",
        "\tat shop.Stock.take(Stock.java:12)",
        "Caused by: java.lang.IllegalArgumentException: first line",
        "10:00:00 DEBUG order 18 placed",
        "\tat shop.Orders.place(Orders.java:40)",
    ]
    assert texts(join(events(lines))) == [*lines[:3], "\n".join(lines[3:5]), *lines[5:]]


def test_a_structured_log_above_a_trace_stays_apart() -> None:
    assert len(list(join(events(['{"level":"error","msg":"failed"}', *TRACES["java_uncaught"]])))) == 2


def test_an_event_of_several_lines_stays_apart() -> None:
    whole = "\n".join(TRACES["python"])
    assert texts(join(events([whole, *TRACES["python"], whole]))) == [whole, whole, whole]


def test_the_request_id_of_the_first_line_is_that_of_the_log() -> None:
    first = f"2026-11-03T10:00:00.123Z\t{ID}\tERROR\tError: disk"
    [log] = join(events([first, "    at write (/app/shop.js:3:77)", "    at run (/app/shop.js:9:1)"]))
    assert (log.parsed.runtime_level, log.parsed.request_id) == ("ERROR", ID)
    assert log.exception == "Error: disk\n    at write (/app/shop.js:3:77)\n    at run (/app/shop.js:9:1)"


# --- time ---


@pytest.mark.parametrize("name", TRACES)
def test_lines_up_to_a_second_apart_belong_together(name: str) -> None:
    assert len(list(join(events(TRACES[name], gap=MAX_GAP_MILLISECONDS)))) == 1


@pytest.mark.parametrize("name", TRACES)
def test_lines_more_than_a_second_apart_stay_apart(name: str) -> None:
    logs = list(join(events(TRACES[name], gap=MAX_GAP_MILLISECONDS + 1)))
    assert [len(log.events) for log in logs] == [1] * len(TRACES[name])


@pytest.mark.parametrize("timestamp", [None, "1793700000000", 1.5, NOW - 1])
def test_a_line_without_a_time_or_with_an_earlier_one_joins_no_trace(timestamp: object) -> None:
    first, *rest = TRACES["java_uncaught"]
    logs = list(join([event("0", NOW, first), *(event("1", timestamp, line) for line in rest)]))
    assert texts(logs)[0] == first


# --- limits ---


def test_a_trace_of_too_many_lines_is_continued_in_further_logs() -> None:
    lines = ["java.lang.StackOverflowError"] + ["\tat com.example.Shop.price(Shop.java:12)"] * (
        2 * MAX_JOINED_EVENTS
    )
    logs = list(join(events(lines)))
    assert [len(log.events) for log in logs] == [MAX_JOINED_EVENTS, MAX_JOINED_EVENTS, 1]
    assert [log.continues for log in logs] == [None, logs[0].parsed, logs[0].parsed]
    assert all(log.exception for log in logs)


def test_a_trace_that_is_too_long_is_continued_in_further_logs() -> None:
    lines = ["java.lang.IllegalStateException: ä"] + ["\tat com.example.Shop.price(" + "ä" * 10_000] * 50
    logs = list(join(events(lines)))
    assert len(logs) == 4
    assert all(len(log.parsed.text.encode()) <= MAX_JOINED_BYTES for log in logs)
    assert "\n".join(texts(logs)) == "\n".join(lines)
    assert [log.continues for log in logs] == [None] + [logs[0].parsed] * 3


def test_frames_at_the_start_of_a_payload_continue_the_trace_of_the_previous_one() -> None:
    lines = TRACES["java"][3:]
    [log] = join(events(lines))
    assert log.continues == log.parsed
    assert log.exception == "\n".join(lines)


def test_frames_elsewhere_without_an_exception_are_a_log_of_their_own() -> None:
    frames = ["\tat com.example.Shop.price(Shop.java:12)", "\tat com.example.Shop.main(Shop.java:4)"]
    logs = list(join(events(["order 17 placed", *frames])))
    assert texts(logs) == ["order 17 placed", "\n".join(frames)]
    assert logs[1].continues is None


# --- one event of several lines ---


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_an_event_of_several_lines_has_its_exception(name: str, line_end: str) -> None:
    [log] = join(events([line_end.join(TRACES[name])]))
    assert log.exception is not None
    assert log.exception.startswith(WHERE_THE_EXCEPTION_BEGINS[name])
    assert log.parsed.text.endswith(log.exception)


def test_an_exception_after_a_runtime_prefix_is_found() -> None:
    [log] = join(
        events([f"2026-11-03T10:00:00.123Z\t{ID}\tERROR\tError: disk\n    at write (/app/shop.js:3:77)\n"])
    )
    assert log.exception == "Error: disk\n    at write (/app/shop.js:3:77)"


def test_an_exception_logged_by_the_python_lambda_runtime_is_found() -> None:
    message = (
        "[ERROR] KeyError: 'price'\nTraceback (most recent call last):\n"
        '\xa0\xa0File "/var/task/app.py", line 3, in handler\n\xa0\xa0\xa0\xa0order["price"]\n'
    )
    [log] = join(events([message]))
    assert log.exception == message.removeprefix("[ERROR] ").rstrip()


@pytest.mark.parametrize(
    "message",
    [
        "SELECT *\n  FROM orders\n WHERE id = 17",
        '{\n  "at": "a.b(c)"',
        "Usage:\n  shop [options]\n\n    at least one option",
        "one line of Error: x",
    ],
)
def test_text_of_several_lines_without_a_trace_has_no_exception(message: str) -> None:
    [log] = join(events([message]))
    assert log.exception is None


# --- hostile input ---

HOSTILE = [
    "\n",
    "      x\n   at a.b(\n",
    "   ^\n\nError: x\n    at a.b(\n",
    "A (A (A (A (A (A)\n\n/a.rb:1:in `x'\n\n",
    "A.A$" * 400 + "Error_\n\tat a.b(\n",
    "Traceback (most recent call last):\n  x\n\n\n",
    "panic: \n\ngoroutine 1 [running]:\n",
    "#0 {main}\n\n",
    "thread 'a' panicked at \n",
    "/a.rb:1:in `x': (E)\n" + "x\n" * 20,
    "a.rb:1:in `" + "(A" * 50 + "\n\tfrom a.rb:1:in \n",
    "/a.rb:1:in `x': (E)\nx\n^\n",
    "Caused by:\n",
    "x\n\nCaused by:\n    Error: x\n",
    "\n\nCaused by:\n",
    "\t/a.go:1\n",
    "a.b\n\t/a.go:1\n",
    "x\na.b\n\t/a.go:1\n",
    "a.b" * 100 + "!\n\t/a.go:1\n",
    "\t/" + ".go:1" * 100 + "x\n",
    'Traceback (most recent call last):\n> File "' + "a" * 100 + "\n",
    "at a.b",
    "    at " + "a" * 500,
]


@pytest.mark.parametrize("shape", HOSTILE)
@pytest.mark.parametrize("line_by_line", [True, False])
def test_the_work_grows_no_faster_than_the_input(shape: str, line_by_line: bool) -> None:
    """Four times the input takes about four times as long; a quadratic pattern would take sixteen times."""

    def seconds(characters: int) -> float:
        text = (shape * (characters // len(shape) + 1))[:characters]
        given_events = events(text.split("\n") if line_by_line else [text])
        gc.disable()  # how often the garbage collector runs depends on what other tests left in memory
        try:
            start = process_time()
            list(join(given_events))
            return process_time() - start
        finally:
            gc.enable()

    short = min(seconds(32 * 1024) for _ in range(3))
    assert min(seconds(128 * 1024) for _ in range(3)) < 10 * short + 0.02


# --- every event once, in order ---

LINES = st.sampled_from(
    [line for trace in TRACES.values() for line in trace] + UNRELATED + ["", " ", "\n", "a\nb"]
)


@given(
    st.lists(st.tuples(LINES | st.text(max_size=20), st.sampled_from([0, 1, 1000, 1001, -1])), max_size=60)
)
def test_no_event_is_lost_or_doubled_or_moved(lines: list[tuple[str, int]]) -> None:
    clock, number = NOW, count()
    given_events = []
    for line, step in lines:
        clock += step
        given_events.append(event(str(next(number)), clock, line))
    logs = list(join(given_events))
    assert [event for log in logs for event in log.events] == given_events
    assert all(log.events for log in logs)


@given(st.lists(st.sampled_from(sorted(TRACES)), max_size=5))
def test_traces_apart_in_time_are_separate_logs(names: list[str]) -> None:
    given_events = [
        event(f"{number}.{line}", NOW + number * 5000, text)
        for number, name in enumerate(names)
        for line, text in enumerate(TRACES[name])
    ]
    assert texts(join(given_events)) == ["\n".join(TRACES[name]) for name in names]


@given(st.lists(st.text()))
def test_no_text_raises(messages: list[str]) -> None:
    assert sum(len(log.events) for log in join(events(messages))) == len(messages)
