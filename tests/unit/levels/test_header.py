import json

import pytest
from loginformant_shipper.levels import infer_level
from loginformant_shipper.levels.header import MAX_WRAPPERS, decide_by_header, decide_inside, syslog_priority
from loginformant_shipper.levels.vocabulary import Decision


def header(line: str) -> tuple[str, str] | None:
    """Return the level and the rule if the header decides; None if the rules on text are applied."""
    decision = decide_by_header(line, line.partition("\n")[0])
    return decision if isinstance(decision, Decision) else None


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
        ("2026-03-01T10:20:30.123+01:00 VERBOSE shopd[7] x", "Debug"),
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
        ("2026-03-01T10:20:30+00:00  web-1 !ERR     | shop: no stock (info)", "Error"),
        ("=ERROR REPORT==== 1-Mar-2026::10:20:30 ===", "Error"),
        ("#ERROR# no stock", "Error"),
        ("info no errors, 7 orders failed", "Information"),
        ("[01-Mar-2026 10:20:30 UTC] PHP Notice:  no error in /shop.php on line 7", "Information"),
        ("SHOUT: 2026-03-01 10:20:30.123: gone", "Fatal"),
        ("2026-03-01 10:20:30.123 UTC [7] LOG login failed: shop", "Information"),
        ("2026-03-01 10:20:30 alerts: BGP: no neighbour", "Fatal"),
        ("2026-03-01 10:20:30 notifications: BGP: error lookup", "Information"),
        ("2026-03-01 10:20:30.123 BGP: errors: no neighbour", "Error"),
        ("2026-03-01 10:20:30 INFO+2 order 7 failed", "Information"),
        ("2026-03-01 10:20:30,123 VERBOSE-1 [default] error lookup", "Debug"),
        ("USER WARNING: order 7 failed", "Warning"),
        ("2026-03-01-10.20.30.123456+000 E1 LEVEL: Event PID : 7 FUNCTION: failed", "Information"),
        ("2026-03-01 10:20:30,123 BLAT error lookup", "Debug"),
        ('"2026-03-01 10:20:30","WARN","shop.orders","late"', "Warning"),
        ("2026-03-01 10:20:30 CRI: gone", "Fatal"),
        ("10:20:30.123 WARNIN ▶ no error", "Warning"),
        ("10:20:30.123 take [NOTIC]: order 7 failed", "Information"),
        ("2026-03-01 10:20:30,123->ERROR->no info", "Error"),
        ("[2026-03-01 10:20:30.123456]: *debug* error lookup", "Debug"),
        ("2026-03-01 10:20:30,123 [shop@WARNING] [desk.take <7>]: no error", "Warning"),
        ("shop@ERROR -> no info", "Error"),
        ("[desk.py:7 - take Sun, 01 Mar 2026 10:20:30;INFO] order 7 failed", "Information"),
        ("[2026-03-01 10:20:30 CET shop.desk DEBUG] ERROR page built", "Debug"),
        ("[P7 10:20:30.123 desk.go:7 ERRO 01f] no info", "Error"),
        ("10:20:30 [7] TRACE_L1 error lookup", "Debug"),
        ("10:20:30.123 [7] desk.cpp:7       LOG_WARNING   root         no ERROR", "Warning"),
        ("2026-03-01 10:20:30 CET shop.Error [ThreadId 7] CRITICAL gone", "Fatal"),
        ("01-Mar 10:20 shop-dir JobId 7: Fatal error: gone", "Fatal"),
        ("2026-03-01T10:20:30+0000 DDEBUG error lookup", "Debug"),
        ("7 2026/03/01 10:20:30.12 UTC MAJOR: PORT #2002 Base 1/1/1", "Fatal"),
        ("7 2026/03/01 10:20:30.12 UTC MINOR: SYSTEM #2003 Base warning page", "Error"),
        ("7 2026/03/01 10:20:30.12 UTC WARNING: PORT #2004 Base error page", "Warning"),
        ("7 2026/03/01 10:20:30.12 UTC CLEARED: PORT #2005 Base link failure", "Information"),
        ("2026-03-01 10:20:30 UTC | TRACE | ERROR | (run.go:7 in Run) | none", "Error"),
        ("2026-03-01 10:20:30 UTC | TRACE | INFO | (run.go:7 in Run) | error page", "Information"),
        ("2026-03-01 10:20:30.123 | TRACE    | shop.orders:take:7 - error page", "Debug"),
        ("Mar 01 2026 10:20:30 GMT: DETAIL (batch): (batch.c:7) error lookup", "Debug"),  # Aerospike
        ("[Debug#SQL] SELECT * FROM error", "Debug"),  # monad-logger
        ("[shop:7] core @2026-03-01 10:20:30> error page in a.pl l. 3", "Debug"),  # Dancer2
        ("[shop:7] warning @2026-03-01 10:20:30> error page in a.pl l. 3", "Warning"),
        ("e: file:///shop/App.kt:12:5 Unresolved reference 'info'.", "Error"),
        ("w: /shop/App.kt: (9, 9): Variable 'error' is never used", "Warning"),
        ("make[2]: *** [Makefile:12: info] Error 2", "Error"),
        ("fpapps[7]: <399803> <EMRG> |fpapps| gone", "Fatal"),
        ("orders.c:7:3: note: error is declared here", "Information"),
        ("orders.cpp(7,3): note: error is declared here", "Information"),
        ("--- PASS: TestError (0.00s)", "Information"),
        ("SKIP: test of the error page", "Information"),
        ("Mar  1 10:20:30 router1 dhcp,info assigned after an error", "Information"),
        ("2026-03-01 10:20:30,123-INFO-order 7 failed", "Information"),
        ("2026-03-01 10:20:30-ERROR-no stock", "Error"),
    ],
)
def test_the_first_word_after_time_stamps_is_a_level(line: str, level: str) -> None:
    assert header(line) == (level, "header")


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
        ("[2026-03-01T10:20:30.123Z http-7                 WARN c.acme.Orders] no error", "Warning"),
        ("2026-03-01 10:20:30.123 T:7    error <orders>: no stock", "Error"),
        ("Orders:warn  2026-03-01 10:20:30: no error", "Warning"),
        ("Orders:warning - order 7 failed", "Warning"),
        ("2026-03-01 10:20:30,123-shop.orders-INFO-order 7 failed", "Information"),
        ("2026-03-01 10:20:30,123 - shop.orders-WARNING - order 7 failed", "Warning"),
        ("2026-03-01 10:20:30,123 shop_orders-ERROR: no stock", "Error"),
        ("2026-03-01 10:20:30,123 shop-ERROR-queue INFO: no stock", "Information"),
        ("[01-03-2026 10:20:30] shopd debug  error=none order=7", "Debug"),
    ],
)
def test_a_word_between_delimiters_is_a_level(line: str, level: str) -> None:
    assert header(line) == (level, "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("<11>Mar  1 10:20:30 web1 orders[7]: no stock", "Error"),
        ("<12>1 2026-03-01T10:20:30Z web1 orders 7 - - INFO desk closed", "Warning"),
        ("<15>orders: ERROR page built", "Debug"),
        ("<0>[   12.3] gone", "Fatal"),
        ("<11><12>no stock", "Error"),
        ("<11>1 2026-03-01T10:20:30Z web1 orders 7 - - info lost", "Error"),
    ],
)
def test_a_syslog_priority_counts_where_the_text_has_no_level_of_its_own(line: str, level: str) -> None:
    assert header(line) == (level, "syslog-priority")


