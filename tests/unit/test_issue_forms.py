"""GitHub accepts the issue forms ("Syntax for GitHub's form schema", GitHub Docs)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github" / "ISSUE_TEMPLATE"
FORMS = sorted(path for path in FOLDER.glob("*.yml") if path.name != "config.yml")
TOP = {"name", "description", "body", "title", "labels", "assignees", "projects", "type"}
ATTRIBUTES = {
    "markdown": {"value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "input": {"label", "description", "placeholder", "value"},
}


def form(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_has_the_required_keys_and_no_unknown_ones(path: Path) -> None:
    assert {"name", "description", "body"} <= form(path).keys() <= TOP
    for element in form(path)["body"]:
        assert element.keys() <= {"type", "id", "attributes", "validations"}
        assert element["attributes"].keys() <= ATTRIBUTES[element["type"]]
        assert element["type"] == "markdown" or element["attributes"]["label"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_no_two_elements_have_the_same_id_or_label(path: Path) -> None:
    fields = [element for element in form(path)["body"] if element["type"] != "markdown"]
    assert len(fields) > 1
    for names in ([each["id"] for each in fields], [each["attributes"]["label"] for each in fields]):
        assert len(set(names)) == len(names)


def test_every_form_asks_for_the_version() -> None:
    assert FORMS
    for path in FORMS:
        (version,) = [element for element in form(path)["body"] if element.get("id") == "version"]
        assert version["validations"] == {"required": True}
