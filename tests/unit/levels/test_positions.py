import pytest
from loginformant_shipper.levels.positions import (
    decide_by_bare_word,
    decide_by_position,
    decide_by_second_line,
)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR: no stock", "Error"),
        ("warn - slow", "Warning"),
        ("[INFO] ready", "Information"),
        ("[ DEBUG ] INFO desk opened", "Debug"),
        ("<Warning> stock is low", "Warning"),
        ("(CRITICAL) gone", "Fatal"),
        ("INFO     stock is low", "Information"),
        ("information/Checker: error log opened", "Information"),
        ("2026-03-01 10:20:30,123 ERROR no stock", "Error"),
        ("2026-03-01T10:20:30.123+01:00 verbose shopd[7] x", "Debug"),
        ("01/Mar/2026:10:20:30 +0000 | notice | error page built", "Information"),
        ("Mon Mar  2 10:20:30 UTC 2026 [error] no stock", "Error"),
        ("10:20AM WRN low stock error=none", "Warning"),
        ("2026-03-01 10:20:30.12|FATAL|Shop.Orders|gone", "Fatal"),
        ("2026-03-01 10:20:30,TRACE,Shop.Orders,error lookup", "Debug"),
        ("[10:20:30 INF] errors: 0", "Information"),
        ("WARN[0042] low stock", "Warning"),
        ("debug3: kex done", "Debug"),
        ("2026-03-01 10:20:30 UTC [77] STATEMENT:  select error from t", "Information"),
        ("2026-03-01T10:20:30Z 0 [Note] InnoDB: error log opened", "Information"),
        ("=WARNING: low stock", "Warning"),
        ("=ERROR REPORT==== 1-Mar-2026::10:20:30 ===", "Error"),
        ("#ERROR# no stock", "Error"),
        ("info no errors, 7 orders failed", "Information"),
        ("[01-Mar-2026 10:20:30 UTC] PHP Notice:  no error in /shop.php on line 7", "Information"),
        ("SHOUT: 2026-03-01 10:20:30.123: gone", "Fatal"),
        ("2026-03-01 10:20:30.123 UTC [7] LOG login failed: shop", "Information"),
        ("2026-03-01 10:20:30,123 BLAT error lookup", "Debug"),
        ('"2026-03-01 10:20:30","WARN","shop.orders","late"', "Warning"),
    ],
)
def test_the_first_word_behind_time_stamps_is_a_level(line: str, level: str) -> None:
    assert decide_by_position(line) == (level, "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("10:20:30.123 [http-nio-8080-exec-3] ERROR: no stock", "Error"),
        ("2026-03-01 10:20:30,123 - shop.orders - WARNING - INFO desk closed", "Warning"),
        ("[2026-03-01 10:20:30] [shop:error] [pid 7] no stock", "Error"),
        ("[2026-03-01 10:20:30] production.ERROR: no stock {} []", "Error"),
        ("2026-03-01 10:20:30 [shop.engine] INFO: error page built", "Information"),
        ("[10:20:30] [Server thread/WARN]: late", "Warning"),
        ("2026-03-01 10:20:30,123:INFO:shop.web:errors 0", "Information"),
        ("orders.c:12:5: warning: unused variable", "Warning"),
        ("Mar  1 10:20:30 web1 postfix/smtpd[7]: fatal: no socket", "Fatal"),
        ("2026-03-01T10:20:30+0000 [orders#debug] error lookup", "Debug"),
        ("web-1  | CRITICAL: gone", "Fatal"),
        ("[01-03-2026 10:20:30] shopd debug  error=none order=7", "Debug"),
    ],
)
def test_a_word_between_delimiters_is_a_level(line: str, level: str) -> None:
    assert decide_by_position(line) == (level, "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("<11>Mar  1 10:20:30 web1 orders[7]: no stock", "Error"),
        ("<12>1 2026-03-01T10:20:30Z web1 orders 7 - - INFO desk closed", "Warning"),
        ("<15>orders: ERROR page built", "Debug"),
        ("<0>[   12.3] gone", "Fatal"),
        ("<11><12>no stock", "Error"),
    ],
)
def test_a_syslog_priority_counts_where_the_text_has_no_level_of_its_own(line: str, level: str) -> None:
    assert decide_by_position(line) == (level, "syslog-priority")


