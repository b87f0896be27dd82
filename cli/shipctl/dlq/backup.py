"""`shipctl dlq export` and `import`: write messages to a file, and put them back into the queue."""

import base64
import os
import re
import shutil
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NamedTuple, cast

import orjson
import typer
from loginformant_shipper.dead_letters.messages import NOT_ALLOWED_BY_SQS, SQS_MAX_MESSAGE_BYTES

from shipctl.dlq.looking import letters, look, what_was_not_read
from shipctl.dlq.options import WhichMessages, WhichQueue
from shipctl.dlq.queue import MAX_BATCH, Queue, queue_of
from shipctl.dlq.redacted import Raw, redacted, redaction_of
from shipctl.errors import CommandError
from shipctl.json_lines import print_json
from shipctl.options import AsJson
from shipctl.reading import STANDARD_INPUT, opened
from shipctl.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

STANDARD_OUTPUT = "-"
MAX_ATTRIBUTES = 10
MAX_BAD_LINES_TOLD = 10
_ATTRIBUTE_NAME = re.compile(r"(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE)
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\..{1,240})?")


def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to write; - is standard output.")],
    which: WhichQueue,
    selected: WhichMessages,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    raw: Raw = False,
    as_json: AsJson = False,
) -> None:
    """Write a copy of messages to a file. Nothing is deleted.

    Each line is one message, as JSON, with everything that import needs. shipctl preview reads the file, too.
    Log events are redacted with the stack's settings, unless --raw is given. Payloads that cannot be read are
    written as they are, in the parts in which they are stored, since import needs them; shipctl dlq show
    --json puts them together. Keep the file where only people can read it who may read the log groups.

    At most 100,000 messages are read. If messages were not read, the command says about how many, and the
    exit status is 1. shipctl dlq purge --exported FILE deletes only what is in the file.
    """
    wanted = selected.selection
    if file != STANDARD_OUTPUT and Path(file).exists() and not force:
        raise CommandError(f"{file} exists: give another name, or --force to overwrite it")
    stack = which.find()
    settings = None if raw else redaction_of(stack)
    queue = queue_of(stack, which.parked)
    counts = queue.counts()
    messages = events = 0
    with look(queue) as held, _written(file) as output:
        for letter in letters(held, counts, wanted):
            written = redacted(letter, settings) if settings else letter
            output.write(orjson.dumps(written.record) + b"\n")
            messages += 1
            events += letter.events
    if as_json:
        counts_written = {
            "file": file,
            "messages": messages,
            "logEvents": events,
            "inFlight": counts.in_flight,
            "delayed": counts.delayed,
            "isComplete": not held.not_read,
            "notRead": held.not_read,
        }
        print_json(counts_written, to=sys.stderr if file == STANDARD_OUTPUT else sys.stdout)
    else:
        where = "standard output" if file == STANDARD_OUTPUT else file
        text = f"{counted(events, 'log event')} in {counted(messages, 'message')} written to {where}"
        if counts.in_flight:
            text += f"; {counted(counts.in_flight, 'message')} in flight at the start may be missing"
        if counts.delayed:
            text += f"; {counted(counts.delayed, 'message')} delayed, not in the file"
        print(f"shipctl: {text}", file=sys.stderr)
    if missing := what_was_not_read(held):
        raise CommandError(f"the copy is not complete: {missing}")


@contextmanager
def _written(path: str) -> Iterator[BinaryIO]:
    """Open a file that only its owner can read, and that replaces `path` only if the block succeeds."""
    if path == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                yield cast(BinaryIO, file)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


class Outgoing(NamedTuple):
    """A message of a backup that can be sent."""

    line: int
    body: str
    attributes: "dict[str, MessageAttributeValueTypeDef]"
    size: int
    """The size in bytes as SQS counts it."""


class BadLine(NamedTuple):
    """A line of a backup that cannot be sent."""

    line: int
    why: str


@dataclass
class Sent:
    """How far an import got."""

    messages: int = 0
    rejected: list[BadLine] = field(default_factory=list)
    next_line: int | None = None
    """The first line of which it is not known that SQS has answered; None at the end."""