def test_a_level_in_the_text_counts_before_a_syslog_priority() -> None:
    assert header("<13>Mar  1 10:20:30 web1 orders[7]: [ERROR] no stock") == ("Error", "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR: drive [D] is not ready", "Error"),
        ("2026-03-01 10:20:30 INFO temperature 25 [C]", "Information"),
        ("ERROR:orders:cannot cast List[T] to Seq[E]", "Error"),
        ("2026-03-01 10:20:30 INFO received signal (ALERT)", "Information"),
        ("2026-03-01 10:20:30 INFO desk closed [ERROR]", "Information"),
        ("2026-03-01 10:20:30,123 - orders - ERROR - level set to [INFO]", "Error"),
        ("2026-03-01 10:20:30,123 [c.s.Orders] INFO desk closed (WARN)", "Information"),
        ("2026-03-01 10:20:30.123 [main] ERROR c.acme.Orders - query was level=debug", "Error"),
        ("[http-1 POST /api/failed] INFO  done", "Information"),
        ("2026-03-01 10:20:30 [qtp7-19 - /orders/exception] INFO  shop.Sync - done", "Information"),
        ("2026-03-01 10:20:30 [error-consumer-1] INFO  shop.Sync - done", "Information"),
        ("2026-03-01 10:20:30 [http] ERROR no stock", "Error"),
        ("error(orders): retry set to - INFO", "Error"),
        ("Mar 01 10:20:30 [7] web1 orders debug   [STOCK ] upgrade done - ERROR", "Debug"),
        ("orders.cs(7,3): warning CS0103: level set to (INFO)", "Warning"),
        ("Mar  1 10:20:30 web1 crit orders[7]: retry set to - INFO", "Fatal"),
        ("DEB [20260301-10:20:30.123] orders: attempt 3 failed", "Debug"),
        ("2026-03-01 10:20:30,123 Trac[main] INFO: debug", "Information"),
        ("2026-03-01T10:20:30.123456789 0.123456s notice: error", "Information"),
        ("ERROR: null", "Error"),
        ("ERROR: 0", "Error"),
    ],
)
def test_nothing_in_the_text_changes_the_level_of_the_header(line: str, level: str) -> None:
    assert header(line) == (level, "header")


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-01 10:20:30 orders stock is low [ERROR]",
        "2026-03-01 10:20:30 orders - stock is low - FATAL",
        "web orders INFO desk closed [ERROR]",
        "10:20:30 Error page built (INFO)",
    ],
)
def test_the_end_of_the_line_is_read_if_the_header_has_no_certain_level(line: str) -> None:
    assert header(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "stock is low",
        "error: 0",
        "errors: none",
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
        "[    0.000000] FAT: mounted",
        "FAT: mounted",
        "10.0.0.7:77 [01/Mar/2026:10:20:30.123] f desk/web1 0/0/1/0/2 404 168",
        "MAJOR: release 2 is out",
        "usbcore: CRI: mounted",
        "note: it failed",
        "3,1234,567 orders,-;",
        "A, [2026-03-01T10:20:30.123456 #7]   ANY -- : stock",  # Ruby
        "2026-03-01 10:20:30 DNS-ERROR-7 was looked up",
        "shop-ERROR-queue is empty",
        "the 2026-03-01-ERROR-report is done",
    ],
)
def test_text_is_no_header(line: str) -> None:
    assert header(line) is None


