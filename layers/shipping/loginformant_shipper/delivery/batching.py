"""Entries become batches: at most so many logs, at most so many bytes, in the order in which they came."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from loginformant_shipper.entries.log_object import Entry
from loginformant_shipper.events import LogEvent, Origin

OPENING, COMMA, CLOSING = b'{"logs":[', b",", b"]}"


class Batch(NamedTuple):
    """What one request carries, and what it was made of.

    Column by column, since some batches are in memory at once: no log object stays beside the body it is in.
    """

    body: bytes
    """The request body of POST /api/ingest/batch (LogInformant, "Build your own integration"); empty once
    the batch is not to be sent any more."""
    lengths: tuple[int, ...]
    """Bytes of each log in the body."""
    logs: tuple[tuple[LogEvent, ...], ...]
    """The log events that each log was made of."""
    origins: tuple[Origin, ...]
    """Where each log comes from."""
    position: int
    """How many logs of the same invocation came before."""

    def events(self) -> int:
        """How many log events the batch holds; a joined log holds several."""
        return sum(map(len, self.logs))

    def without_body(self) -> "Batch":
        """What is left of the batch when it is not to be sent any more."""
        return self._replace(body=b"")

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch cut in two, each with at least one log; only for a batch of two logs or more."""
        middle = len(self.logs) // 2
        end_of_first = len(OPENING) + sum(self.lengths[:middle]) + (middle - 1) * len(COMMA)
        start_of_second = end_of_first + len(COMMA)
        return (
            Batch(
                self.body[:end_of_first] + CLOSING,
                self.lengths[:middle],
                self.logs[:middle],
                self.origins[:middle],
                self.position,
            ),
            Batch(
                OPENING + self.body[start_of_second:],
                self.lengths[middle:],
                self.logs[middle:],
                self.origins[middle:],
                self.position + middle,
            ),
        )

    def only(self, wanted: Callable[[Origin], bool]) -> "Batch":
        """Those logs whose origin is wanted, not to be sent any more."""
        chosen = [wanted(origin) for origin in self.origins]
        return Batch(
            b"",
            tuple(compress(self.lengths, chosen)),
            tuple(compress(self.logs, chosen)),
            tuple(compress(self.origins, chosen)),
            self.position,
        )


def batch_of(entries: Sequence[Entry], position: int = 0) -> Batch:
    """The batch of these entries, of which there is at least one."""
    bodies, logs, origins = zip(*entries, strict=True)
    return Batch(OPENING + COMMA.join(bodies) + CLOSING, tuple(map(len, bodies)), logs, origins, position)


def unsent_batch(origin: Origin, events: Sequence[LogEvent], position: int) -> Batch:
    """Return events of one log stream as a batch that is never sent, each as a log of its own."""
    count = len(events)
    return Batch(b"", (0,) * count, tuple((event,) for event in events), (origin,) * count, position)


# A body has one comma less than logs.
_ENVELOPE_BYTES = len(OPENING) + len(CLOSING) - len(COMMA)


def batches(entries: Iterable[Entry], max_logs: int, max_bytes: Callable[[], int]) -> Iterator[Batch]:
    """Fill batches of at most `max_logs` entries and `max_bytes()` bytes of request body.

    The byte limit is asked for at each entry, since a 413 lowers it while batches are being made. An entry
    that is larger than the limit by itself goes alone.
    """
    pending: list[Entry] = []
    position, size = 0, _ENVELOPE_BYTES
    for entry in entries:
        length = len(entry.body) + len(COMMA)
        if pending and (len(pending) == max_logs or size + length > max_bytes()):
            full = batch_of(pending, position)
            position += len(pending)
            pending, size = [], _ENVELOPE_BYTES
            yield full
            del full  # by now it may be delivered, and the next one takes its memory
        pending.append(entry)
        size += length
    if pending:
        yield batch_of(pending, position)
