"""The stack is found by its name in the current account, or one line says why not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import shipctl as package
from shipctl import stack as module
from shipctl.errors import CommandError
from shipctl.stack import Stack, find_stack, options_for

from tests.unit.shipctl.conftest import Run

SOURCES = sorted(Path(package.__file__).parent.rglob("*.py"))
COMMANDS = [["dlq", "stats"], ["subscriptions", "list"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_region_is_an_error_with_advice(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: no AWS region: give --region")


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_credentials_are_one_error_line(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--region", "eu-west-1")
    assert result.exit_code == 1
    assert "shipctl: Looking for stack loginformant-shipper: no AWS credentials" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_profile_is_one_error_line(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--profile", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "environment", "options"),
    [
        (("loginformant-shipper", None, None), {}, ()),
        (
            ("orders", "eu-west-1", "night"),
            {},
            ("--stack", "orders", "--region", "eu-west-1", "--profile", "night"),
        ),
        (("orders", "eu-west-1", None), {"SHIPCTL_STACK": "orders", "AWS_REGION": "eu-west-1"}, ()),
        (
            ("loginformant-shipper", None, None),
            {"SHIPCTL_STACK": "orders"},
            ("--stack", "loginformant-shipper"),
        ),
    ],
)
def test_a_hint_has_the_options_that_the_environment_does_not_set(
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[str, str | None, str | None],
    environment: dict[str, str],
    options: tuple[str, ...],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert options_for(*given) == options


def test_a_hint_is_a_quoted_command() -> None:
    session: Any = None
    stack = Stack("orders", session, {}, ("--stack", "orders"))
    assert stack.command("dlq", "show", "--log-group", "/aws/*") == (
        "shipctl dlq show --log-group '/aws/*' --stack orders"
    )


@pytest.mark.parametrize(
    ("profile", "options"), [(None, ""), ("prod", " --profile prod"), ("a b", " --profile 'a b'")]
)
def test_a_command_of_the_aws_cli_names_the_region_and_the_profile(profile: str | None, options: str) -> None:
    session: Any = SimpleNamespace(region_name="eu-west-1")
    stack = Stack("orders", session, {}, profile=profile)
    command = stack.aws_command("kms", "enable-key", "--key-id", "arn")
    assert command == f"aws kms enable-key --key-id arn --region eu-west-1{options}"


def texts_in(node: ast.AST) -> Iterator[str]:
    """Yield each text in a module but its docstrings and the examples of its help."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assign(targets=[ast.Name(id="EXAMPLES")]):
            return
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "--" for part in parts)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from texts_in(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_message_has_a_command_of_the_aws_cli_that_aws_command_did_not_make(path: Path) -> None:
    """Without --profile, a command such as delete-stack would act on another account."""
    texts = texts_in(ast.parse(path.read_text(encoding="utf-8")))
    assert not [text for text in texts if re.search(r"\baws [a-z0-9-]+ [a-z-]+ --", text)]


def test_help_names_the_variable_for_the_stack(shipctl: Run, credentials: None) -> None:
    result = shipctl("dlq", "stats", "--help", env={"COLUMNS": "120"})
    assert "SHIPCTL_STACK" in result.stdout


# --- a stack that is named by its ARN ---

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/loginformant-shipper/0a1b"


class FakeSession:
    """A session whose CloudFormation has one stack."""

    region_name = "eu-west-1"

    def __init__(self, status: str) -> None:
        self.status = status

    def client(self, service: str, config: object) -> "FakeSession":
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": "loginformant-shipper", "StackStatus": self.status}]}


def find(monkeypatch: pytest.MonkeyPatch, status: str) -> Stack:
    monkeypatch.setattr(module, "session", lambda region, profile: FakeSession(status))
    return find_stack(ARN, None, None)


def test_a_stack_that_is_named_by_its_arn_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is a dimension of the stack's metrics."""
    found = find(monkeypatch, "UPDATE_COMPLETE")
    assert found.name == "loginformant-shipper"
    assert found.options == ("--stack", ARN)


def test_a_deleted_stack_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="was deleted: to read a queue that is left, give --queue-url"):
        find(monkeypatch, "DELETE_COMPLETE")


def test_a_stack_without_outputs_names_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find(monkeypatch, "ROLLBACK_COMPLETE")
    with pytest.raises(CommandError, match="has no outputs; it is ROLLBACK_COMPLETE"):
        found.output("DeadLetterQueueUrl")
