"""Messages are deleted only after they are selected, counted and confirmed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from shipctl.dlq import queue
from shipctl.errors import CommandError

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
    [
        [],
        ["--yes"],
        ["--all", "--reason", "rejected", "--yes"],
        ["--all", "--exported", "a.jsonl", "--yes"],
        ["--reason", "rejected", "--exported", "a.jsonl", "--yes"],
        ["--all"],
        ["--reason", "rejected"],
    ],
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


def exported(path: Path, *identifiers: str) -> str:
    """Write a file as export does, as far as purge reads it."""
    path.write_text("".join(json.dumps({"messageId": identifier}) + "\n" for identifier in identifiers))
    return str(path)


def test_only_messages_in_the_exported_file_are_deleted(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path
) -> None:
    one, two = stack_in_aws.put("one"), stack_in_aws.put("two")
    file = exported(tmp_path / "a.jsonl", one, "delivered since")
    result = shipctl("dlq", "purge", "--exported", file, "--yes")
    assert result.exit_code == 0, result.output
    assert "1 message deleted" in result.stdout
    assert f"1 message of {file} not found in the queue" in result.stderr
    assert [letter.identifier for letter in stack_in_aws.visible()] == [two]


@pytest.mark.usefixtures("at_a_terminal")
def test_no_copy_is_recommended_to_who_has_one(shipctl: Run, stack_in_aws: Stack, tmp_path: Path) -> None:
    file = exported(tmp_path / "a.jsonl", stack_in_aws.put("one"))
    result = shipctl("dlq", "purge", "--exported", file, input="y\n")
    assert "This cannot be undone." in result.stdout
    assert "To keep a copy" not in result.stdout
    assert stack_in_aws.visible() == []


def test_what_was_not_read_is_not_deleted_and_said(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_HELD", 20)
    for number in range(25):
        stack_in_aws.put(f"log {number}")
    result = shipctl("dlq", "purge", "--all", "--yes", "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["messagesDeleted"], said["isComplete"], said["notRead"]) == (20, False, 5)
    assert "about 5 messages were not read, and not deleted: run the command again" in result.stderr
    assert len(stack_in_aws.visible()) == 5


@pytest.mark.parametrize("how", [KeyboardInterrupt, CommandError("Deleting from a queue: no")])
def test_a_purge_that_ends_early_says_how_far_it_got(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    def delete(self: queue.Queue, handles: Iterable[str]) -> list[str]:
        given = list(handles)
        if bool(given) and next(rounds):
            raise how
        return really(self, given)

    rounds = iter([False, True])
    really = queue.Queue.delete
    monkeypatch.setattr("shipctl.dlq.purge._AT_ONCE", 10)
    for number in range(25):
        stack_in_aws.put(f"log {number}")
    monkeypatch.setattr(queue.Queue, "delete", delete)
    result = shipctl("dlq", "purge", "--all", "--yes")
    assert result.exit_code != 0
    assert "10 messages deleted, and perhaps 10 more; the others were not deleted" in result.stderr
    assert len(stack_in_aws.visible()) == 15