def test_a_level_beyond_the_header_is_not_that_of_the_header() -> None:
    assert header("2026-03-01 10:20:30 orders " + "x" * 300 + " [ERROR] no stock") is None


@pytest.mark.parametrize(
    ("line", "level", "rule"),
    [
        ("ERROR no stock", "Error", "bare-word"),
        ("10:20:30 [main] INFO Orders errors: 0", "Information", "header"),
        ("2026-03-01 10:20:30.123 77 WARN shop.orders [req-7] late", "Warning", "header"),
        ("2026-03-01-10.20.30.123456 I77E321 LEVEL: Error", "Error", "header"),
        ("Time: 10:20:30 Level: ERROR Message: no stock", "Error", "header"),
        ("2026-03-01 10:20:30.411 +0530 waf1 WF ALER ORDERS 10.0.0.7", "Fatal", "bare-word"),
    ],
)
def test_a_word_in_capitals_is_a_level_at_the_start(line: str, level: str, rule: str) -> None:
    assert header(line) == (level, rule)


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
        "Errors: 0",
        "Failed: 0",
        "",
    ],
)
def test_a_word_within_a_sentence_or_a_name_is_no_level(line: str) -> None:
    assert header(line) is None


def test_the_first_of_two_levels_counts() -> None:
    assert header("INFO: order taken, ERROR: none of it shipped") == ("Information", "header")
    assert header("2026-03-01 10:20:30 WARN orders - error: late") == ("Warning", "header")
    assert header("10:20:30 orders INFO taken: error: late") == ("Information", "bare-word")


