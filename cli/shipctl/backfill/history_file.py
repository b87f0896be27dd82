"""Read past log events from files with the output of `aws logs filter-log-events`, one page or several."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from shipctl.backfill.history import Milliseconds, Past, Span, past_of
from shipctl.errors import CommandError

MAX_FILE_BYTES = 1024 * 1024 * 1024
"""The maximum size of a file. Its contents take several times as much in memory."""
PAGE_EVENTS = 10_000


def read_files(paths: Iterable[Path]) -> list[Past]:
    """Return the log events of all files, oldest first, without duplicates. Raises `CommandError`."""
    found: dict[str, Past] = {}
    for path in paths:
        for event in _events(path):
            found.setdefault(event.id, event)
    return sorted(found.values(), key=lambda event: event.timestamp)


def pages(events: Sequence[Past], span: Span, start: Milliseconds) -> Iterator[Sequence[Past]]:
    """Yield the log events in `span` from `start` on in chunks."""
    chosen = [event for event in events if event.timestamp >= start and span.takes(event)]
    for first in range(0, len(chosen), PAGE_EVENTS):
        yield chosen[first : first + PAGE_EVENTS]


def _events(path: Path) -> Iterator[Past]:
    for document in _documents(path):
        match document:
            case {"events": [*events]}:
                yield from (_event(event, path) for event in events)
            case [*many]:
                for each in many:
                    match each:
                        case {"events": [*events]}:
                            yield from (_event(event, path) for event in events)
                        case _:
                            yield _event(each, path)
            case _:
                yield _event(document, path)


def _event(event: Any, path: Path) -> Past:
    if not isinstance(event, dict):
        raise CommandError(f"{path} is not the output of aws logs filter-log-events")
    return past_of(event, str(path))  # type: ignore[arg-type]  # checked there


def _documents(path: Path) -> Iterator[Any]:
    """Yield the JSON values in a file, each a page or a log event."""
    text = _text(path)
    decoder = json.JSONDecoder()
    place = _after_blanks(text, 0)
    if place == len(text):
        raise CommandError(f"{path} is empty")
    while place < len(text):
        try:
            document, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{path} is not the output of aws logs filter-log-events: {error}") from error
        yield document
        place = _after_blanks(text, end)


def _after_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CommandError(
                f"{path} is larger than {MAX_FILE_BYTES >> 30} GiB: split it into several files"
            )
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: {error.reason}") from error


def digest(ids: Iterable[str]) -> str:
    """Return a digest that identifies a set of log events."""
    return blake2b("\n".join(ids).encode("utf-8", "replace"), digest_size=16).hexdigest()
