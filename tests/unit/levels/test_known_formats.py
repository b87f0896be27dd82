import pytest
from loginformant_shipper.levels.known_formats import decide_by_code, decide_by_known_format, syslog_priority


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("I0301 10:20:30.123456       7 orders.go:12] errors: 0", "Information"),
        ("E20260301 10:20:30.123456 7 orders.cc:12] no stock", "Error"),
        ("W260301 10:20:30.123456 7 orders.go:12 late", "Warning"),
        ("F, [2026-03-01T10:20:30.123 #7] FATAL -- : gone", "Fatal"),
        ("W/Orders( 77): late", "Warning"),
        ("[E] no stock", "Error"),
        ("[10:20:30] [orders] [---W---] [thread 7] late", "Warning"),
        ("10:20:30 [I] errors: 0", "Information"),
        ("Fri Mar  6 10:20:30 2026 [E] no stock", "Error"),
        ("E: Unable to locate package orders", "Error"),
        ("2026-03-01T10:20:30.123+0000 F STORAGE  [main] gone", "Fatal"),
        ("2026-03-01T10:20:30.123+0000 D2 QUERY    [conn7] error lookup", "Debug"),
        ("2026-03-01T10:20:30 [TARGET_APPLY    ]E:  no table (apply.c:12)", "Error"),
    ],
)
def test_a_letter_is_a_level_where_loggers_put_one(line: str, level: str) -> None:
    assert decide_by_known_format(line) == (level, "letter")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("7:M 01 Mar 2026 10:20:30.123 * errors: 0", "Information"),
        ("7:S 01 Mar 10:20:30.123 # no master", "Warning"),
        ("[7] 01 Mar 10:20:30.123 - DB 0: 1 keys", "Debug"),
    ],
)
def test_marks_of_redis(line: str, level: str) -> None:
    assert decide_by_known_format(line) == (level, "redis-mark")


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
    assert decide_by_known_format(line) == (level, "npmlog")


def test_esxi_writes_the_syslog_priority_behind_a_short_word() -> None:
    line = "2026-03-01T10:20:30.123Z Wa(164) orders[77]: late"
    assert decide_by_known_format(line) == ("Warning", "syslog-priority")


@pytest.mark.parametrize(
    ("priority", "level"), [("11", "Error"), ("14", "Information"), ("165", "Information"), ("191", "Debug")]
)
def test_a_syslog_priority_is_facility_and_severity(priority: str, level: str) -> None:
    assert syslog_priority(priority) == (level, "syslog-priority")


@pytest.mark.parametrize(
    "line",
    [
        "I have no stock",
        "C: is the third drive",
        "T: 22 degrees",
        "E404040 is the order",
        "F12345678 10 seats",
        "E-mail sent",
        "D2 is full",
        "W",
        "7 days * 24 hours",
        "7:30 # of orders",
        "the answers were a [D] and an [E]",
        "array [Error]",
        "got http 500 from the bank",
        "the verb ERR is irregular",
        "npm installs orders",
        "",
    ],
)
def test_text_is_in_none_of_the_formats(line: str) -> None:
    assert decide_by_known_format(line) is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Mar  1 10:20:30 router daemon.err dnsmasq[7]: no address", "Error"),
        ("2026-03-01T10:20:30Z web1 local7.notice shop: 0 errors", "Information"),
        ("Mar  1 10:20:30 shop: [ID 702911 auth.crit] gone", "Fatal"),
        ("10:20:30 [7] shop.cc:12  LOG_DEBUG  root  order 7", "Debug"),
        ("Mar  1 10:20:30.123: %LINK-3-UPDOWN: port 7, down", "Error"),
        ("Mar 01 2026 10:20:30 fw1 : %ASA-4-733100: drop rate exceeded", "Warning"),
        ("Mar  1 10:20:30 r1 rpd[7]: %DAEMON-6: ready", "Information"),
        ("ORD1234E: no stock", "Error"),
        ("CWSHP0011W: late", "Warning"),
    ],
)
def test_a_code_says_how_bad_it_is(line: str, level: str) -> None:
    assert decide_by_code(line) == (level, "code")


@pytest.mark.parametrize(
    "line",
    [
        "the cron.error file is empty",
        "open user.info.json",
        "my-user.error",
        "LOG_LEVEL is set",
        "LOG_ERROR=1",
        "ORDER12345E shipped",
        "order ABC123E: late",
        "100%-3-fold",
        "we wrote of it in ORD1234E: stock",
        "",
    ],
)
def test_other_names_and_numbers_are_no_codes(line: str) -> None:
    assert decide_by_code(line) is None
