"""Levels that are a letter, a mark or a number in the header of a line."""

import pytest
from loginformant_shipper.parsing.headers.header import find_level


def level_and_rule(line: str) -> tuple[str, str] | None:
    mark = find_level(line)
    return (mark.level, mark.rule) if mark else None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("I0301 10:20:30.123456       7 orders.go:12] errors: 0", "Information"),
        ("E20260301 10:20:30.123456 7 orders.cc:12] no stock", "Error"),
        ("2026-03-01T10:20:30.123456789Z E0301 10:20:30.123456       7 orders.go:12] info", "Error"),
        ("Mar 01 2026 10:20:30 web1 kubelet[7]: W0301 10:20:30.123456   7 orders.go:12] error", "Warning"),
        (
            "2026-03-01T10:20:30.123456789Z E260301 10:20:30.123456 77 1@shop/orders.go:12 ⋮ [-] 7  info",
            "Error",
        ),
        ("[orders-7d9] I20260301 10:20:30.123456 7 orders.cc:12] order 7 failed", "Information"),
        ("W260301 10:20:30.123456 7 orders.go:12 late", "Warning"),
        ("F, [2026-03-01T10:20:30.123 #7] FATAL -- : gone", "Fatal"),
        ("W/Orders( 77): late", "Warning"),
        ("[E] no stock", "Error"),
        ("[10:20:30] [orders] [---W---] [thread 7] late", "Warning"),
        ("10:20:30 [I] errors: 0", "Information"),
        ("Fri Mar  6 10:20:30 2026 [E] no stock", "Error"),
        ("E: Unable to locate package orders", "Error"),
        ("D: order 7 looked up", "Debug"),
        ("E 10:20:30 checkout: no stock", "Error"),
        ("E [01/Mar/2026:10:20:30 +0000] [Job 7] no paper", "Error"),
        ("X [01/Mar/2026:10:20:30 +0000] gone", "Fatal"),
        ("(EE) no stock", "Error"),
        ("(C) 2026-03-01T10:20:30 - gone", "Fatal"),
        ("[    12.345] (WW) late", "Warning"),
        ("(W) late", "Warning"),
        ("<W>2026-03-01 10:20:30.123 7 => late", "Warning"),
        ("[ E 2026-03-01 10:20:30.123 orders:12] no stock", "Error"),
        ("2026-03-01 10:20:30.123 [7] main/103/orders.lua E> no stock", "Error"),
        ("[E::orders_open] no stock", "Error"),
        ("[W301 10:20:30.123456789 orders.cpp:77] [c10] no error", "Warning"),
        ("0:00:00.123456789   77   0x55 LOG     SHOP orders.c:77:take: error lookup", "Debug"),
        ("0:00:00.123456789   77   0x55 FIXME   SHOP orders.c:77:take: late", "Warning"),
        ("2026-03-01T10:20:30.123+0000 F STORAGE  [main] gone", "Fatal"),
        ("2026-03-01T10:20:30.123+0000 D2 QUERY    [conn7] error lookup", "Debug"),
        ("2026-03-01T10:20:30 [TARGET_APPLY    ]E:  no table (apply.c:12)", "Error"),
        ("E0301 102030 orders.cc:77] no error", "Error"),
        ("W|2026-03-01 10:20:30|late", "Warning"),
        ("I (1234) orders: error lookup", "Information"),
        ("[rank7]:[W301 10:20:30.123 orders.cpp:77] no error", "Warning"),
        ("[3/1/26 10:20:30:123 UTC] 0000002a OrderDesk     E   SHOP0001I: no stock", "Error"),
        ("[3/1/26, 10:20:30:123 UTC] 0000002a acme.shop.Desk A SHOP0001I: no error", "Information"),
        ("[3/1/26, 10:20:30:123 UTC] 0000002a acme.shop.Desk 3 error lookup", "Debug"),
        ("[10:20:30][C][orders:077]: failed pin 7", "Debug"),
        ("2026-03-01 10:20:30 UTC [SHP.0025.0001W] no error", "Warning"),
        ("2026-03-01 10:20:30 CET [SHP.0025.0001C] no error", "Fatal"),
        ("W 03/01/26 10:20:30 00564 ports: no error", "Warning"),
        ("03/01/2026 10:20:30|worker|web1|E|none", "Error"),
        ("03/01/2026 10:20:30|schedd|web1|I|error lookup", "Information"),
        ("03/01/2026 10:20:30|  main|web1|C|no error", "Fatal"),
        ("03/01/2026 10:20:30|(null)|web1|N|error lookup", "Information"),
        ("03/01/2026 10:20:30|schedu|web1|P|PROF: error lookup took 7 s", "Debug"),
        ("03-01 10:20:30.123  root  1215  1215 W [10:20:29.123456][shop] no error", "Warning"),
        ("03-01 10:20:30.123  u0_a77   7     8 F shop    : gone", "Fatal"),
        ("2026-03-01 10:20:30.123  7-8/com.acme.shop D/Orders: error lookup", "Debug"),
        ("2026-03-01 10:20:30.123 7-8/? A/Orders: gone", "Fatal"),
        ("2026-03-01 10:20:30.123456+0000 0x1234     Fault       0x0    77   0    shopd: gone", "Fatal"),
        (
            "2026-03-01 10:20:30.123456+0000 0x1234     Default     0x0    77   0    shopd: failed",
            "Information",
        ),
        ("[W orders.cpp:77] [c10d] no error", "Warning"),
        ("[E OrderDesk.cpp:77] [Rank 7] late", "Error"),
        ("[TARGET_APPLY    ]E:  no table", "Error"),
        ("[SOURCE_UNLOAD]W: no error", "Warning"),
        ("SLF4J(W): No SLF4J providers were found.", "Warning"),
        ("SLF4J(I): no error", "Information"),
        ("W! no error", "Warning"),
        ("D! error lookup", "Debug"),
        ("[7] ! Terminating timed out worker: 77", "Warning"),
        ("(raylet, ip=10.0.0.7) [2026-03-01 10:20:30,123 W 7 8] orders.cc:7: no error", "Warning"),
        ("(pid=raylet, ip=10.0.0.7) F0301 10:20:30.123456  7485 orders.cc:7]  Check failed: none", "Fatal"),
        ("(TakeOrder pid=7, ip=10.0.0.7) W0301 10:20:30.123456  7485 orders.cc:7] no error", "Warning"),
        ("W20260301-10:20:30.123(0)? (STDERR) no error", "Warning"),
        ("E20260301-10:20:30.123(-7) (orders.js:7) no info", "Error"),
        ("2026-03-01 10:20:30.123456789 [E:onnxruntime:Default, orders.cc:7 Take] gone", "Error"),
        ("E | no info", "Error"),
        ("C | gone", "Fatal"),
        ("|W| [main]   c.acme.Orders| no error", "Warning"),
        ("T com.acme.Orders                : error lookup", "Debug"),
        ("E [main] <c.a.Orders> no info", "Error"),
        ("[10:20:30] OrderDesk                W   no error", "Warning"),
        ("2026-03-01 10:20:30.123456 E:no info", "Error"),
        ("[20260301 10:20:30.123 CET D] Desk::take:7 - no error", "Debug"),
    ],
)
def test_a_letter_is_a_level_where_loggers_put_one(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "letter")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("7:M 01 Mar 2026 10:20:30.123 * errors: 0", "Information"),
        ("7:S 01 Mar 10:20:30.123 # no master", "Warning"),
        ("[7] 01 Mar 10:20:30.123 - DB 0: 1 keys", "Debug"),
        ("01 Mar 10:20:30 . 3 clients connected", "Debug"),
        ("7:8:M 01 Mar 2026 10:20:30.123 # no error", "Warning"),
        ("2026-03-01T10:20:30.123456789Z 7:M 01 Mar 2026 10:20:30.123 * errors: 3", "Information"),
    ],
)
def test_marks_of_redis_are_levels(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "redis-mark")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("LogOrders: Display: order 7 failed", "Information"),
        ("[2026.03.01-10.20.30:123][ 77]LogOrders: Error: no stock", "Error"),
        ("[2026.03.01-10.20.30:123][ 77]LogOrders: VeryVerbose: error lookup", "Debug"),
        ("[7 - Orders-Main] 2026-03-01 10:20:30 Config: orders: error lookup", "Debug"),
        ("Perf: orders: error lookup", "Debug"),
        ("[    12.345] (**) no error", "Information"),
        ("[1772360430] SERVICE ALERT: web1;orders;CRITICAL;HARD;3;no answer", "Fatal"),
        ("[1772360430] HOST ALERT: web1;UP;SOFT;1;no error", "Information"),
        ("[2026-03-01 10:20:30] SERVICE ALERT: web1;orders;OK;HARD;3;was CRITICAL", "Information"),
        ("[1772360430] SERVICE NOTIFICATION: ops;web1;orders;CRITICAL;by-mail;no answer", "Fatal"),
        ("[1772360430] HOST ALERT: web1;DOWN;SOFT;1;no answer", "Error"),
        ("prisma:warn failed to read the version", "Warning"),
        ("prisma:error", "Error"),
        ("orders:info no error", "Information"),
        ("Deprecated: Function error() is deprecated in /srv/orders.php on line 7", "Warning"),
        ("[7] ! Unable to load application: none", "Error"),
        ("[GIN-debug] GET /errors --> main.fatal (3 handlers)", "Debug"),
        ("[GIN-debug] [WARNING] late", "Warning"),
    ],
)
def test_words_and_marks_of_particular_programs_are_levels(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "header")