def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file that export wrote; - is standard input.")
    ],
    which: WhichQueue,
    from_line: Annotated[
        int, typer.Option("--from-line", min=1, metavar="NUMBER", help="Leave out the lines before this one.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Send the messages of a file that export wrote to the dead-letter queue.

    Every line is checked before the first message is sent. SQS does not recognize messages: what is imported
    twice, or is still in the queue, is delivered twice. If the command fails or is interrupted, it says with
    which --from-line to continue: the lines before were sent.
    """
    with _kept(file) as backup:
        bad = [line for line in read_backup(backup) if isinstance(line, BadLine)]
        if bad:
            _refuse(file, bad)
        queue = queue_of(which.find(), which.parked)
        backup.seek(0)
        lines = (line for line in read_backup(backup) if isinstance(line, Outgoing))
        sent = Sent()
        try:
            _send(queue, (line for line in lines if line.line >= from_line), sent)
        except (CommandError, KeyboardInterrupt):
            _report(file, queue, sent, as_json)
            raise
    _report(file, queue, sent, as_json)
    if sent.rejected:
        raise CommandError(_what_was_rejected(file, sent))


def _report(file: str, queue: Queue, sent: Sent, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "queue": queue.name,
                "messages": sent.messages,
                "notTaken": [line._asdict() for line in sent.rejected],
                "nextLine": sent.next_line,
            }
        )
        return
    print(f"shipctl: {counted(sent.messages, 'message')} put into {queue.name}", file=sys.stderr)
    if sent.next_line is not None:
        if sent.rejected:
            print(f"shipctl: {_what_was_rejected(file, sent)}", file=sys.stderr)
        print(
            f"shipctl: the lines from {sent.next_line} on were not sent, or at most {MAX_BATCH} of them; to "
            f"continue, give --from-line {sent.next_line}",
            file=sys.stderr,
        )


def _what_was_rejected(file: str, sent: Sent) -> str:
    lines = "; ".join(f"line {line}: {why}" for line, why in sent.rejected[:MAX_BAD_LINES_TOLD])
    return f"{file}: SQS rejected {counted(len(sent.rejected), 'line')}: {lines}"


def exported_ids(path: str) -> frozenset[str]:
    """Return the ids of the messages in a file that export wrote.

    Raises:
        CommandError: The file cannot be read, or a line has no message id.
    """
    identifiers = set()
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                match orjson.loads(line):
                    case {"messageId": str(identifier)} if identifier:
                        identifiers.add(identifier)
                    case _:
                        raise ValueError
            except ValueError as error:
                raise CommandError(f"{path}, line {number}: not a message that export wrote") from error
    return frozenset(identifiers)


@contextmanager
def _kept(path: str) -> Iterator[BinaryIO]:
    """Open the file so that it can be read twice."""
    with opened(path) as file:
        if path != STANDARD_INPUT and file.seekable():
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield copy


def _refuse(file: str, bad: list[BadLine]) -> None:
    for line, why in bad[:MAX_BAD_LINES_TOLD]:
        print(f"shipctl: {file}, line {line}: {why}", file=sys.stderr)
    raise CommandError(f"{file}: {counted(len(bad), 'line')} cannot be sent; nothing was sent")


def read_backup(file: Iterable[bytes]) -> Iterator[Outgoing | BadLine]:
    """Yield the lines of a backup, numbered from 1; empty ones and a byte order mark are skipped."""
    for number, line in enumerate(file, 1):
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if not line.strip():
            continue
        try:
            yield _outgoing(number, orjson.loads(line))
        except orjson.JSONDecodeError:
            yield BadLine(number, "not JSON")
        except ValueError as error:
            yield BadLine(number, str(error))


def _outgoing(number: int, record: Any) -> Outgoing:
    """Return the message of a record. Raises `ValueError` if SQS would reject it."""
    match record:
        case {"body": str(body), **others} if body:
            pass
        case _:
            raise ValueError("not a message: it must be an object with the string member body")
    if bad := NOT_ALLOWED_BY_SQS.search(body):
        raise ValueError(f"the body contains U+{ord(bad[0]):04X}, which SQS does not allow")
    given = others.get("messageAttributes", {})
    if not isinstance(given, dict) or len(given) > MAX_ATTRIBUTES:
        raise ValueError(f"messageAttributes must be an object of at most {MAX_ATTRIBUTES} members")
    attributes = {name: _attribute(name, value) for name, value in given.items()}
    size = len(body.encode()) + sum(
        len(name) + len(value["DataType"]) + _length(value) for name, value in attributes.items()
    )
    if size > SQS_MAX_MESSAGE_BYTES:
        raise ValueError(f"it has {size} bytes with attributes; SQS allows {SQS_MAX_MESSAGE_BYTES}")
    return Outgoing(number, body, attributes, size)


def _attribute(name: str, value: Any) -> "MessageAttributeValueTypeDef":
    match value:
        case {"dataType": str(data_type), "stringValue": str(text)} if text:
            known = data_type.partition(".")[0] in ("String", "Number")
            content: MessageAttributeValueTypeDef = {"DataType": data_type, "StringValue": text}
            bad = NOT_ALLOWED_BY_SQS.search(text) is not None
        case {"dataType": str(data_type), "binaryValue": str(text)} if text:
            known = data_type.partition(".")[0] == "Binary"
            content = {"DataType": data_type, "BinaryValue": base64.b64decode(text, validate=True)}
            bad = False
        case _:
            known, bad = False, True
    if bad or not known or not _DATA_TYPE.fullmatch(data_type) or not _ATTRIBUTE_NAME.fullmatch(name):
        raise ValueError(f"messageAttributes.{name} is not an attribute that SQS allows")
    return content


def _length(value: "MessageAttributeValueTypeDef") -> int:
    binary = value.get("BinaryValue")
    return len(binary) if isinstance(binary, bytes) else len(value.get("StringValue", "").encode())


def _send(queue: Queue, messages: Iterable[Outgoing], sent: Sent) -> None:
    for batch in _full_batches(messages):
        sent.next_line = batch[0].line
        troubles = queue.send(
            [
                {"Id": str(line), "MessageBody": body, "MessageAttributes": attributes}
                for line, body, attributes, _ in batch
            ]
        )
        sent.messages += len(batch) - len(troubles)
        sent.rejected += [BadLine(int(line), why) for line, why in troubles.items()]
        sent.next_line = batch[-1].line + 1
    sent.next_line = None


def _full_batches(messages: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Yield batches of up to ten messages and 1 MiB (SendMessageBatch, Amazon SQS API Reference)."""
    batch: list[Outgoing] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == MAX_BATCH or size + message.size > SQS_MAX_MESSAGE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size
    if batch:
        yield batch