def test_java_util_logging_writes_the_level_on_the_second_line() -> None:
    line = "Mar 01, 2026 10:20:30 AM shop.Orders take"
    assert header(f"{line}\nSEVERE: no stock") == ("Error", "second-line")
    assert header("mars 01, 2026 10:20:30 AM shop.Orders take\nGRAVE: no stock") == ("Error", "second-line")
    assert header("Mar 01, 2026 10:20:30 AM [run-7] shop.Orders take\nFINE: error") == (
        "Debug",
        "second-line",
    )
    assert header("Dez. 01, 2026 10:20:30 AM shop.Orders take\nSchwerwiegend: fort") == (
        "Error",
        "second-line",
    )
    assert header("12月 01, 2026 10:20:30 午前 shop.Orders take\n重大: x") == ("Error", "second-line")
    assert header("十二月 01, 2026 10:20:30 上午 shop.Orders take\n警告: x") == ("Warning", "second-line")
    assert header(f"{line}\nSevere weather: x") is None
    assert header(line) is None
    assert header("order 7 taken\nSEVERE: is a place in Italy") is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("SCHWERWIEGEND: Artikel fehlt", "Error"),
        ("GRAVE: aucun article", "Error"),
        ("AVERTISSEMENT: 0 erreur", "Warning"),
        ("ADVERTENCIA: sin existencias", "Warning"),
        ("严重: 没有库存", "Error"),
        ("警告: 在庫なし", "Warning"),
        ("[2026-03-01 10:20:30] [GRAVE  ] aucun article", "Error"),
        ("01-déc.-2026 10:20:30.123 GRAVE [main] shop.Orders.take aucun article", "Error"),
        ("19-Oct-2026 10:20:30.123 ADVERTENCIA [main] shop.Orders.take sin existencias", "Warning"),
        ("2026-03-01 10:20:30.123 UTC [7] FEHLER:  doppelter Schlüsselwert", "Error"),
        ("2026-03-01 10:20:30.123 CET [7] alice@shop ERREUR:  aucun article", "Error"),
        ("2026-03-01 10:20:30 CET [7]: [1-1] user=alice,db=shop WARNUNG:  kein Artikel", "Warning"),
        ("2026-03-01 10:20:30 UTC:10.0.0.7(5432):alice@shop:[7]:PANIK:  fort", "Fatal"),
    ],
)
def test_java_and_postgresql_write_levels_in_the_language_of_the_process(line: str, level: str) -> None:
    assert header(line) == (level, "header")
    assert infer_level(line) == level


@pytest.mark.parametrize(
    "line",
    [
        "Grave: aucun article",
        "grave: aucun article",
        "GRAVE aucun article",
        "[main] GRAVE aucun article",
        "GRAVE ACCENT: U+0060",
        "WARNUNGEN: 0",
        "FEHLER:0",
        "the word GRAVE: a tomb",
        "2026-03-01 10:20:30 Fehler: 0",
        "2026-03-01 10:20:30 this desk has the sign GRAVE: tomb",
        '2026-03-01 10:20:30 said "GRAVE: tomb"',
        "警告です",
        "没有 警告: 0",
    ],
)
def test_a_word_of_another_language_elsewhere_is_no_level(line: str) -> None:
    assert header(line) is None
    assert infer_level(line) == "Information"


def test_a_level_in_english_counts_before_one_in_another_language() -> None:
    assert header("2026-03-01 10:20:30 INFO orders - FEHLER: 0") == ("Information", "header")


