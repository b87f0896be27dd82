"""Code and templates say plainly what happens: without the figures of speech that reviews found in them."""

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
UNWANTED = (
    "allowed is",
    "again and again",
    "anew",
    "anybody's guess",
    "as it came",
    "batch in hand",
    "be had",
    "by itself",
    "comes home",
    "done with here",
    "for ever",
    "gave up",
    "gives up",
    "in vain",
    "is no time",
    "needs a person",
    "nobody vouches",
    "plea for",
    "sign of life",
    "so many characters",
    "somebody",
    "told of",
)
FOLDERS = ("benchmarks", "cli", "functions", "layers", "local", "organization", "release", "smoke")


def sources() -> list[str]:
    """Return the tracked files with code and templates."""
    command = ["git", "ls-files", "template.yaml", *FOLDERS]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if name.endswith((".py", ".yaml"))]


def unwanted_in(text: str) -> list[str]:
    """Return the unwanted phrases in a text, also those that are wrapped."""
    words = " ".join(re.sub(r"^\s*#", "", text, flags=re.MULTILINE).split()).lower()
    return [phrase for phrase in UNWANTED if re.search(rf"\b{re.escape(phrase)}\b", words)]


@pytest.mark.parametrize("name", sources())
def test_sources_have_no_unwanted_phrases(name: str) -> None:
    assert not unwanted_in((PROJECT / name).read_text(encoding="utf-8"))


def test_unwanted_phrases_are_found_across_lines() -> None:
    assert unwanted_in("    # Logs are stored as it\n    # came.") == ["as it came"]
    assert not unwanted_in("described as it becomes clear")
