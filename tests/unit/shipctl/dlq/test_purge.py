"""Nothing is deleted without being named, counted and confirmed."""

import pytest

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is taken for a terminal, whatever it is."""
    monkeypatch.setattr("shipctl.dlq.purge.is_terminal", lambda: True)


def put_some(stack: Stack) -> None:
    stack.put("a", "b", reason="rejected")
    stack.put("c", reason="rejected")
    stack.put("d", reason="unavailable")


@pytest.mark.parametrize(
    "options",
    [[], ["--yes"], ["--all", "--reason", "rejected", "--yes"], ["--all"], ["--reason", "rejected"]],
)
def test_purge_refuses_what_is_not_clear(shipctl: Run, stack_in_aws: Stack, options: list[str]) -> None:
    put_some(stack_in_aws)
    assert shipctl("dlq", "purge", *options).exit_code == 2
    assert len(stack_in_aws.visible()) == 3


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_anything_but_a_yes_deletes_nothing(shipctl: Run, stack_in_aws: Stack, answer: str) -> None:
    put_some(stack_in_aws)
    result = shipctl("dlq", "purge", "--reason", "rejected", input=answer)
    assert result.exit_code == 1
    assert "Delete 3 log events in 2 messages permanently? [y/N]" in result.stdout
    assert len(stack_in_aws.visible()) == 3
    assert stack_in_aws.in_flight() == 0


@pytest.mark.usefixtures("at_a_terminal")
def test_a_yes_deletes_what_was_counted(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    result = shipctl("dlq", "purge", "--reason", "rejected", input="y\n")
    assert result.exit_code == 0, result.output
    assert "To keep a copy, first run: shipctl dlq export FILE" in result.stdout
    assert "2 messages deleted" in result.stdout
    assert [letter.cause.reason for letter in stack_in_aws.visible()] == ["unavailable"]


def test_all_of_a_queue(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    for number in range(25):
        stack_in_aws.put(f"{number}", parked=True)
    assert shipctl("dlq", "purge", "--all", "--yes", "--parked").exit_code == 0
    assert stack_in_aws.visible(parked=True) == []
    assert len(stack_in_aws.visible()) == 3


def test_what_comes_in_while_the_question_stands_is_not_deleted(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confirm(question: str, err: bool) -> bool:
        stack_in_aws.put("late", reason="rejected")
        return True

    put_some(stack_in_aws)
    monkeypatch.setattr("shipctl.dlq.purge.is_terminal", lambda: True)
    monkeypatch.setattr("shipctl.dlq.purge.typer.confirm", confirm)
    assert "3 messages deleted" in shipctl("dlq", "purge", "--all").stdout
    assert [letter.events for letter in stack_in_aws.visible()] == [1]


def test_an_answer_that_comes_too_late_deletes_nothing(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]

    def confirm(question: str, err: bool) -> bool:
        now[0] += 601
        return True

    put_some(stack_in_aws)
    monkeypatch.setattr("shipctl.dlq.purge.is_terminal", lambda: True)
    monkeypatch.setattr("shipctl.dlq.purge.typer.confirm", confirm)
    monkeypatch.setattr("shipctl.dlq.purge.time.monotonic", lambda: now[0])
    result = shipctl("dlq", "purge", "--all")
    assert result.exit_code == 1
    assert "more than ten minutes" in result.stderr
    assert len(stack_in_aws.visible()) == 3


def test_nothing_to_delete(shipctl: Run, stack_in_aws: Stack) -> None:
    result = shipctl("dlq", "purge", "--all", "--yes")
    assert result.exit_code == 0
    assert "nothing was deleted" in result.stdout