def test_an_unreal_line_without_a_level_is_information() -> None:
    assert level_and_rule("[2026.03.01-10.20.30:123][ 77]LogOrders: order 7 failed") == (
        "Information",
        "letter",
    )


@pytest.mark.parametrize(
    "line",
    ["LogOrders: order 7 taken", "Config: see below", "[3/1/26 10:20:30:123 UTC] 0000002a SystemOut     O x"],
)
def test_other_lines_of_these_programs_have_no_level(line: str) -> None:
    assert level_and_rule(line) is None


def test_a_dash_between_a_date_and_a_level_is_no_mark_of_redis() -> None:
    assert level_and_rule("1 Mar 10:20:30 - [error] no stock") == ("Error", "header")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("npm ERR! code E404", "Error"),
        ("npm warn deprecated left@1.0.0", "Warning"),
        ("npm error code E404", "Error"),
        ("sill idealTree buildDeps error", "Debug"),
        ("npm http fetch GET 500", "Information"),
        ("deploy ERR! no stock", "Error"),
    ],
)
def test_npm_writes_program_and_level(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "npmlog")


@pytest.mark.parametrize(
    ("word", "level"), [("Wa(164)", "Warning"), ("In(1)", "Information"), ("Er(3)", "Error")]
)
def test_esxi_writes_a_short_word_before_the_syslog_priority(word: str, level: str) -> None:
    assert level_and_rule(f"2026-03-01T10:20:30.123Z {word} orders[77]: late") == (level, "letter")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("PHP Parse error:  syntax error in /shop.php on line 7", "Fatal"),
        ("PHP Fatal error:  Uncaught Error: no stock", "Fatal"),
        ("[01-Mar-2026 10:20:30 UTC] PHP Deprecated:  no error", "Warning"),
        ("PHP Recoverable fatal error:  no stock", "Error"),
        ("=SUPERVISOR REPORT==== 1-Mar-2026::10:20:30 ===", "Error"),
        ("=PROGRESS REPORT==== 1-Mar-2026::10:20:30 ===", "Information"),
        ("=WARNING REPORT==== 1-Mar-2026::10:20:30 ===", "Warning"),
        ("E0301 10:20:30.123456 7 orders.py:12] CRITICAL - gone", "Fatal"),
        (
            '2026-03-01 10:20:30.123 UTC,"shop","orders",7,"10.0.0.7",6f.1,1,"SQL",2026-03-01 10:20 UTC,,0,'
            'ERROR,42P01,"relation ""info"" does not exist",,,',
            "Error",
        ),
        (
            '2026-03-01 10:20:30.123 UTC,,,7,,6f.1,1,,2026-03-01 10:20 UTC,,0,LOG,00000,"error log opened",,',
            "Information",
        ),
        ("10:20:30 system,error,critical login failure for user admin", "Fatal"),
        ("mar/01/2026 10:20:30 system,info,account no error", "Information"),
    ],
)
def test_formats_with_the_level_in_an_unusual_place_are_read(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "header")


