"""pre-commit checks what `make lint` checks, with the same programs."""

import re
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]


def hooks() -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local", "another repository pins versions of its own"
    return list(repository["hooks"])


def checks_of_make_lint() -> list[list[str]]:
    recipe = (PROJECT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    return [line.split() for line in re.findall(r"^\t@(.+)$", recipe, re.MULTILINE)]


def program(words: list[str]) -> tuple[str, ...]:
    """Return the program and its subcommand if it has one, such as `ruff check`."""
    return tuple(words[:2] if words[0] == "ruff" else words[:1])


def test_the_checks_are_those_of_make_lint_and_run_in_the_environment_of_the_lock_file() -> None:
    entries = [hook["entry"].split() for hook in hooks()]
    assert {words[0].rpartition("/")[0] for words in entries} == {".venv/bin"}
    ours = {program([words[0].rpartition("/")[2], *words[1:]]) for words in entries}
    assert ours == {program(words) for words in checks_of_make_lint()}


def test_cfn_lint_reads_every_template_that_make_lint_names() -> None:
    (pattern,) = [hook["files"] for hook in hooks() if hook["id"] == "cfn-lint"]
    (words,) = [words for words in checks_of_make_lint() if words[0] == "cfn-lint"]
    templates = [str(path.relative_to(PROJECT)) for word in words[1:] for path in PROJECT.glob(word)]
    assert len(templates) > 1
    assert [name for name in templates if not re.search(pattern, name)] == []
