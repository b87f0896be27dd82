"""How far a backfill has come: what a file keeps of it, so that it goes on where it stopped."""

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
    """Log events, of this and of all earlier runs."""

    delivered: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    requests: int = 0

    @property
    def done(self) -> int:
        """How many need not be shipped any more."""
        return self.delivered + self.filtered + self.dead_lettered


@dataclass
class Progress:
    """Everything before `position` is done, and of what has that time or a later one what `done` names."""

    position: Milliseconds
    done: dict[str, Milliseconds] = field(default_factory=dict)
    """Ids and times of log events."""
    in_hand: int = 0
    """How many log events were handed to the shipper, and its answer has not come yet."""
    totals: Totals = field(default_factory=Totals)
    complete: bool = False

    def is_left(self, event: Past) -> bool:
        """Whether the log event has yet to be shipped."""
        return event.id not in self.done

    def settle(self, events: Iterable[Past]) -> None:
        """Note that these log events are done."""
        self.done.update((event.id, event.timestamp) for event in events)
        self.in_hand = 0

    def advance(self, position: Milliseconds) -> None:
        """Note that everything before `position` is done; only the ids at the edge are kept."""
        self.position = max(self.position, position)
        self.done = {name: time for name, time in self.done.items() if time >= self.position}


class ProgressFile:
    """The file; it holds ids, times and counts, and no log text."""

    def __init__(self, path: Path, what: Mapping[str, Any]) -> None:
        self.path = path
        self._what = dict(what)
        """Which log events are shipped from where to where: a file of another backfill is not used."""

    def read(self) -> Progress | None:
        """Return what an earlier run left; None where there was none. Raises `CommandError`."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["format"] != FORMAT or kept["what"] != self._what:
                raise CommandError(
                    f"{self.path} is of another backfill or another version: give another file with --state"
                )
            progress = kept["progress"]
            return Progress(**{**progress, "totals": Totals(**progress["totals"])})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{self.path} is not a state of shipctl backfill: move it away, or give another with --state"
            ) from error

    def write(self, progress: Progress) -> None:
        """Put the file in the place of the former one, as a whole or not at all. Raises `CommandError`."""
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
        """Keep others from shipping the same at the same time. Raises `CommandError` where they do."""
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
                raise CommandError(f"another shipctl backfill is at work on this ({path})") from error
            yield


def default_path(what: Mapping[str, Any]) -> Path:
    """Return where the state of a backfill is kept unless somebody says otherwise."""
    home = os.environ.get(STATE_HOME, "").strip()
    folder = Path(home) if home else Path.home() / ".local" / "state"
    digest = blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=8).hexdigest()
    return folder / "shipctl" / f"backfill-{digest}.json"
