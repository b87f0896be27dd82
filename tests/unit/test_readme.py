"""README.md agrees with the documents that it repeats."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_cost_in_the_readme_is_that_of_the_example() -> None:
    scaling = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
    section = scaling.partition("## What it costs\n")[2]
    figures = re.findall(r"\$(\d+\.\d\d)", README)
    assert len(figures) == 3
    fixed = re.search(r"secret and polling \w+ \$(\d+\.\d\d)", section)
    total = re.search(r"\*\*together\*\*[ |]*\*\*(\d+\.\d\d)\*\*", section)
    basic = re.search(r"`Monitoring=basic` saves \$(\d+\.\d\d)", section)
    assert [found and found[1] for found in (fixed, total, basic)] == figures


def test_the_processor_time_in_the_readme_is_the_measured_one() -> None:
    performance = (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = performance.partition("| payload | µs a log event | naive shipper | ratio |")[2].partition("\n\n")[
        0
    ]
    ratios = sorted(float(row.split("|")[4]) for row in rows.splitlines()[2:])
    assert f"It takes {ratios[0]:.1f} to {ratios[-1]:.1f} times the processor time" in README


def test_the_page_of_the_package_has_the_same_guarantees() -> None:
    package = (PROJECT / "cli" / "README.md").read_text(encoding="utf-8")
    promise = re.search(r"\*\*What is guaranteed:\*\* e(.+?\.) ", " ".join(README.split()))
    assert promise
    assert f"E{promise[1]}" in " ".join(package.split())