@pytest.mark.parametrize("first", ["Warning message:", "Warning messages:", "In addition: Warning message:"])
def test_the_line_above_the_warnings_of_r_is_a_header(first: str) -> None:
    assert header(f"{first}\nIn file(a) : cannot open 'a': No such file or directory") == (
        "Warning",
        "header",
    )
    assert header(first) is None
    assert header(f"{first} failed\norder 7") is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("03-01 10:20:30.123   77   78 E Orders : no stock", "Error"),
        ("03-01 10:20:30.123 D/Orders(77): error lookup", "Debug"),
        ("[W 2026-03-01 10:20:30 orders:12] late", "Warning"),
        ("2026-03-01T10:20:30Z W! [outputs] late", "Warning"),
        ("2026-03-01 10:20:30.123 [E:onnxruntime:, info.cc:1 Run] lost", "Error"),
        ("2026-03-01 10:20:30.123 [V:onnxruntime:Default, warning.cc:1 Run] error", "Debug"),
        ("2026-03-01T10:20:30.123Z [E ProcessGroupNCCL.cpp:828] [Rank 0] timeout", "Error"),
    ],
)
def test_the_level_after_time_stamps_may_be_a_letter(line: str, level: str) -> None:
    assert header(line) == (level, "letter")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("<14>Mar  1 10:20:30 web1 orders[7]: [ERROR] no stock", "Error"),
        ("NOTICE: PHP message: PHP Fatal error:  Uncaught Error: no stock in /shop.php:7", "Fatal"),
        ("NOTICE: PHP message: [2026-03-01 10:20:30] shop.CRITICAL: gone", "Fatal"),
        (
            '[01-Mar-2026 10:20:30] WARNING: [pool www] child 7 said into stdout: "[2026] a.INFO: ready"',
            "Information",
        ),
        ("[2026-03-01 10:20:30,123: WARNING/ForkPoolWorker-1] 2026-03-01 10:20:30 [ERROR] no stock", "Error"),
        ("[2026-03-01, 10:20:30 UTC] {subprocess.py:93} INFO - 2026-03-01 10:20:30 ERROR no stock", "Error"),
        ("2026-03-01T10:20:30.123Z [DEBUG] plugin.shop: 2026/03/01 10:20:30 [ERROR] no stock", "Error"),
        ("[INFO] [ERROR] no stock", "Error"),
        ("30,1234,5678901,-,caller=T7;[ERROR] gone", "Error"),
    ],
)
def test_the_header_inside_a_wrapper_counts_before_the_wrapper(line: str, level: str) -> None:
    assert header(line) == (level, "header")


WRAPPERS = (
    "[INFO] ",
    "NOTICE: PHP message: ",
    "[2026-03-01 10:20:30,123: WARNING/ForkPoolWorker-1] ",
    "[2026-03-01, 10:20:30 UTC] {subprocess.py:93} INFO - ",
    "2026-03-01T10:20:30.123Z [DEBUG] plugin.shop: ",
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_header_inside_several_wrappers_counts(wrapper: str) -> None:
    assert decide_inside(wrapper * (MAX_WRAPPERS - 1) + "[ERROR] no stock") == ("Error", "header")


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_thousands_of_nested_wrappers_raise_nothing(wrapper: str) -> None:
    line = wrapper * 5000 + "[ERROR] no stock"
    assert infer_level(line) == infer_level(wrapper + "orders")
    assert infer_level(json.dumps({"MESSAGE": line, "PRIORITY": "6"})) == infer_level(wrapper + "orders")


@pytest.mark.parametrize(
    ("line", "level", "rule"),
    [
        ("<14>Mar  1 10:20:30 web1 orders[7]: order failed (ERROR)", "Information", "syslog-priority"),
        ("NOTICE: PHP message: order failed", "Information", "header"),
        ("[2026-03-01 10:20:30,123: WARNING/ForkPoolWorker-1] ERROR page built", "Warning", "header"),
        ("[2026-03-01 10:20:30,123: INFO/MainProcess] [ERROR] is what it said", "Information", "header"),
        ("[2026-03-01, 10:20:30 UTC] {taskinstance.py:93} INFO - 10:20:30 ERROR", "Information", "header"),
        ("2026-03-01T10:20:30.123Z [DEBUG] orders: 10:20:30 [ERROR] is what it said", "Debug", "header"),
        ("[WARNING] [ERROR] is what it said", "Warning", "header"),
        ("<3>FAT: bread of block 7 failed", "Error", "syslog-priority"),
        ("<6>WAR: orders", "Information", "syslog-priority"),
        ("3,1234,5678901,-;usb 1-1: gone", "Error", "syslog-priority"),
        ("6,1234,5678901,c;error lookup", "Information", "syslog-priority"),
        ("6,339,5140900,-,caller=T7;NET: error lookup", "Information", "syslog-priority"),
    ],
)
def test_a_wrapper_counts_before_text_and_other_headers_count_before_everything(
    line: str, level: str, rule: str
) -> None:
    assert header(line) == (level, rule)


@pytest.mark.parametrize(
    ("priority", "level"), [("11", "Error"), ("14", "Information"), ("165", "Information"), ("191", "Debug")]
)
def test_a_syslog_priority_is_facility_and_severity(priority: str, level: str) -> None:
    assert syslog_priority(priority) == (level, "syslog-priority")
