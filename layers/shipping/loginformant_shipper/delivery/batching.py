"""Entries become batches: at most so many logs, at most so many bytes, in the order in which they came."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress, groupby, pairwise
from operator import attrgetter
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
    positions: Sequence[int]
    """For each log, how many logs of the same invocation came before."""

    @property
    def position(self) -> int:
        """Return how many logs of the same invocation came before the first one."""
        return self.positions[0] if self.positions else 0

    def events(self) -> int:
        """How many log events the batch holds; a joined log holds several."""
        return sum(map(len, self.logs))

    def by_log_group(self) -> Iterator[tuple[str, int]]:
        """How many log events of which log group, in runs of logs that follow each other."""
        place = 0
        for log_group, run in groupby(self.origins, key=attrgetter("log_group")):
            end = place + sum(1 for _ in run)
            yield log_group, sum(map(len, self.logs[place:end]))
            place = end

    def without_body(self) -> "Batch":
        """Return what is left of the batch when it is not to be sent any more."""
        return self._replace(body=b"")

    def halves(self) -> tuple["Batch", "Batch"]:
        """Cut the batch in two, each with at least one log; only for a batch of two logs or more.

        The cut is between two source records where there are several, so that records which fail together
        are tried apart, and those that are good need not be written anew.
        """
        middle = self._middle()
        return self._slice(0, middle), self._slice(middle, len(self.logs))

    def _middle(self) -> int:
        half = len(self.logs) // 2
        if self.origins[0].record == self.origins[-1].record:
            return half
        pairs = enumerate(pairwise(self.origins), start=1)
        borders = (place for place, (before, after) in pairs if before.record != after.record)
        return min(borders, key=lambda place: abs(place - half))

    def _slice(self, start: int, stop: int) -> "Batch":
        """Return the logs from `start` to `stop`, of which there is at least one."""
        first = len(OPENING) + sum(self.lengths[:start]) + start * len(COMMA)
        size = sum(self.lengths[start:stop]) + (stop - start - 1) * len(COMMA)
        return Batch(
            OPENING + self.body[first : first + size] + CLOSING,
            self.lengths[start:stop],
            self.logs[start:stop],
            self.origins[start:stop],
            self.positions[start:stop],
        )

    def take_out(self, place: int) -> tuple["Batch", "Batch"]:
        """Return the log at `place` as a batch of its own, and the rest; only for two logs or more."""
        last = len(self.logs)
        alone = self._slice(place, place + 1)
        if place == 0:
            return alone, self._slice(1, last)
        before = self._slice(0, place)
        if place == last - 1:
            return alone, before
        after = self._slice(place + 1, last)
        rest = Batch(
            before.body.removesuffix(CLOSING) + COMMA + after.body.removeprefix(OPENING),
            before.lengths + after.lengths,
            before.logs + after.logs,
            before.origins + after.origins,
            (*before.positions, *after.positions),
        )
        return alone, rest

    def only(self, wanted: Callable[[Origin], bool]) -> "Batch":
        """Those logs whose origin is wanted, not to be sent any more."""
        chosen = [wanted(origin) for origin in self.origins]
        if all(chosen):
            return self.without_body()
        return Batch(
            b"",
            tuple(compress(self.lengths, chosen)),
            tuple(compress(self.logs, chosen)),
            tuple(compress(self.origins, chosen)),
            tuple(compress(self.positions, chosen)),
        )


def batch_of(entries: Sequence[Entry], position: int = 0, places: Sequence[int] = ()) -> Batch:
    """Return the batch of these entries, of which there is at least one.

    `position` is how many came before the first; `places` the same for each, where others came between them.
    """
    bodies = [entry.body for entry in entries]
    logs = tuple([entry.events for entry in entries])
    origins = tuple([entry.origin for entry in entries])
    in_a_row = range(position, position + len(entries))
    positions = tuple(places) if places and places[-1] != in_a_row[-1] else in_a_row
    return Batch(OPENING + COMMA.join(bodies) + CLOSING, tuple(map(len, bodies)), logs, origins, positions)


def merged(parts: Iterable[Batch]) -> Batch:
    """Return the logs of several batches, at least one, as one batch, in the order of their positions."""
    ordered = sorted(parts, key=lambda part: part.position)
    bodies = (part.body.removeprefix(OPENING).removesuffix(CLOSING) for part in ordered)
    lengths, logs, origins, positions = (
        tuple(chain.from_iterable(columns)) for columns in list(zip(*ordered, strict=True))[1:]
    )
    return Batch(OPENING + COMMA.join(bodies) + CLOSING, lengths, logs, origins, positions)


def unsent_batch(origin: Origin, events: Sequence[LogEvent], position: int) -> Batch:
    """Return events of one log stream as a batch that is never sent, each as a log of its own."""
    count = len(events)
    return Batch(
        b"",
        (0,) * count,
        tuple((event,) for event in events),
        (origin,) * count,
        range(position, position + count),
    )


# A body has one comma less than logs.
_ENVELOPE_BYTES = len(OPENING) + len(CLOSING) - len(COMMA)


def batches(entries: Iterable[Entry], max_logs: int, max_bytes: Callable[[], int]) -> Iterator[Batch]:
    """Fill batches of at most `max_logs` entries and `max_bytes()` bytes of request body.

    The byte limit is asked for at each entry, since a 413 lowers it while batches are being made. An entry
    that is larger than the limit by itself goes alone. So does one that was refused alone before: in company
    it would cost another search. What the search for a bad log has narrowed down goes without company, too.
    """
    pending: list[Entry] = []
    places: list[int] = []
    narrowed: list[Entry] = []
    start = start_of_narrowed = size = size_of_narrowed = 0
    for position, entry in enumerate(entries):
        length = len(entry.body) + len(COMMA)
        record = entry.origin.record
        if narrowed and (
            narrowed[0].origin.record != record
            or _is_full(len(narrowed), size_of_narrowed + length, max_logs, max_bytes)
        ):
            yield batch_of(narrowed, start_of_narrowed)
            narrowed = []
        if record is not None and record.refused_at:
            yield batch_of([entry], position)
            continue
        if record is not None and record.is_narrowed:
            if not narrowed:
                start_of_narrowed, size_of_narrowed = position, _ENVELOPE_BYTES
            narrowed.append(entry)
            size_of_narrowed += length
            continue
        if pending and _is_full(len(pending), size + length, max_logs, max_bytes):
            full = batch_of(pending, start, places)
            pending, places = [], []
            yield full
            del full  # by now it may be delivered, and the next one takes its memory
        if not pending:
            start, size = position, _ENVELOPE_BYTES
        pending.append(entry)
        places.append(position)
        size += length
    if narrowed:
        yield batch_of(narrowed, start_of_narrowed)
    if pending:
        yield batch_of(pending, start, places)


def _is_full(logs: int, size_with_next: int, max_logs: int, max_bytes: Callable[[], int]) -> bool:
    return logs == max_logs or size_with_next > max_bytes()
