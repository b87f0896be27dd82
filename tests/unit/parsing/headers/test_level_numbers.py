"""Levels that are a number on a scale of the format's own."""

import pytest
from loginformant_shipper.parsing.headers.header import find_level, read_header


def level_and_rule(line: str) -> tuple[str, str] | None:
    mark = find_level(line)
    return (mark.level, mark.rule) if mark else None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("(Sun Mar  1 10:20:30 2026) [sssd] [orders_read] (0x0010): gone", "Fatal"),
        ("(Sun Mar  1 10:20:30:123456 2026) [sssd[be[shop]]] [orders_read] (0x0020): no error", "Fatal"),
        ("(2026-03-01 10:20:30): [be[shop.example.com]] [orders_add] (0x0040): [RID#7] known", "Error"),
        ("(2026-03-01  9:20:30): [nss] [orders_add] (0x0080): none", "Warning"),
        ("(2026-03-01 10:20:30): [nss] [orders_add] (0x0100): failed over", "Information"),
        ("(2026-03-01 10:20:30): [nss] [orders_add] (0x0400): ERROR: none", "Debug"),
        ("(2026-03-01 10:20:30): [nss] [orders_add] (0x20000): error", "Debug"),
        ("   *  (2026-03-01 10:20:30): [be[shop]] [orders_add] (0x0040): [RID#7] known".strip(), "Error"),
        ("(Sun Mar  1 10:20:30 2026) [sssd] [orders_read] (2): gone", "Error"),
        ("(Sun Mar  1 10:20:30 2026) [sssd] [orders_read] (9): error", "Debug"),
        ("[2026/03/01 10:20:30.123456,  0] ../../source3/smbd/orders.c:77(take)", "Error"),
        ("[2026/03/01 10:20:30,  1] smbd/orders.c:take(77)", "Warning"),
        ("[2026/03/01 10:20:30.123456,  3, pid=7] ../source3/orders.c:77(take) failed", "Information"),
        ("[2026/03/01 10:20:30.123456, 10, pid=7, effective(0, 0), real(0, 0)] orders.c:7(error)", "Debug"),
        ("2026-03-01T10:20:30.123+0000 7f1abc123700 -1 orders(shop): none", "Error"),
        ("2026-03-01T10:20:30.123+0000 ffff8c5ee1f0 -1 orders(shop): none", "Error"),
        ("2026-03-01 10:20:30.123456 7f1abc123700  0 orders(shop): error lookup", "Information"),
        ("2026-03-01T10:20:30.123+0000 7f1abc123700  1 orders(shop): error lookup", "Information"),
        ("2026-03-01T10:20:30.123+0000 7f1abc123700 20 orders(shop): error lookup", "Debug"),
        ("2026-03-01T10:20:30.123+0000 737f80905640 -1 orders(shop): none", "Error"),
        ("debug 2026-03-01T10:20:30.123+0000 7f1abc123700 -1 orders(shop): none", "Error"),
        ("debug 2026-03-01T10:20:30.123+0000 737f80905640  0 orders(shop): error", "Information"),
        ("03/01/2026 10:20:30;0001;pbs_mom.7;Svr;pbs_mom;no error", "Error"),
        ("03/01/2026 10:20:30.123456;0008;Server@h;Job;7.h;failed over", "Information"),
        ("03/01/2026 10:20:30;0021;Server@h;Req;x;gone", "Error"),
        ("03/01/2026 10:20:30;0020;Server@h;Req;x;denied", "Warning"),
        ("03/01/2026 10:20:30;0100;Server@h;Req;x;error lookup", "Debug"),
        ("03/01/2026 10:20:30;0200;Server@h;Resv;x;failed over", "Information"),
        ("03/01/2026 10:20:30;0400;Server@h;Req;x;error lookup", "Debug"),
        ("!ENTRY org.acme.shop 4 0 2026-03-01 10:20:30.123", "Error"),
        ("!ENTRY org.acme.shop.error 2 7 2026-03-01 10:20:30.123", "Warning"),
        ("!ENTRY org.acme.error 1 -1 2026-03-01 10:20:30.123", "Information"),
        ("!ENTRY org.acme.error 8 0 2026-03-01 10:20:30.123", "Information"),
        ("!SUBENTRY 1 org.acme.shop 4 7 2026-03-01 10:20:30.123", "Error"),
    ],
)
def test_the_number_of_a_format_is_its_level(line: str, level: str) -> None:
    assert level_and_rule(line) == (level, "number")


@pytest.mark.parametrize(
    ("word", "level"),
    [("DBG", "Debug"), ("INF", "Information"), ("WRN", "Warning"), ("ERR", "Error"), ("SEC", "Fatal")],
)
def test_the_ceph_cluster_log_names_its_level_after_the_number(word: str, level: str) -> None:
    line = f"2026-03-01T10:20:30.123+0000 7f1abc123700  0 log_channel(cluster) log [{word}] : late"
    assert level_and_rule(line) == (level, "header")


@pytest.mark.parametrize(
    "line",
    [
        "(0x0010): gone",
        "(2026-03-01 10:20:30): [nss] (0x0010): gone",
        "(2026-03-01 10:20:30) orders (2): gone",
        "[2026/03/01 10:20:30.123456,  0] ../../source3/smbd/server.c:77(main)",
        "[2026/03/01 10:20:30] 0, 1",
        "2026-03-01 10:20:30 7f1abc12 -1 below",
        "2026-03-01 10:20:30.123 7f1abc123700 order",
        "2026-03-01 10:20:30.123 712345678901 10 orders",
        "2026-03-01 10:20:30.123 737f8090 10 orders",
        "bug 2026-03-01 10:20:30.123 7f1abc123700 10 orders",
        "03/01/2026 10:20:30 0001 orders",
        "* (2 orders)",
        "!ENTRY 4 orders",
    ],
)
def test_other_numbers_are_no_level(line: str) -> None:
    assert find_level(line) is None


def test_the_text_begins_after_the_number() -> None:
    header = read_header("(2026-03-01 10:20:30): [nss] [orders_add] (0x0040): no order 7")
    assert header.time == "2026-03-01 10:20:30"
    assert header.text_start == len("(2026-03-01 10:20:30): [nss] [orders_add] (0x0040): ")
