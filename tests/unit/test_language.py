"""Code, templates and documents say plainly what happens, in paragraphs that are wrapped."""

import ast
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
UNWANTED = (
    "allowed is",
    "again and again",
    "anew",
    "anybody's guess",
    "as it came",
    "at hand",
    "batch in hand",
    "be had",
    "by itself",
    "comes home",
    "done with here",
    "e-mail",
    "for ever",
    "gave up",
    "gives up",
    "in vain",
    "is no time",
    "needs a person",
    "nobody vouches",
    "plea for",
    "quarter of an hour",
    "sign of life",
    "says nothing",
    "so many characters",
    "somebody",
    "time-out",
    "told of",
)
SHORT = 85
"""A line of a paragraph is too short if the next word would end before this column."""
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


def documents() -> list[str]:
    """Return the tracked documents, and the Makefile, whose help is one."""
    command = ["git", "ls-files", "*.md", "Makefile"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("name", [*sources(), *documents()])
def test_sources_and_documents_have_no_unwanted_phrases(name: str) -> None:
    assert not unwanted_in((PROJECT / name).read_text(encoding="utf-8"))


def test_unwanted_phrases_are_found_across_lines() -> None:
    assert unwanted_in("    # Logs are stored as it\n    # came.") == ["as it came"]
    assert not unwanted_in("described as it becomes clear")


def blocks(source: str) -> Iterator[list[str]]:
    """Yield the lines of each docstring, and of each block of comments."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if node.end_lineno:
                yield lines[node.lineno - 1 : node.end_lineno]
    comments: list[str] = []
    for line in [*lines, ""]:
        if line.lstrip().startswith("#"):
            comments.append(line)
        elif comments:
            yield comments
            comments = []


def short_lines(source: str) -> list[str]:
    """Return the lines that break in the middle of a sentence although the next word would fit.

    Lists, tables and code are skipped.
    """
    found = []
    for block in blocks(source):
        for line, following in pairwise(block):
            text, words = line.strip("# "), following.strip("# ").split()
            if not text or not words or text.endswith((".", ":", "?", "|", "`", '"')) or text[0] in ".>":
                continue
            if re.match(r"[-*|`>\"\[{.]|\d+\.", words[0]):
                continue
            if len(line) + 1 + len(words[0]) <= SHORT:
                found.append(line)
    return found


@pytest.mark.parametrize("name", [name for name in sources() if name.endswith(".py")])
def test_no_line_of_a_paragraph_is_broken_early(name: str) -> None:
    assert not short_lines((PROJECT / name).read_text(encoding="utf-8"))


def test_lines_that_are_broken_early_are_found() -> None:
    docstring = '"""Return it.\n\nThe worse\none is\nused.\n\n- A list\n- of two\n"""\n'
    source = f"{docstring}# A comment that\n# ends.\nx = 1\n"
    assert short_lines(source) == ["The worse", "one is", "# A comment that"]
