"""Patterns, exclusions and the delivery path decide which log groups are wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.subscriptions.wanted import Unwanted, Wanted, parse_patterns


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("/aws/lambda/orders", "/aws/lambda/orders", True),
        ("/aws/lambda/orders", "/aws/lambda/orders-2", False),
        ("/aws/lambda/orders", "/aws/lambda/Orders", False),
        ("/aws/lambda/*", "/aws/lambda/orders", True),
        ("/aws/lambda/*", "/aws/lambda/", True),
        ("/aws/lambda/*", "/aws/lambda", False),
        ("/aws/lambda/*", "x/aws/lambda/orders", False),
        ("/aws/*/orders", "/aws/ecs/blue/orders", True),
        ("*orders*", "/aws/lambda/orders-2", True),
        ("*", "#anything.at-all_", True),
        ("a.b", "axb", False),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, name: str, wanted: bool) -> None:
    assert (Wanted(log_groups=(pattern,)).why_not(name) is None) is wanted


def test_no_log_group_is_wanted_without_patterns() -> None:
    assert Wanted(log_groups=()).why_not("/aws/lambda/orders") is Unwanted.UNLISTED


def test_an_exclusion_overrides_a_pattern() -> None:
    wanted = Wanted(log_groups=("*", "/aws/lambda/noisy"), excluded=("/aws/lambda/noisy", "/tmp/*"))
    assert wanted.why_not("/aws/lambda/noisy") is Unwanted.EXCLUDED
    assert wanted.why_not("/tmp/x") is Unwanted.EXCLUDED
    assert wanted.why_not("/aws/lambda/orders") is None


@pytest.mark.parametrize(
    "name",
    ["/aws/lambda/shipper", "/loginformant/shipper/shipper", "/loginformant/another-stack/replay"],
)
def test_log_groups_of_the_delivery_path_are_never_wanted(name: str) -> None:
    """Two stacks that ship each other's logs would never stop."""
    wanted = Wanted(log_groups=("*", name), own=frozenset({"/aws/lambda/shipper"}))
    assert wanted.why_not(name) is Unwanted.OWN


WEB, COMPANION = "/aws/lambda/web/shop", "/aws/lambda/web/shop.local"


@pytest.mark.parametrize("pattern", ["*", "/aws/lambda/*", "/aws/lambda/web/shop*", "*shop.*"])
def test_the_companion_of_a_web_function_is_not_wanted_with_a_pattern(pattern: str) -> None:
    """Lambda copies each of its log events to the log group of the Web Function."""
    wanted = Wanted(log_groups=(WEB, pattern))
    assert wanted.why_not(WEB) is None
    assert wanted.why_not(COMPANION) is Unwanted.COMPANION


@pytest.mark.parametrize("pattern", [COMPANION, "/aws/lambda/web/*.local", "*.local"])
def test_a_companion_is_wanted_if_its_suffix_is_named(pattern: str) -> None:
    """A region that is not the home region of the function has nothing else."""
    assert Wanted(log_groups=(pattern,)).why_not(COMPANION) is None
    assert Wanted(log_groups=("*", pattern)).why_not(COMPANION) is None


def test_other_reasons_precede_that_of_a_companion() -> None:
    assert Wanted(log_groups=("/ecs/*",)).why_not(COMPANION) is Unwanted.UNLISTED
    excluding = Wanted(log_groups=("*", COMPANION), excluded=("/aws/lambda/web/*",))
    assert excluding.why_not(COMPANION) is Unwanted.EXCLUDED


@pytest.mark.parametrize(
    "name", ["orders.local", "/aws/lambda/orders.local", "/aws/lambda/web", "/web/a.local"]
)
def test_only_a_log_group_of_a_web_function_is_a_companion(name: str) -> None:
    assert Wanted(log_groups=("*",)).why_not(name) is None


@pytest.mark.parametrize(
    ("text", "patterns"),
    [("", ()), (" , ", ()), ("*", ("*",)), (" /aws/lambda/* ,orders#1 ", ("/aws/lambda/*", "orders#1"))],
)
def test_patterns_are_separated_by_commas(text: str, patterns: tuple[str, ...]) -> None:
    assert parse_patterns(text) == patterns


@pytest.mark.parametrize("bad", ["/aws/[a]*", "orders?", "two words", "grüße", "x" * 513])
def test_an_impossible_log_group_name_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="separated by commas, but '"):
        parse_patterns(f"/aws/lambda/*,{bad}")


@given(st.from_regex(r"[a-z/#._-]{1,20}", fullmatch=True))
def test_a_name_without_a_star_matches_only_itself(name: str) -> None:
    (pattern,) = parse_patterns(name)
    assert Wanted(log_groups=(pattern,)).why_not(name) is None
    assert Wanted(log_groups=(pattern,)).why_not(name + "x") is Unwanted.UNLISTED
