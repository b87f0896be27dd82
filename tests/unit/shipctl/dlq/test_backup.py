"""A backup holds all messages, is written completely or not at all, and can be imported."""

import json
from pathlib import Path
from typing import Any

import pytest
from shipctl.dlq import looking, queue
from shipctl.dlq.backup import BadLine, Outgoing, exported_ids, read_backup
from shipctl.errors import CommandError

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack, subscription_event

MIB = 1024 * 1024
Content = list[tuple[str, str]]


def content(stack: Stack, *, parked: bool = False) -> Content:
    """Return the bodies and attributes of the messages in a queue."""
    return sorted(
        (letter.record["body"], json.dumps(letter.record["messageAttributes"], sort_keys=True))
        for letter in stack.visible(parked=parked)
    )


def put_some(stack: Stack) -> None:
    stack.put("one", "two", Detail="café ✓", reason="rejected")
    stack.put_raw(subscription_event("raw"), {"RequestID": "0a1b"}, ErrorCode="200")
    stack.put_raw('rubbish "quoted"\nin two lines')
    stack.sqs.send_message(
        QueueUrl=stack.dead,
        MessageBody="binary",
        MessageAttributes={"Odd": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
    )


def empty(stack: Stack) -> None:
    stack.sqs.purge_queue(QueueUrl=stack.dead)


def test_export_and_import_are_a_round_trip(shipctl: Run, stack_in_aws: Stack, tmp_path: Path) -> None:
    put_some(stack_in_aws)
    before = content(stack_in_aws)
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    result = shipctl("dlq", "export", str(first))
    assert result.exit_code == 0, result.output
    assert f"5 log events in 4 messages written to {first}" in result.stderr
    assert content(stack_in_aws) == before

    empty(stack_in_aws)
    assert "4 messages put into" in shipctl("dlq", "import", str(first)).stderr
    assert content(stack_in_aws) == before

    assert shipctl("dlq", "export", str(second)).exit_code == 0
    assert bodies(first) == bodies(second)


def bodies(path: Path) -> list[tuple[str, str]]:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted((record["body"], json.dumps(record["messageAttributes"])) for record in records)


def test_a_backup_can_be_piped(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    before = content(stack_in_aws)
    exported = shipctl("dlq", "export", "-")
    assert len(exported.stdout.splitlines()) == 4
    result = shipctl("dlq", "import", "-", "--parked", input=exported.stdout)
    assert result.exit_code == 0, result.output
    assert content(stack_in_aws, parked=True) == before


def test_shipctl_preview_reads_a_backup(shipctl: Run, stack_in_aws: Stack, tmp_path: Path) -> None:
    stack_in_aws.put("ERROR in the backup")
    backup = tmp_path / "backup.jsonl"
    shipctl("dlq", "export", str(backup))
    assert "ERROR in the backup" in shipctl("preview", str(backup)).stdout


def test_only_selected_messages_are_exported(shipctl: Run, stack_in_aws: Stack) -> None:
    put_some(stack_in_aws)
    exported = shipctl("dlq", "export", "-", "--reason", "malformed").stdout
    assert sorted(json.loads(line)["body"] for line in exported.splitlines()) == [
        "binary",
        'rubbish "quoted"\nin two lines',
    ]


def test_an_existing_file_is_not_replaced_without_force(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path
) -> None:
    stack_in_aws.put("one")
    backup = tmp_path / "backup.jsonl"
    backup.write_text("precious")
    result = shipctl("dlq", "export", str(backup))
    assert (result.exit_code, backup.read_text()) == (1, "precious")
    assert "exists: give another name, or --force" in result.stderr
    assert shipctl("dlq", "export", str(backup), "--force").exit_code == 0
    assert json.loads(backup.read_text())["messageAttributes"]["Reason"]["stringValue"] == "unavailable"


def test_a_backup_is_readable_only_by_its_owner(shipctl: Run, stack_in_aws: Stack, tmp_path: Path) -> None:
    stack_in_aws.put("one")
    shipctl("dlq", "export", str(tmp_path / "backup.jsonl"))
    assert (tmp_path / "backup.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_export_leaves_no_file_and_no_hidden_message(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, **options: Any) -> Any:
        yield next(receive_all(*arguments, **options))
        raise KeyboardInterrupt

    receive_all = queue.receive_all
    put_some(stack_in_aws)
    monkeypatch.setattr(looking, "receive_all", interrupted)
    assert shipctl("dlq", "export", str(tmp_path / "backup.jsonl")).exit_code == 130
    assert list(tmp_path.iterdir()) == []
    assert len(stack_in_aws.visible()) == 4


@pytest.fixture
def reads_two_receives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command hold twenty messages at most."""
    monkeypatch.setattr(queue, "MAX_HELD", 20)


@pytest.mark.usefixtures("reads_two_receives")
def test_an_incomplete_copy_says_so(shipctl: Run, stack_in_aws: Stack, tmp_path: Path) -> None:
    for number in range(25):
        stack_in_aws.put(f"log {number}")
    result = shipctl("dlq", "export", str(tmp_path / "a.jsonl"))
    assert result.exit_code == 1
    assert "20 log events in 20 messages written to" in result.stderr
    assert "the copy is not complete: about 5 messages were not read" in result.stderr
    result = shipctl("dlq", "export", str(tmp_path / "b.jsonl"), "--json")
    assert result.exit_code == 1
    written = json.loads(result.stdout)
    assert (written["messages"], written["isComplete"], written["notRead"]) == (20, False, 5)


@pytest.mark.usefixtures("reads_two_receives")
def test_export_and_purge_of_what_was_exported_lose_nothing(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path
) -> None:
    identifiers = {stack_in_aws.put(f"log {number}") for number in range(25)}
    kept: set[str] = set()
    for number in range(2):
        file = str(tmp_path / f"{number}.jsonl")
        assert shipctl("dlq", "export", file).exit_code == 1 - number
        assert shipctl("dlq", "purge", "--exported", file, "--yes").exit_code == 0
        kept |= exported_ids(file)
        assert kept | {letter.identifier for letter in stack_in_aws.visible()} == identifiers
    assert kept == identifiers


@pytest.mark.parametrize("bad", ['{"body": "x"}', "{", "[]", '{"messageId": 1}', "1", "null"])
def test_a_file_that_export_did_not_write_is_refused(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"messageId": "a"}\n\n' + bad)
    with pytest.raises(CommandError, match="line 3: not a message that export wrote"):
        exported_ids(str(file))


def test_a_path_that_cannot_be_written_is_one_error_line(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path
) -> None:
    result = shipctl("dlq", "export", str(tmp_path / "nowhere" / "backup.jsonl"))
    assert result.exit_code == 1
    assert result.stderr.strip().endswith("backup.jsonl: No such file or directory")


GOOD = {"dataType": "String", "stringValue": "x"}


def line(**changes: Any) -> str:
    record = {"body": "text", "messageAttributes": {"Reason": GOOD}}
    return json.dumps(record | changes)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("not json", "not JSON"),
        ("[]", "not a message"),
        ('{"body": ""}', "not a message"),
        ('{"body": 1}', "not a message"),
        (line(body="\x00"), "U+0000"),
        (line(body="x" * (MIB + 1)), "SQS allows 1048576"),
        (line(body="x" * (MIB - 5)), "SQS allows 1048576"),
        (line(messageAttributes=[]), "messageAttributes must be an object"),
        (line(messageAttributes={str(n): {} for n in range(11)}), "at most 10"),
        (line(messageAttributes={"A": {"dataType": "String"}}), "messageAttributes.A"),
        (line(messageAttributes={"A": {"dataType": "String", "stringValue": ""}}), "messageAttributes.A"),
        (line(messageAttributes={"A": {"dataType": "Text", "stringValue": "x"}}), "messageAttributes.A"),
        (line(messageAttributes={"A": {"dataType": "Binary", "binaryValue": "%"}}), ""),
        (line(messageAttributes={"AWS.A": GOOD}), "messageAttributes.AWS.A"),
        (line(messageAttributes={"A..b": GOOD}), "messageAttributes.A..b"),
    ],
)
def test_an_invalid_line_is_named_and_nothing_is_sent(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path, bad: str, why: str
) -> None:
    backup = tmp_path / "backup.jsonl"
    backup.write_text(f"{line()}\n\n{bad}\n{line()}\n")
    result = shipctl("dlq", "import", str(backup))
    assert result.exit_code == 1
    first, last = result.stderr.strip().splitlines()
    assert first.startswith(f"shipctl: {backup}, line 3: ")
    assert why in first
    assert last == f"shipctl: {backup}: 1 line cannot be sent; nothing was sent"
    assert stack_in_aws.visible() == []


def test_valid_messages_are_read() -> None:
    lines = [line(), line(body="x" * (MIB - 13)), line(messageAttributes={}), '{"body": "x"}']
    assert all(isinstance(each, Outgoing) for each in read_backup(text.encode() for text in lines))
    assert list(read_backup([b" \n"])) == []
    assert list(read_backup([b"{\n"])) == [BadLine(1, "not JSON")]


def test_no_request_of_an_import_exceeds_the_limits_of_sqs(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[list[int]] = []
    send = queue.Queue.send

    def watched(self: queue.Queue, entries: Any) -> dict[str, str]:
        sizes.append([len(entry["MessageBody"]) for entry in entries])
        return send(self, entries)

    monkeypatch.setattr(queue.Queue, "send", watched)
    backup = tmp_path / "backup.jsonl"
    backup.write_text("\n".join([*([line()] * 12), *([line(body="y" * 400_000)] * 3)]))
    assert shipctl("dlq", "import", str(backup)).exit_code == 0
    assert [len(batch) for batch in sizes] == [10, 4, 1]
    assert len(stack_in_aws.visible()) == 15


def test_lines_that_sqs_rejects_are_named(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue.Queue, "send", lambda self, entries: {"2": "InternalError"})
    backup = tmp_path / "backup.jsonl"
    backup.write_text("\n".join([line()] * 3))
    result = shipctl("dlq", "import", str(backup))
    assert result.exit_code == 1
    assert "2 messages put into" in result.stderr
    assert "SQS rejected 1 line: line 2: InternalError" in result.stderr


@pytest.mark.parametrize("how", [KeyboardInterrupt, CommandError("Sending to a queue: no")])
def test_an_import_that_ends_early_says_where_to_continue(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    def send(self: queue.Queue, entries: Any) -> dict[str, str]:
        if next(rounds):
            raise how
        return really(self, entries)

    rounds = iter([False, True, False])
    really = queue.Queue.send
    monkeypatch.setattr(queue.Queue, "send", send)
    backup = tmp_path / "backup.jsonl"
    backup.write_text("\n".join(line(body=f"message {number}") for number in range(15)))
    result = shipctl("dlq", "import", str(backup), "--json")
    assert result.exit_code != 0
    said = json.loads(result.stdout)
    assert (said["messages"], said["nextLine"]) == (10, 11)
    result = shipctl("dlq", "import", str(backup), "--from-line", "11")
    assert "5 messages put into" in result.stderr
    assert sorted(letter.record["body"] for letter in stack_in_aws.visible()) == sorted(
        f"message {number}" for number in range(15)
    )


def test_a_byte_order_mark_is_not_part_of_a_backup() -> None:
    [message] = read_backup([b"\xef\xbb\xbf" + line().encode()])
    assert isinstance(message, Outgoing)
