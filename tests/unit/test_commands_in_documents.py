"""Every command in a document, in the template or in a message of `shipctl` is accepted by its program."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.unit.documented_commands import (
    PROGRAMS,
    PROJECT,
    Command,
    calls_of_command,
    check,
    commands_in_document,
    commands_in_prose,
    split_commands,
    strings_of,
)

DOCUMENTS = [
    *sorted(PROJECT.glob("*.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
    PROJECT / "cli/README.md",
    *sorted((PROJECT / ".github").rglob("*.md")),
    *sorted((PROJECT / ".github/ISSUE_TEMPLATE").glob("*.yml")),
]
MODULES = sorted((PROJECT / "cli/shipctl").rglob("*.py"))


def texts_of(value: Any) -> list[str]:
    """Return every string in a template."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in texts_of(each)]


def refusals(commands: Iterable[Command]) -> list[str]:
    """Return the commands that are refused, and why."""
    found = []
    for command in {*commands}:
        try:
            check(command)
        except (Exception, SystemExit) as error:  # each program raises its own errors
            found.append(f"{command}\n    {error!s:.300}")
    return sorted(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_command_of_a_document_is_accepted(path: Path) -> None:
    assert refusals(commands_in_document(path)) == []


def test_every_command_of_the_template_is_accepted() -> None:
    template = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
    texts = [text.replace("${AWS::Region}", "eu-west-1").replace("${", "{") for text in texts_of(template)]
    commands = [command for text in texts for command in commands_in_prose("template.yaml", text)]
    assert len(commands) > 40
    assert refusals(commands) == []


def test_every_command_of_a_message_of_shipctl_is_accepted() -> None:
    called = [command for path in MODULES for command in calls_of_command(path)]
    told = [
        command
        for path in MODULES
        for text in strings_of(path)
        for command in commands_in_prose(path.name, text)
    ]
    assert len(called) > 15
    assert len(told) > 40
    assert refusals([*called, *told]) == []


def test_every_command_in_the_help_of_make_is_accepted() -> None:
    lines = re.findall(
        r"^[a-z-]+:.*## (.+)$", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    commands = [command for line in lines for command in commands_in_prose("Makefile", line)]
    assert len(commands) > 3
    assert refusals(commands) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_block_with_commands_is_marked_as_shell(path: Path) -> None:
    """Only the commands of such blocks are found."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    assert not [line for block in blocks for line in block.splitlines() if line.split(" ")[0] in PROGRAMS]


@pytest.mark.parametrize(
    "line",
    [
        "shipctl stats",
        "shipctl dlq stats --watched",
        "shipctl dlq show --reason unheard-of",
        "shipctl backfill",
        "shipctl deploy --set",
        "make everything",
        "make bench ARGS=--quickly",
        'make test ARGS="tests/unit -k no_test_has_this_name"',
        "make smoke ARGS=--speed",
        "python -m benchmarks.nothing",
        "python -m tests.chaos --seeds 7",
        "pytest tests/unit/test_nothing.py",
        "pytest tests/e2e/test_audit.py",
        "aws log tail",
        "aws logs list-everything",
        "aws cloudformation wait stack-vanished --stack-name a",
        "aws cloudformation wait stack-delete-complete --stack a",
        "aws logs put-subscription-filter --log-group-name orders",
        "aws sqs list-queues --prefix orders",
        "sam deploy --everything",
    ],
)
def test_a_wrong_command_is_detected(line: str) -> None:
    [words] = split_commands(line)
    assert refusals([Command("a document", words, complete=True)])


def test_commands_are_found_in_blocks_and_in_inline_code(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(
        "Run `make run`, and\n`shipctl dlq\nstats`; `shipctl` alone is a program.\n"
        "```sh\nprintf '%s' \"$KEY\" | shipctl deploy --api-key   # a comment\n"
        "aws iam create-role --role-name a \\\n  --assume-role-policy-document '{\n}'\n"
        "X=1 sam build > log\n```\n"
        "```\nshipctl --not a command here\n```\n",
        encoding="utf-8",
    )
    found = [(each.words, each.complete) for each in commands_in_document(document, tmp_path)]
    assert found == [
        (("shipctl", "deploy", "--api-key"), True),
        (("aws", "iam", "create-role", "--role-name", "a", "--assume-role-policy-document", "{\n}"), True),
        (("sam", "build"), True),
        (("make", "run"), False),
        (("shipctl", "dlq", "stats"), False),
    ]


def test_commands_are_found_in_sentences() -> None:
    text = (
        "Why: shipctl dlq stats --stack a. Again: aws sqs list-queues shows them, or make deploy "
        "(this shipctl cannot)."
    )
    assert [each.words for each in commands_in_prose("a message", text)] == [
        ("shipctl", "dlq", "stats", "--stack", "a"),
        ("aws", "sqs", "list-queues"),
        ("make", "deploy"),
    ]
