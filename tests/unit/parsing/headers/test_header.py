"""The header of a line: time, level, thread, logger, and where the text begins."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.parsing.headers import header
from loginformant_shipper.parsing.headers.header import Header, find_level, find_plain_level, read_header
from loginformant_shipper.parsing.headers.items import MAX_HEADER


@pytest.mark.parametrize(
    ("line", "level", "time", "thread", "logger", "text"),
    [
        (
            "2026-03-01 10:20:30.123 ERROR 7 --- [nio-1] c.s.Orders : java.lang.X: y",
            "Error",
            "2026-03-01 10:20:30.123",
            "nio-1",
            "c.s.Orders",
            "java.lang.X: y",
        ),
        (
            "10:20:30.123 [main] INFO  c.s.Orders - x",
            "Information",
            "10:20:30.123",
            "main",
            "c.s.Orders",
            "x",
        ),
        (
            "2026-03-01 10:20:30 [error-1] WARN late",
            "Warning",
            "2026-03-01 10:20:30",
            "error-1",
            None,
            "late",
        ),
        ("2026-03-01 10:20:30,123 - shop - ERROR - x", "Error", "2026-03-01 10:20:30,123", None, "shop", "x"),
        ("ERROR:orders:no stock", "Error", None, None, "orders", "no stock"),
        ("[ERROR] KeyError: 7", "Error", None, None, None, "KeyError: 7"),
        ("ERROR KeyError: 7", "Error", None, None, None, "KeyError: 7"),
        ("I0301 10:20:30.123 7 orders.go:12] x", "Information", "10:20:30.123", None, None, "x"),
        (
            "[2026-03-01 10:20:30,123: WARNING/Fork-1] x",
            "Warning",
            "2026-03-01 10:20:30,123",
            None,
            None,
            "x",
        ),
        (
            "Mar  1 10:20:30 web1 shop[7]: fatal: no socket",
            "Fatal",
            "Mar  1 10:20:30",
            None,
            "shop",
            "no socket",
        ),
        ("[Sun Mar 01 10:20:30 2026] [core:error] [pid 7] x", "Error", "10:20:30", "pid 7", None, "x"),
    ],
)
def test_a_header_with_a_level_is_read(
    line: str, level: str, time: str | None, thread: str | None, logger: str | None, text: str
) -> None:
    header = read_header(line)
    assert header.level is not None
    assert (header.level.level, header.time, header.thread, header.logger) == (level, time, thread, logger)
    assert line[header.text_start :] == text


@pytest.mark.parametrize(
    ("line", "time", "text"),
    [
        (
            "Mar  1 10:20:30 ip-10-0-0-1 web[7]: Traceback (most recent call last):",
            "Mar  1 10:20:30",
            "Traceback (m",
        ),
        (
            "2026-03-01T10:20:30.123456789Z stderr F KeyError: 7",
            "2026-03-01T10:20:30.123456789Z",
            "KeyError: 7",
        ),
        ('2026-03-01T10:20:30Z stdout P {"level":"er', "2026-03-01T10:20:30Z", '{"level":"er'),
        ('Mar  1 10:20:30 ip-10-0-0-1 web:{"level":"error"}', "Mar  1 10:20:30", '{"level":"error"}'),
        ("orders-1  | java.lang.IllegalStateException: no stock", None, "java.lang.Il"),
        ("[7f8f84ce-d134-4b77] ActionView::Template::Error (no stock):", None, "ActionView::"),
        (
            "2026-03-01 10:20:30 java.lang.IllegalStateException: no stock",
            "2026-03-01 10:20:30",
            "java.lang.Il",
        ),
        ("2026-03-01 10:20:30 level=info msg=x", "2026-03-01 10:20:30", "level=info m"),
        ("2026-03-01 10:20:30 the order 7 was taken", "2026-03-01 10:20:30", "the order 7 "),
        ("the order 7 was taken", None, "the order 7 "),
        ("KeyError: 7", None, "KeyError: 7"),
        ("\tat shop.Stock.take(Stock.java:12)", None, "\tat shop.Sto"),
        ("", None, ""),
    ],
)
def test_a_header_without_a_level_ends_where_the_text_begins(line: str, time: str | None, text: str) -> None:
    header = read_header(line)
    assert (header.level, header.time) == (None, time)
    assert line[header.text_start :].startswith(text)
    assert bool(text) == bool(line)


@given(st.text(alphabet=st.sampled_from("aAeErRoOiInNfF01 \t[](){}<>|:;,.-=*#/\"'2é"), max_size=80))
def test_every_line_has_a_header_within_it(line: str) -> None:
    header = read_header(line)
    assert isinstance(header, Header)
    assert 0 <= header.text_start <= len(line)
    if not line[:1].isspace():
        assert header.level == find_level(line)


def test_a_header_ends_within_the_first_characters() -> None:
    assert find_level("2026-03-01 10:20:30 orders." + "x" * MAX_HEADER + " [ERROR] no stock") is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-03-01 10:20:30 error was placed here", "Error"),
        ("2026-03-01 10:20:30 app.orders Order was error : here", "Error"),
        ("2026-03-01 10:20:30 [error] Order was placed here", "Error"),
        ("2026-03-01 10:20:30 app.ERROR Order was placed here", "Error"),
        ("2026-03-01 10:20:30.123456 ffffabcdefab 10 some text here", "Debug"),  # Ceph
        ("2026-03-01 10:20:30 web api main E0301 10:20:30.123456 7 orders.go:7] here", "Error"),  # glog
        ("2026-03-01 10:20:30 Sat Mar app ERROR here", "Error"),
        ("2026-03-01 10:20:30 Order 10:20:30 was ERROR here", "Error"),
    ],
)
def test_a_level_before_the_third_plain_word_is_read(line: str, level: str) -> None:
    found = find_level(line)
    assert found is not None
    assert found.level == level


@pytest.mark.parametrize("line", ["LOG 20250304.1 failed", "AUDIT 1741083072345678,orders,7"])
def test_a_number_after_a_word_that_is_seldom_a_level_is_no_time(line: str) -> None:
    assert find_level(line) is None


def test_a_dated_sentence_is_not_read_item_by_item() -> None:
    with patch.object(header, "HeaderWalk", side_effect=AssertionError):
        assert find_level("2026-03-01 10:20:30,123 app.orders Order 7 was taken [INFO]") is None
        assert find_level("2026-03-01 10:20:30 Two errors were found: 7 [ERROR]") is None


PIECES = (
    *(
        "2026-03-01 10:20:30",
        "10:20:30.123",
        "2026-03-01T10:20:30Z",
        "[10:20:30",
        "[",
        "] ",
        "(",
        ") ",
        " ",
        "  ",
    ),
    *(
        "|",
        " - ",
        ": ",
        ":",
        "[main] ",
        "[T] ",
        "[error] ",
        "orders",
        " - orders - ",
        " - c.acme.Stock - ",
        "T",
        "Z",
    ),
    *(
        "ERROR",
        "INFO",
        "WARN",
        "info",
        "TRACE",
        "LOG",
        "shop.ERROR: ",
        "shop.LOG: ",
        "7",
        "/",
        "<",
        ">",
        "\t",
        "X",
    ),
    *("[Sun Mar 01 10:20:30.123 2026] ", "10-Mar-2026 10:20:30.123 ", "UTC "),
    *("[core:error] ", "[critic:err] ", "queries: ", "info: ", "fatal: ", "error/", "information", "0"),
    *("[Warning] ", "[Note] ", "| JMX | ", "| WARN |", "[my id] ", "- ", "TRACE | WARN | (", "errors: "),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
def test_the_shortcut_gives_the_level_of_the_full_reading(line: str) -> None:
    if (plain := find_plain_level(line)) and not line[:1].isspace():
        mark = find_level(line)
        assert mark is not None
        assert (mark.level, mark.certain) == (plain.level, True)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-03-01 10:20:30.123 ERROR c.acme.Stock - x", "Error"),
        ("10:20:30 [http-1] WARN  c.acme.Stock - x", "Warning"),
        ("2026-03-01 10:20:30,123 - c.acme.stock - DEBUG - x", "Debug"),
        ("TRACE: x", "Debug"),
        ("2026-03-01 10:20:30 UTC:10.0.2.15(52144):app@orders:[7713]:FATAL:  x", "Fatal"),
        ("2026-03-01 10:20:30 UTC:10.0.2.15(52144):[unknown]@[unknown]:[7713]:LOG:  x", "Information"),
        ("2026-03-01 10:20:30 UTC::@:[402]:DETAIL:  x", "Information"),
        ("2026/03/01 10:20:30 [crit] 7#7: x", "Fatal"),
        ("[2026-03-01T10:20:30+00:00] shop.ALERT: x", "Fatal"),
        ("2026-03-01T10:20:30.123Z\tINFO\torders\tx", "Information"),
        ("2026-03-01T10:20:30.123Z  warn orders x", "Warning"),
        ("2026-03-01T10:20:30.123+0000 E STORAGE  [main] x", "Error"),
        ("2026-03-01T10:20:30.123456Z 11 [Warning] [MY-010068] [Server] x", "Warning"),
        ("2026-03-01T10:20:30.123456Z 0 [Note] mysqld: x", "Information"),
        ("[Sun Mar 01 10:20:30.123456 2026] [core:error] [pid 7:tid 8] x", "Error"),
        ("[Sun Mar 01 10:20:30.123456 2026] [mpm_prefork:notice] [pid 7] x", "Information"),
        ("10-Mar-2026 10:20:30.123 queries: warning: x", "Warning"),
        ("[2026-03-01 10:20:30 +0000] critical/Orders: x", "Fatal"),
        ("2026-03-01 10:20:30 UTC | CORE | ERROR | (orders.go:7 in take) | x", "Error"),
        ("2026-03-01 10:20:30,123 [myid:2] - WARN  [orders:7] - x", "Warning"),
        ("2026-03-01 10:20:30.123 [order taker: 7] DEBUG c.acme.Orders - x", "Debug"),
        ("error: x", "Error"),
        ("information/cli: x", "Information"),
    ],
)
def test_the_shortcut_reads_the_commonest_layouts(line: str, level: str) -> None:
    plain, mark = find_plain_level(line), find_level(line)
    assert plain is not None
    assert mark is not None
    assert plain.level == mark.level == level


@pytest.mark.parametrize(
    "line",
    [
        "error: 0",
        "error:\x1b[0m 0",
        "[2026/03/01 10:20:30,  1] [Note] x",  # of Samba, whose number counts
        "(2026-03-01 10:20:30): [Warning] [x] (0x0010): x",  # of sssd
        "2026-03-01 10:20:30 [db errors 7] INFO  x",
        "2026-03-01 10:20:30 (7 [core:error] x)",
        "10-Mar-2026 10:20:30.123 errors: info: x",
        "2026-03-01 10:20:30 UTC | TRACE | WARN | (run.go:7 in Run) | x",
    ],
)
def test_the_shortcut_leaves_other_layouts_to_the_full_reading(line: str) -> None:
    assert find_plain_level(line) is None
