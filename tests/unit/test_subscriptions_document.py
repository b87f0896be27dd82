"""docs/subscriptions.md names log groups that hold no logs, and excludes all of them."""

import re
from pathlib import Path

from loginformant_shipper.subscriptions.wanted import Unwanted, Wanted, parse_patterns

DOCUMENT = (Path(__file__).parents[2] / "docs/subscriptions.md").read_text(encoding="utf-8")
SECTION = DOCUMENT.partition("### Metrics and spans")[2].partition("\n## ")[0]
_, _, COMMAND = SECTION.partition("ExcludeLogGroups=")
EXCLUDED = parse_patterns(COMMAND.partition("'")[0])
NAMES = [
    name.replace("CLUSTER", "shop")
    for row in re.findall(r"^\| (`[^|]+) \|", SECTION, re.M)
    for name in re.findall(r"`([^`]+)`", row)
]


def test_the_command_excludes_the_log_groups_of_the_table() -> None:
    wanted = Wanted(log_groups=("*",), excluded=EXCLUDED)
    assert {name: wanted.why_not(name) for name in NAMES} == dict.fromkeys(NAMES, Unwanted.EXCLUDED)
    assert len(NAMES) >= len(EXCLUDED) > 1


def test_the_command_excludes_no_log_group_that_holds_logs() -> None:
    wanted = Wanted(log_groups=("*",), excluded=EXCLUDED)
    for name in ("application", "dataplane", "host"):
        assert wanted.why_not(f"/aws/containerinsights/shop/{name}") is None
    assert wanted.why_not("/aws/rds/instance/shop/error") is None
