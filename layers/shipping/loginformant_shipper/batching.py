"""Entries become batches: at most so many logs, at most so many bytes, in the order in which they came."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from loginformant_shipper.entries import Entry

OPENING, COMMA, CLOSING = b'{"logs":[', b",", b"]}"


class Batch(NamedTuple):
    """What one request carries. Its body, and that of any part, is a join of bytes that are there already."""

    entries: tuple[Entry, ...]
    position: int = 0
    """How many entries of the same invocation came before."""

    def body(self) -> bytes:
        """The request body of POST /api/ingest/batch (LogInformant, "Build your own integration")."""
        return OPENING + COMMA.join([entry.body for entry in self.entries]) + CLOSING

    def size(self) -> int:
        """Length of `body()` in bytes."""
        return _ENVELOPE_BYTES + sum(len(entry.body) + 1 for entry in self.entries)

    def events(self) -> int:
        """How many log events the batch holds; a joined log holds several."""
        return sum(len(entry.events) for entry in self.entries)

    def without_bodies(self) -> "Batch":
        """What is left of the batch when it is not to be sent any more: its events and their origins."""
        return Batch(tuple(entry._replace(body=b"") for entry in self.entries), self.position)

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch cut in two, each with at least one log; only for a batch of two logs or more."""
        middle = len(self.entries) // 2
        first, second = self.entries[:middle], self.entries[middle:]
        return Batch(first, self.position), Batch(second, self.position + middle)


# A body has one comma less than entries.
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
            yield Batch(tuple(pending), position)
            position += len(pending)
            pending, size = [], _ENVELOPE_BYTES
        pending.append(entry)
        size += length
    if pending:
        yield Batch(tuple(pending), position)