@pytest.mark.parametrize(
    "line",
    [
        "I have no stock",
        "C: is the third drive",
        "E404040 is the order",
        "F12345678 10 seats",
        "E-mail sent",
        "D2 is full",
        "W",
        "7 days * 24 hours",
        "7:30 # of orders",
        "the answers were a [D] and an [E]",
        "got http 500 from the bank",
        "npm installs orders",
        "orders:error 7",
        "orders:stock error",
        "SLF4J: no provider",
        "[7] * ready",
        "[E orders]",
        "E | 5 | 3",
        "|E|5|",
        "D is the fourth letter",
        "[the order E] text",
        "10:20:30 T:main 7",
        "10:20:30 order  E 7",
        "2026-03-01 10:20:30  order-7   F   34",
        "2026-03-01 10:20:30 D:\\orders opened",
        "2026-03-01 10:20:30 C:/orders opened",
        "",
    ],
)
def test_plain_text_is_in_none_of_the_formats(line: str) -> None:
    assert level_and_rule(line) is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("##[section]Starting: tests of the error page", "Information"),
        ("2026-03-01T10:20:30.1234567Z ##[group]Run error tests", "Information"),
        ("2026-03-01T10:20:30.1234567Z ##[warning]late", "Warning"),
        ("##[debug]error lookup", "Debug"),
        ("##vso[task.logissue type=error;code=7]gone", "Error"),
        ("##teamcity[message text='an error' status='NORMAL']", "Information"),
        ("##teamcity[message text='none' errorDetails='x' status='ERROR']", "Error"),
        ("##teamcity[message status='FAILURE' text='none']", "Error"),
        ("##teamcity[buildProblem description='none']", "Error"),
        ("##teamcity[testFailed name='orders']", "Error"),
        ("##teamcity[testStarted name='error']", "Information"),
        ("::error file=orders.js,line=7::gone", "Error"),
        ("::notice::it failed", "Information"),
        ("::group::error tests", "Information"),
    ],
)
def test_commands_to_a_build_server_have_a_level(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "header")


@pytest.mark.parametrize(
    "line", ["## Orders", "##[orders]", "::1 - - x", ":: late", "::order::", "##teamcity[x", "#: late"]
)
def test_other_marks_are_no_commands_to_a_build_server(line: str) -> None:
    assert find_level(line) is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("10:20:30 INFO web1 E0301 10:20:30.123456 7 orders.go:12] no stock", "Information"),
        ("2026-03-01T10:20:30Z web1 [warn] E0301 10:20:30.123456 7 orders.go:12] no stock", "Warning"),
    ],
)
def test_a_level_before_the_header_of_glog_comes_first(line: str, level: str) -> None:
    mark = find_level(line)
    assert mark is not None
    assert mark.level == level


def test_a_quoted_header_of_glog_is_text() -> None:
    assert level_and_rule('web1 said "E0301 10:20:30.123456 7 orders.go:12] no stock"') is None
