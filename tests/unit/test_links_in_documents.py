"""Every link of a document names an existing file, and an existing heading in it."""

import re
from pathlib import Path

import pytest

from tests.unit.documented_commands import PROJECT
from tests.unit.test_commands_in_documents import DOCUMENTS

MARKDOWN = [path for path in DOCUMENTS if path.suffix == ".md"]


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def links(document: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_has_an_existing_target(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_list_of_documents_is_complete() -> None:
    listed = {link.partition("#")[0] for link in links(PROJECT / "docs" / "README.md")}
    there = {path.name for path in (PROJECT / "docs").glob("*.md")}
    assert there - listed == {"README.md"}


def test_links_are_found() -> None:
    assert "docs/guarantees.md" in links(PROJECT / "README.md")
