import pytest
from loginformant_shipper.levels.known_formats import decide_by_known_format, syslog_priority


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
