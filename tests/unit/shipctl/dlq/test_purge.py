"""Messages are deleted only after they are selected, counted and confirmed."""

import pytest

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat standard input as a terminal."""
    monkeypatch.setattr("shipctl.dlq.purge.is_terminal", lambda: True)


def put_some(stack: Stack) -> None:
    stack.put("a", "b", reason="rejected")
    stack.put("c", reason="rejected")
    stack.put("d", reason="unavailable")


@pytest.mark.parametrize(
    "options",
    [[], ["--yes"], ["--all", "--reason", "rejected", "--yes"], ["--all"], ["--reason", "rejected"]],
)
def test_purge_refuses_unclear_options(shipctl: Run, stack_in_aws: Stack, options: list[str]) -> None:
    put_some(stack_in_aws)
    assert shipctl("dlq", "purge", *options).exit_code == 2
    assert len(stack_in_aws.visible()) == 3


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_deleted_without_a_yes(shipctl: Run, stack_in_aws: Stack, answer: str) -> None:
    put_some(stack_in_aws)
    result = shipctl("dlq", "purge", "--reason", "rejected", input=answer)
    assert result.exit_code == 1
    assert "Delete 3 log events in 2 messages permanently? [y/N]" in result.stdout
    assert len(stack_in_aws.visible()) == 3
    assert stack_in_aws.in_flight() == 0


@pytest.mark.usefixtures("at_a_terminal")
def test_a_yes_deletes_the_counted_messages(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    result = shipctl("dlq", "purge", "--reason", "rejected", input="y\n")
    assert result.exit_code == 0, result.output
    assert "To keep a copy, first run: shipctl dlq export FILE" in result.stdout
    assert "2 messages deleted" in result.stdout
    assert [letter.cause.reason for letter in stack_in_aws.visible()] == ["unavailable"]


def test_purge_all_empties_only_the_chosen_queue(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    for number in range(25):
        stack_in_aws.put(f"{number}", parked=True)
    assert shipctl("dlq", "purge", "--all", "--yes", "--parked").exit_code == 0
    assert stack_in_aws.visible(parked=True) == []
    assert len(stack_in_aws.visible()) == 3


def test_messages_that_arrive_during_the_question_are_not_deleted(
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


def test_a_late_answer_deletes_nothing(
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


def test_purge_says_that_an_empty_queue_has_nothing_to_delete(shipctl: Run, stack_in_aws: Stack) -> None:
    result = shipctl("dlq", "purge", "--all", "--yes")
    assert result.exit_code == 0
    assert "nothing was deleted" in result.stdout
