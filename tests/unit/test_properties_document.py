"""`docs/properties.md` names every property that the shipper makes, and no other."""

import re
from pathlib import Path

from loginformant_shipper.entries import lambda_reports
from loginformant_shipper.parsing import containers
from loginformant_shipper.settings import PROPERTIES_OF_THE_SHIPPER

DOCUMENT = (Path(__file__).parents[2] / "docs" / "properties.md").read_text(encoding="utf-8")
NAMED = {
    name
    for line in DOCUMENT.splitlines()
    if line.startswith("| ")
    for name in re.findall(r"`([A-Za-z][\w.…]*)`", line)
}
OF_WRAPPERS = re.compile(r'"((?:aws|container|host|k8s|mpi|php|process|service|syslog)\.[a-z0-9_.]+)"')


def of_wrappers() -> set[str]:
    """Return the names in OpenTelemetry's style in the module that unwraps logs."""
    assert containers.__file__
    found = OF_WRAPPERS.findall(Path(containers.__file__).read_text(encoding="utf-8"))
    return {f"{name}…" if name.endswith(".") else name for name in found}


def test_properties_that_the_shipper_adds_are_documented() -> None:
    assert PROPERTIES_OF_THE_SHIPPER <= NAMED


def test_properties_of_a_report_are_documented() -> None:
    metrics = {name for names in lambda_reports._REPORT_METRICS.values() for name in names.values()}
    read = metrics.union(lambda_reports._REPORT_PROPERTIES.values(), lambda_reports._REPORT_WORDS)
    assert read | {"embeddedMetrics"} <= NAMED


def test_exactly_the_properties_of_wrappers_are_documented() -> None:
    assert {name for name in NAMED if "." in name} == of_wrappers()
