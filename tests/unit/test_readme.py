"""README.md repeats what other documents say, as it is there."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_what_it_costs_is_what_the_sum_says() -> None:
    scaling = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
    section = scaling.partition("## What it costs\n")[2]
    figures = re.findall(r"(\d+\.\d\d) \$", README)
    assert len(figures) == 3
    fixed = re.search(r"secret and polling \w+ (\d+\.\d\d) \$", section)
    total = re.search(r"\*\*together\*\*[ |]*\*\*(\d+\.\d\d)\*\*", section)
    basic = re.search(r"`Monitoring=basic` saves (\d+\.\d\d) \$", section)
    assert [found and found[1] for found in (fixed, total, basic)] == figures


def test_the_processor_time_is_what_was_measured() -> None:
    performance = (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = performance.partition("| payload | µs a log event | naive shipper | ratio |")[2].partition("\n\n")[
        0
    ]
    ratios = sorted(float(row.split("|")[4]) for row in rows.splitlines()[2:])
    assert f"It takes {ratios[0]:.1f} to {ratios[-1]:.1f} times the processor time" in README


def test_the_page_of_the_package_guarantees_the_same() -> None:
    package = (PROJECT / "cli" / "README.md").read_text(encoding="utf-8")
    promise = re.search(r"\*\*What is guaranteed:\*\* e(.+?\.) ", " ".join(README.split()))
    assert promise
    assert f"E{promise[1]}" in " ".join(package.split())
