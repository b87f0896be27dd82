"""The lock files have every required package with hashes, and the layer's packages in the same versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
LAYER = PROJECT / "layers" / "dependencies" / "requirements.txt"
GROUPS = {"dev": PROJECT / "requirements" / "dev.txt", "mutants": PROJECT / "requirements" / "mutants.txt"}
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)(.*)$")


def packages(lock_file: Path) -> dict[str, str]:
    """Return the pinned packages and their versions; check that each has a hash."""
    found = {}
    for entry in re.split(r"\n(?=[a-z])", lock_file.read_text(encoding="utf-8")):
        if pinned := PINNED.match(entry.partition("\n")[0]):
            assert "--hash=sha256:" in entry, pinned[0]
            found[pinned[1]] = pinned[2]
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_each_package_of_a_group_is_in_its_lock_file(group: str) -> None:
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    names = {re.split(r"[^A-Za-z0-9._-]", requirement)[0] for requirement in wanted[group]}
    assert names - packages(GROUPS[group]).keys() == set()


def test_each_package_of_the_layer_is_in_its_lock_file() -> None:
    lines = (LAYER.parent / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = {line for line in lines if not line.startswith("#")}
    assert names
    assert names - packages(LAYER).keys() == set()


@pytest.mark.parametrize("group", GROUPS)
def test_tests_use_the_versions_of_the_layer(group: str) -> None:
    layer, here = packages(LAYER), packages(GROUPS[group])
    assert layer
    assert {name: here[name] for name in layer if name in here} == layer


def test_dependabot_reads_every_lock_file() -> None:
    updates = yaml.safe_load((PROJECT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    (pip,) = [update for update in updates if update["package-ecosystem"] == "pip"]
    folders = {f"/{path.parent.relative_to(PROJECT)}" for path in (LAYER, *GROUPS.values())}
    assert set(pip["directories"]) == folders