def test_a_level_in_the_text_counts_more_than_a_syslog_priority() -> None:
    assert decide_by_position("<13>Mar  1 10:20:30 web1 orders[7]: [ERROR] no stock") == ("Error", "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-03-01 10:20:30,123 [c.s.Orders] INFO desk closed (WARN)", "Warning"),
        ("2026-03-01 10:20:30 orders stock is low [ERROR]", "Error"),
        ("2026-03-01 10:20:30 orders - stock is low - FATAL", "Fatal"),
        ("2026-03-01 10:20:30 INFO desk closed [ERROR]", "Error"),
    ],
)
def test_a_level_may_stand_last(line: str, level: str) -> None:
    assert decide_by_position(line) == (level, "level-last")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "stock is low",
        "error: 0",
        "errors: none",
        "ERROR: null",
        "fatal-error-handler loaded",
        "debug mode is off",
        "note that the log is full",
        "Errors in /var/log/trc: none",
        'answer was {"status":"error","code":500}',
        'GET "/error: x" done',
        "GET /errors/404 HTTP/1.1",
        '"TRACE / HTTP/1.1" 405 77',
        "the answers were a [D] and an [E]",
        "mail sent to info@example.org",
        "I have no stock",
        "A new order",
        "2026-03-01 10:20:30 A new order",
        "(a) the first",
        "(d) the fourth",
        "(c) 2026 the shop",
        "C is the third key",
        "SERVICE ALERT: web1 up",
        "the customer asked: is this an error, or not?",
        "2026-03-01 10:20:30 system started",
        "2026-03-01 10:20:30 Info-desk closed",
        "<999999> x",
        "7 days * 24 hours",
        "Trace[77]: orders listed",
        "shop: *** [Makefile:3: all] stopped",
        "order 7 debug - it is late",
    ],
)
def test_text_is_no_header(line: str) -> None:
    assert decide_by_position(line) is None


def test_levels_beyond_the_header_are_text() -> None:
    assert decide_by_position("2026-03-01 10:20:30 orders " + "x" * 300 + " [ERROR] no stock") is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR no stock", "Error"),
        ("10:20:30 [main] INFO Orders errors: 0", "Information"),
        ("2026-03-01 10:20:30.123 77 WARN shop.orders [req-7] late", "Warning"),
        ("web1 orders FATAL gone", "Fatal"),
        ("Time: 10:20:30 Level: ERROR Message: no stock", "Error"),
    ],
)
def test_a_bare_word_in_capitals_is_a_level_at_the_start(line: str, level: str) -> None:
    assert decide_by_bare_word(line) == (level, "bare-word")


@pytest.mark.parametrize(
    "line",
    [
        "the setting of this INFO desk",
        "error no stock",
        "ERRORS 3",
        "NOERROR",
        "ERROR_CODE 3",
        "NO-ERROR x",
        "Log level: ERROR",
        "LOG_LEVEL=ERROR",
        "",
    ],
)
def test_a_bare_word_within_a_sentence_is_none(line: str) -> None:
    assert decide_by_bare_word(line) is None


def test_the_first_of_two_levels_counts() -> None:
    assert decide_by_position("INFO: order taken, ERROR: none of it shipped") == ("Information", "header")
    assert decide_by_position("2026-03-01 10:20:30 WARN orders - error: late") == ("Warning", "header")
    assert decide_by_position("orders INFO taken: error: late") is None  # left to the bare word
    assert decide_by_bare_word("orders INFO taken: error: late") == ("Information", "bare-word")


def test_java_util_logging_writes_the_level_on_the_second_line() -> None:
    line = "Mar 01, 2026 10:20:30 AM shop.Orders take"
    assert decide_by_second_line(f"{line}\nSEVERE: no stock", line) == ("Error", "second-line")
    assert decide_by_second_line(f"{line}\nSevere weather: x", line) is None
    assert decide_by_second_line(line, line) is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("03-01 10:20:30.123   77   78 E Orders : no stock", "Error"),
        ("03-01 10:20:30.123 D/Orders(77): error lookup", "Debug"),
        ("[W 2026-03-01 10:20:30 orders:12] late", "Warning"),
        ("2026-03-01T10:20:30Z W! [outputs] late", "Warning"),
    ],
)
def test_the_first_word_behind_time_stamps_may_be_a_letter(line: str, level: str) -> None:
    assert decide_by_position(line) == (level, "letter")
