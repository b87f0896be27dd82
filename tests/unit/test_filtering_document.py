"""docs/filtering.md agrees with the code, and its examples are tested."""

import re
from pathlib import Path

import pytest
from loginformant_shipper.ledger import MAX_LOG_GROUPS_TOLD, Ledger, LogGroupCounts
from loginformant_shipper.names import Detector, FilterCause
from loginformant_shipper.patterns import MAX_CHARACTERS, MAX_INSTRUCTIONS, compile_pattern
from loginformant_shipper.redaction.redact import redact_text

from tests.unit.sample_data import settings

DOCUMENT = (Path(__file__).parents[2] / "docs/filtering.md").read_text(encoding="utf-8")
OF_DETECTORS = re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \| `([^`]+)` \|$", DOCUMENT, re.MULTILINE)
OF_THE_PATTERN = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", DOCUMENT, re.MULTILINE)


def test_every_detector_and_the_pattern_have_examples() -> None:
    assert {name for name, _, _ in OF_DETECTORS} == set(Detector)
    assert len(OF_THE_PATTERN) == 2


@pytest.mark.parametrize(("detector", "logged", "shipped"), OF_DETECTORS)
def test_the_example_of_a_detector_is_redacted_as_documented(
    detector: str, logged: str, shipped: str
) -> None:
    assert redact_text(logged, settings(REDACT=detector)) == shipped


@pytest.mark.parametrize(("logged", "shipped"), OF_THE_PATTERN)
def test_the_example_of_the_pattern_is_redacted_as_documented(logged: str, shipped: str) -> None:
    [pattern] = re.findall(r"So with `([^`]+)`:", DOCUMENT)
    assert redact_text(logged, settings(REDACT_PATTERN=pattern)) == shipped


def test_every_detector_is_described() -> None:
    assert re.findall(r"^- \*\*`([a-z-]+)`\*\*:", DOCUMENT, re.MULTILINE) == [
        *dict.fromkeys(name for name, _, _ in OF_DETECTORS)
    ]


def test_every_cause_is_in_the_query() -> None:
    [query] = re.findall(r"^fields (filteredBy.*)$", DOCUMENT, re.MULTILINE)
    assert query.split(", ") == [f"filteredBy.{cause}" for cause in FilterCause]


def test_the_query_by_log_group_names_fields_of_the_line_of_metrics() -> None:
    ledger = Ledger()
    ledger.log_groups["/a"] = LogGroupCounts(4, 1, 1, 1)
    [told] = ledger.by_log_group()
    asked = set(re.findall(r"logGroup\.(\w+)", DOCUMENT))
    assert asked == {"received", "filtered", "delivered", "name"} <= told.keys()
    assert f"at most {MAX_LOG_GROUPS_TOLD} log groups" in DOCUMENT


def test_the_documented_limits_of_patterns_are_those_of_the_code() -> None:
    assert f"at most {MAX_CHARACTERS:,} characters" in DOCUMENT
    assert f"at most {MAX_INSTRUCTIONS:,} instructions" in DOCUMENT
    with pytest.raises(ValueError, match="instructions"):
        compile_pattern("(?:abc){500}")
