"""The progress of a backfill, stored in a file so that the backfill can continue where it stopped."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from shipctl.backfill.history import Milliseconds, Past
from shipctl.errors import CommandError

FORMAT = 1
STATE_HOME = "XDG_STATE_HOME"


@dataclass
class Totals:
    """Counts of log events of this and all earlier runs."""

    delivered: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    requests: int = 0

    @property
    def done(self) -> int:
        """Return how many log events are done."""
        return self.delivered + self.filtered + self.dead_lettered


@dataclass
class Progress:
    """The progress of a backfill: log events before `position` and those in `done` are done."""

    position: Milliseconds
    done: dict[str, Milliseconds] = field(default_factory=dict)
    """Ids and timestamps of log events at or after `position` that are done."""
    in_hand: int = 0
    """How many log events were sent to the shipper, which has not answered yet."""
    totals: Totals = field(default_factory=Totals)
    complete: bool = False

    def is_left(self, event: Past) -> bool:
        """Return whether the log event must still be shipped."""
        return event.id not in self.done

    def settle(self, events: Iterable[Past]) -> None:
        """Record that these log events are done."""
        self.done.update((event.id, event.timestamp) for event in events)
        self.in_hand = 0

    def advance(self, position: Milliseconds) -> None:
        """Record that everything before `position` is done, and drop the ids of earlier log events."""
        self.position = max(self.position, position)
        self.done = {name: time for name, time in self.done.items() if time >= self.position}


class ProgressFile:
    """The file with the progress of a backfill. It contains ids, times and counts, but no log text."""

    def __init__(self, path: Path, what: Mapping[str, Any]) -> None:
        self.path = path
        self._what = dict(what)
        """Identifies the backfill. A file of another backfill is not used."""

    def read(self) -> Progress | None:
        """Return the progress of an earlier run, or None if there was none. Raises `CommandError`."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["format"] != FORMAT or kept["what"] != self._what:
                raise CommandError(
                    f"{self.path} belongs to another backfill or version: name another file with --state"
                )
            progress = kept["progress"]
            return Progress(**{**progress, "totals": Totals(**progress["totals"])})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{self.path} is not a progress file of shipctl backfill: name another file with --state"
            ) from error

    def write(self, progress: Progress) -> None:
        """Replace the file atomically. Raises `CommandError` if it cannot be written."""
        content = {"format": FORMAT, "what": self._what, "progress": asdict(progress)}
        try:
            number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    json.dump(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise CommandError(f"{self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the backfill for the block.

        Raises `CommandError` if another process runs the same backfill.
        """
        import fcntl

        path = self.path.with_name(self.path.name + ".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CommandError(
                    f"another shipctl backfill is running with the same log events ({path})"
                ) from error
            yield


def default_path(what: Mapping[str, Any]) -> Path:
    """Return the default path of the progress file of a backfill. Raises `CommandError`."""
    home = os.environ.get(STATE_HOME, "").strip()
    try:
        folder = Path(home) if home else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise CommandError("there is no home directory: give --state FILE") from error
    digest = blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=8).hexdigest()
    return folder / "shipctl" / f"backfill-{digest}.json"
