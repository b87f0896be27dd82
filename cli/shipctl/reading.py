"""Log events out of a file or standard input, in whichever of CloudWatch's or people's formats they are.

| what the file holds | what is read |
|---|---|
| plain lines, JSON lines | a log event a line, as an agent or a container's log driver would send it |
| a JSON array | a log event an element: strings, objects, or what `aws logs` prints |
| what `aws logs filter-log-events` or `get-log-events` prints | its log events |
| a subscription's payload, decoded | its log events |
| `{"awslogs": …}`, Kinesis records, SQS records, `aws sqs receive-message` | as the shipper decodes them |

The last three may also stand on the lines of a file, one each.
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
"""The largest JSON document that is read, since it must be held whole; also the longest line."""

_READ_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_BEGINS_A_DOCUMENT = re.compile(rb"""\s*(?:\[\s*(?:$|[{"\]])|\{\s*(?:$|["}]))""")

_MAX_EVENTS = 10_000
_MAX_CHARACTERS = 8 * 1024 * 1024
"""Log events on their own are handed on when there are so many; a stack trace is cut there."""

_PAUSE_SECONDS = 0.2
"""Input that comes no faster is shown as it comes (`kubectl logs --follow`)."""


class Pause(NamedTuple):
    """For the moment there is no more input."""


class Lone(NamedTuple):
    """A log event on its own, in no payload that says where it is from."""

    event: LogEvent
    log_stream: str = ""


Item = SubscriptionMessage | ControlMessage | Undecodable | Lone | Pause


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Provide the file at `path`, or standard input for `-`. Raises `CommandError`."""
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below, and errors of the block are not this one's
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    with file:
        yield file


def read_file(file: BinaryIO, name: str, log_group: str) -> Iterator[Piece]:
    """All that `file` holds, one piece after the other; `name` is what errors call it.

    `log_group` is where log events come from that do not say it themselves. Lines get the time at which they
    are read, as from an agent. Memory is bounded: by `MAX_BYTES` and some. Raises `CommandError`.
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
            f"{name} looks like one JSON document of more than {MAX_BYTES >> 20} MiB; "
            "one log event a line is read at any length: jq -c '.[]'"
        )
    else:
        yield from _items_of_lines(chain(held, lines))


def _up_to(size: int, lines: Iterator[bytes | Pause]) -> Iterator[bytes]:
    while size > 0 and (line := next(lines, None)) is not None:
        if not isinstance(line, Pause):
            size -= len(line) + 1
            yield line


def _lines(file: BinaryIO) -> Iterator[bytes | Pause]:
    """Yield the lines of `file`, as soon as they are there; with a `Pause` where input is waited for."""
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
    """Whether more input, or its end, is there or comes at once."""
    try:
        return bool(select.select([file], [], [], _PAUSE_SECONDS)[0])
    except (OSError, ValueError):  # no file of the operating system's, so nothing to wait for
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
            continue  # CloudWatch takes no empty message, so no agent sends an empty line
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
"""Members of a log event beside `timestamp` and `message`, in subscriptions and in the API's answers."""


def _of_aws(value: dict[str, Any]) -> list[Item] | None:
    """Return what an object holds that AWS made; None if it is no such object, but somebody's log."""
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
    """Whether records are CloudWatch's: many a function logs the records that it was invoked with."""
    match source_of(event):
        case Source.KINESIS | Source.BACKFILL:
            data = [record["kinesis"].get("data") for record in event["Records"]]
            return any(isinstance(text, str) and text.startswith("H4sI") for text in data)
        case Source.REPLAY:
            return any('"awslogs"' in str(record.get("body")) for record in event["Records"])
    return False


def _sqs_record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as ReceiveMessage gives it, in the shape in which Lambda hands it over."""
    return {"eventSource": "aws:sqs", "messageId": message.get("MessageId"), "body": message.get("Body")}


def _is_log_event(value: object) -> bool:
    """Whether it is one of CloudWatch's, and not a structured log with a timestamp and a message."""
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
    """Return the JSON value in `content`; None where there is none (or where it is `null`)."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
