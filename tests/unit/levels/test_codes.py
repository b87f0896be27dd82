import pytest
from loginformant_shipper.levels.codes import decide_by_code, is_prose


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
        ("03/01/26 10:20:30 - Process(7.1) AMQ8004S: gone", "Error"),
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


@pytest.mark.parametrize(
    "left", ["", "web1 orders ", "2026-03-01 10:20:30 [worker of the third pool] shop ", "(a b c d) <e f g> "]
)
def test_names_are_no_sentence(left: str) -> None:
    assert not is_prose(left)


@pytest.mark.parametrize("left", ["the level is ", "we set it to "])
def test_more_than_two_plain_words_are_a_sentence(left: str) -> None:
    assert is_prose(left)
