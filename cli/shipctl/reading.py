"""Read log events from a file or standard input in any of several formats.

| content of the file | log events |
|---|---|
| plain lines, JSON lines | one per line, as an agent or a container's log driver would send it |
| a JSON array | one per element: a string, an object, or a log event of `aws logs` |
| the output of `aws logs filter-log-events` or `get-log-events` | its log events |
| a decoded subscription payload | its log events |
| `{"awslogs": …}`, Kinesis records, SQS records, `aws sqs receive-message` | as the shipper decodes them |

A file may also have one of the last three formats on each line.
"""

import base64
import codecs
import re
import select
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

import orjson
from loginformant_shipper.events import (
    ControlMessage,
    LogEvent,
    Origin,
    Source,
    SubscriptionMessage,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.wire.decoding import decode, source_of
from loginformant_shipper.wire.gunzip import GZIP_WINDOW

from shipctl.errors import CommandError
from shipctl.log_group import log_event
from shipctl.streams import Piece, Streams

STANDARD_INPUT = "-"
MAX_BYTES = 64 * 1024 * 1024
"""The maximum size of a JSON document, which must fit in memory as a whole, and of a line."""

_READ_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_BEGINS_A_DOCUMENT = re.compile(rb"""\s*(?:\[\s*(?:$|[{"\]])|\{\s*(?:$|["}]))""")

_MAX_EVENTS = 10_000
_MAX_CHARACTERS = 8 * 1024 * 1024
"""The number of characters after which single log events are passed on. A stack trace is cut there."""

_PAUSE_SECONDS = 0.2
"""The pause in the input after which log events are shown, as with `kubectl logs --follow`."""


class Pause(NamedTuple):
    """No more input is available at the moment."""


class Lone(NamedTuple):
    """A single log event without a payload that names its log group."""

    event: LogEvent
    log_stream: str = ""


Item = SubscriptionMessage | ControlMessage | Undecodable | Lone | Pause


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open the file at `path`, or standard input for `-`. Raises `CommandError`."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:  # `<&-` in a shell
            raise CommandError("standard input is closed")
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below, and errors of the block are not this one's
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    with file:
        yield file


def read_file(file: BinaryIO, name: str, log_group: str) -> Iterator[Piece]:
    """Yield the contents of a file piece by piece.

    Plain lines get the time at which they are read, as from an agent. At most a little more than `MAX_BYTES`
    is held in memory.

    Args:
        file: The file.
        name: The name of the file in errors.
        log_group: The log group of log events that do not name theirs.

    Raises:
        CommandError: The file is compressed, or larger than allowed.
    """
    held: list[Lone] = []
    characters = 0
    for item in _items(file, name):
        if isinstance(item, Lone):
            held.append(item)
            characters += len(item.event.message)
            if len(held) < _MAX_EVENTS and characters < _MAX_CHARACTERS:
                continue
        if held:
            yield _by_stream(held, log_group)
            held, characters = [], 0
        match item:
            case SubscriptionMessage():
                yield Streams((item,))
            case ControlMessage() | Undecodable():
                yield item
    if held:
        yield _by_stream(held, log_group)


def _by_stream(held: list[Lone], log_group: str) -> Streams:
    by_stream: dict[str, list[LogEvent]] = {}
    for event, log_stream in held:
        by_stream.setdefault(log_stream, []).append(event)
    return Streams(
        tuple(
            SubscriptionMessage(Origin("", log_group, name), tuple(of_stream))
            for name, of_stream in by_stream.items()
        )
    )


def _items(file: BinaryIO, name: str) -> Iterator[Item]:
    lines = _lines(file)
    first = next((line for line in lines if not isinstance(line, Pause) and line.strip()), b"")
    first = first.removeprefix(codecs.BOM_UTF8)
    if first.startswith(_GZIP_MAGIC):
        raise CommandError(f"{name} is compressed: zcat {name} | shipctl preview -")
    if not _BEGINS_A_DOCUMENT.match(first) or isinstance(_json(first), dict):
        yield from _items_of_lines(chain([first], lines))
        return
    held = [first, *_up_to(MAX_BYTES - len(first), lines)]
    content = b"\n".join(held)
    document = _json(content)
    if document is not None:
        yield from _items_of_document(document, content)
    elif len(content) >= MAX_BYTES and _json(first) is None:
        raise CommandError(
            f"{name} looks like a JSON document of more than {MAX_BYTES >> 20} MiB, the maximum: "
            "write one log event per line, for example with jq -c '.[]'"
        )
    else:
        yield from _items_of_lines(chain(held, lines))


def _up_to(size: int, lines: Iterator[bytes | Pause]) -> Iterator[bytes]:
    while size > 0 and (line := next(lines, None)) is not None:
        if not isinstance(line, Pause):
            size -= len(line) + 1
            yield line


def _lines(file: BinaryIO) -> Iterator[bytes | Pause]:
    """Yield the lines of `file` as soon as they are available, and a `Pause` before waiting for input."""
    parts: list[bytes] = []
    while data := file.read1(_READ_BYTES):  # type: ignore[attr-defined]  # BufferedReader and BytesIO have it
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield b"".join((*parts, line))
            parts.clear()
        if rest:
            parts.append(rest)
        if len(parts) * _READ_BYTES >= MAX_BYTES:
            yield b"".join(parts)
            parts.clear()
        if lines and not _is_ready(file):
            yield Pause()
    if parts:
        yield b"".join(parts)


def _is_ready(file: BinaryIO) -> bool:
    """Return whether more input or its end is available within a short pause."""
    try:
        return bool(select.select([file], [], [], _PAUSE_SECONDS)[0])
    except (OSError, ValueError):  # not a file of the operating system, so there is nothing to wait for
        return True


def _items_of_lines(lines: Iterable[bytes | Pause]) -> Iterator[Item]:
    now = int(time.time() * 1000)
    for line in lines:
        if isinstance(line, Pause):
            now = int(time.time() * 1000)
            yield line
            continue
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            continue  # CloudWatch rejects empty messages, so no agent sends an empty line
        value = _json(line) if text.startswith("{") else None
        items = _of_aws(value) if isinstance(value, dict) else None
        yield from items or [_lone(text, now)]


def _items_of_document(document: object, content: bytes) -> Iterator[Item]:
    now = int(time.time() * 1000)
    match document:
        case list(elements):
            for element in elements:
                items = _of_aws(element) if isinstance(element, dict) else None
                text = element if isinstance(element, str) else orjson.dumps(element).decode()
                yield from items or [_lone(text, now)]
        case dict():
            yield from _of_aws(document) or [_lone(content.decode("utf-8", "replace").strip(), now)]


def _lone(text: str, now: int) -> Lone:
    return Lone(UnusualEvent("", now, text, {"message": text}))


_OF_LOG_EVENTS = frozenset({"id", "eventId", "ingestionTime", "logStreamName"})
"""Members of a log event besides `timestamp` and `message`, in subscriptions and in API responses."""


def _of_aws(value: dict[str, Any]) -> list[Item] | None:
    """Return the contents of an object in a format of AWS; None if it is not one, but a structured log."""
    match value:
        case {"awslogs": {"data": str()}} | {"requestPayload": {"awslogs": {"data": str()}}}:
            return list(decode(value, MAX_BYTES))
        case {"messageType": "DATA_MESSAGE" | "CONTROL_MESSAGE", "logEvents": list()}:
            return list(decode({"awslogs": {"data": _compressed(value)}}, MAX_BYTES))
        case {"Records": list()} if _carries_logs(value):
            return list(decode(value, MAX_BYTES))
        case {"kinesis": dict()} | {"eventSource": "aws:sqs"}:
            return _of_aws({"Records": [value]})
        case {"Messages": [dict(), *_] as messages}:
            return _of_aws({"Records": [_sqs_record(message) for message in messages]})
        case {"MessageId": str(), "Body": str()}:
            return _of_aws({"Records": [_sqs_record(value)]})
        case {"events": list(events)} if all(map(_is_log_event, events)):
            return [_lone_of(event) for event in events]
        case _ if _is_log_event(value):
            return [_lone_of(value)]
    return None


def _carries_logs(event: dict[str, Any]) -> bool:
    """Return whether the records of an event contain logs, unlike records of other services."""
    match source_of(event):
        case Source.KINESIS | Source.BACKFILL:
            data = [record["kinesis"].get("data") for record in event["Records"]]
            return any(isinstance(text, str) and text.startswith("H4sI") for text in data)
        case Source.REPLAY:
            return any('"awslogs"' in str(record.get("body")) for record in event["Records"])
    return False


def _sqs_record(message: dict[str, Any]) -> dict[str, Any]:
    """Convert a message of ReceiveMessage into an SQS record as Lambda sends it."""
    return {"eventSource": "aws:sqs", "messageId": message.get("MessageId"), "body": message.get("Body")}


def _is_log_event(value: object) -> bool:
    """Return whether a value is a CloudWatch log event, rather than a structured log."""
    match value:
        case {"timestamp": int(), "message": str(), **others}:
            return bool(others) and others.keys() <= _OF_LOG_EVENTS
    return False


def _lone_of(event: dict[str, Any]) -> Lone:
    read = log_event({"eventId": event.get("id", ""), **event})  # type: ignore[typeddict-item]
    return Lone(read, event.get("logStreamName", ""))


def _compressed(payload: dict[str, Any]) -> str:
    return base64.b64encode(zlib.compress(orjson.dumps(payload), 1, GZIP_WINDOW)).decode()


def _json(content: bytes) -> Any:
    """Return the JSON value in `content`; None if it is not JSON, or if it is `null`."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
