"""Read log messages with the levels of their sources."""

import gzip
import json
from pathlib import Path
from typing import NamedTuple

from loginformant_shipper.names import Level

OPEN_EXAMPLES = Path(__file__).parents[3] / "shared" / "levels" / "open.jsonl.gz"
"""The examples belong to their sources, so they are not part of the project."""


class Example(NamedTuple):
    message: str
    log_group: str | None
    level: Level
    accept: frozenset[Level]
    """Other levels that are defensible."""
    category: str
    format: str | None


def read(path: Path) -> list[Example]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [_example(json.loads(line)) for line in lines]


def _example(line: dict[str, object]) -> Example:
    accept = line.get("accept", [])
    assert isinstance(accept, list)
    group, form = line.get("log_group"), line.get("sub")
    return Example(
        message=str(line["message"]),
        log_group=str(group) if group else None,
        level=Level(str(line["level"])),
        accept=frozenset(map(Level, accept)),
        category=str(line["category"]),
        format=str(form) if form else None,
    )
