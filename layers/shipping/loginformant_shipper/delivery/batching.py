"""Fill batches with logs, up to a number of logs and bytes, in the order in which they arrive."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, compress, groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from loginformant_shipper.entries.log_object import Entries
from loginformant_shipper.events import LogEvent, Origin

OPENING, COMMA, CLOSING = b'{"logs":[', b",", b"]}"


class Batch(NamedTuple):
    """The body of one request, and the log events in it.

    The fields are columns, since several batches are in memory at once: log objects are not kept besides the
    body.
    """

    body: bytes
    """The request body of POST /api/ingest/batch (LogInformant, "Build your own integration"); empty if the
    batch will not be sent."""
    lengths: tuple[int, ...]
    """The size in bytes of each log in the body."""
    logs: tuple[tuple[LogEvent, ...], ...]
    """The log events of each log."""
    origins: tuple[Origin, ...]
    """The origin of each log."""
    positions: Sequence[int]
    """The position of each log among all logs of the invocation."""

    @property
    def position(self) -> int:
        """Return the position of the first log among all logs of the invocation."""
        return self.positions[0] if self.positions else 0

    def events(self) -> int:
        """Return the number of log events in the batch. A joined log has several."""
        return sum(map(len, self.logs))

    def by_log_group(self) -> Iterator[tuple[str, int]]:
        """Yield log groups with numbers of log events, one pair for each run of consecutive logs."""
        if len(different := self.different_origins()) == 1:
            yield different[0].log_group, self.events()
            return
        place = 0
        for log_group, run in groupby(self.origins, key=attrgetter("log_group")):
            end = place + sum(1 for _ in run)
            yield log_group, sum(map(len, self.logs[place:end]))
            place = end

    def different_origins(self) -> tuple[Origin, ...]:
        """Return the distinct origins. Most batches have only one, which is found quickly."""
        if self.origins and self.origins.count(self.origins[0]) == len(self.origins):
            return self.origins[:1]
        return tuple(dict.fromkeys(self.origins))

    def without_body(self) -> "Batch":
        """Return the batch without its body, since it will not be sent."""
        return self._replace(body=b"")

    def halves(self) -> tuple["Batch", "Batch"]:
        """Split a batch of at least two logs into two batches.

        If the batch has several source records, it is split between two of them, so that records that failed
        together are sent separately, and good ones need not be stored again.
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
        """Return the logs from `start` to `stop`, at least one."""
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
        """Split a batch of at least two logs into the log at `place` and the others."""
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
        """Return the logs whose origin satisfies a condition, without a body."""
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


def merged(parts: Iterable[Batch]) -> Batch:
    """Return the logs of several batches, at least one, as one batch, in the order of their positions."""
    ordered = sorted(parts, key=lambda part: part.position)
    bodies = [part.body.removeprefix(OPENING).removesuffix(CLOSING) for part in ordered]
    lengths, logs, origins, positions = (
        tuple(chain.from_iterable(columns)) for columns in list(zip(*ordered, strict=True))[1:]
    )
    return Batch(_body(bodies), lengths, logs, origins, positions)


def unsent_batch(origin: Origin, events: Sequence[LogEvent], position: int) -> Batch:
    """Return events of one log stream as a batch without a body, in which each event is a log."""
    count = len(events)
    return Batch(
        b"",
        (0,) * count,
        tuple((event,) for event in events),
        (origin,) * count,
        range(position, position + count),
    )


def _body(bodies: Sequence[bytes]) -> bytes:
    return b"%b%b%b" % (OPENING, COMMA.join(bodies), CLOSING)


# A body has one comma fewer than logs.
_ENVELOPE_BYTES = len(OPENING) + len(CLOSING) - len(COMMA)


def batches(entries: Iterable[Entries], max_logs: int, max_bytes: Callable[[], int]) -> Iterator[Batch]:
    """Fill batches of at most `max_logs` logs and `max_bytes()` bytes of request body.

    `max_bytes` is called for each batch, since a 413 lowers the limit while batches are filled. A log that is
    larger than the limit is sent alone. So is a log that was individually rejected before, since it would
    cause another search in a batch with other logs. Logs of a narrowed search are not combined with other
    records.
    """
    usual, narrowed = _Filling(max_logs, max_bytes), _Filling(max_logs, max_bytes)
    position = 0
    for some in entries:
        record = some.origin.record
        if narrowed.origins and narrowed.origins[0].record != record:
            yield narrowed.batch()
        if record is not None and record.refused_at:
            yield from _Filling(1, max_bytes).add(some, position)
        elif record is not None and record.is_narrowed:
            yield from narrowed.add(some, position)
        else:
            yield from usual.add(some, position)
        position += len(some.logs)
    for last in (narrowed, usual):
        if last.origins:
            yield last.batch()


def _size(lengths: Sequence[int]) -> int:
    return sum(lengths) + len(lengths) * len(COMMA)


class _Filling:
    """A batch that is being filled."""

    def __init__(self, max_logs: int, max_bytes: Callable[[], int]) -> None:
        self._max_logs = max_logs
        self._max_bytes = max_bytes
        self._begin()

    def _begin(self) -> None:
        self._size = _ENVELOPE_BYTES
        self._bodies: list[bytes] = []
        self._lengths: list[int] = []
        self._logs: list[tuple[LogEvent, ...]] = []
        self.origins: list[Origin] = []
        self._positions: list[int] = []

    def add(self, some: Entries, position: int) -> Iterator[Batch]:
        """Add logs, and yield each full batch. `position` is the position of the first log."""
        lengths = list(map(len, some.bodies))
        start, count = 0, len(lengths)
        while start < count:
            stop = start + self._that_fit(lengths[start:])
            self._bodies += some.bodies[start:stop]
            self._lengths += lengths[start:stop]
            self._logs += some.logs[start:stop]
            self.origins += [some.origin] * (stop - start)
            self._positions += range(position + start, position + stop)
            self._size += _size(lengths[start:stop])
            start = stop
            if start < count or len(self._logs) == self._max_logs:
                yield self.batch()

    def _that_fit(self, lengths: Sequence[int]) -> int:
        """Return how many of the next logs fit. The first log of a batch always does."""
        place_in_logs = self._max_logs - len(self._logs)
        place_in_bytes = self._max_bytes() - self._size
        if len(lengths) <= place_in_logs and _size(lengths) <= place_in_bytes:
            return len(lengths)
        ends = list(accumulate(length + len(COMMA) for length in lengths[:place_in_logs]))
        return bisect_right(ends, place_in_bytes) or (0 if self._logs else 1)

    def batch(self) -> Batch:
        """Return the current batch, which has at least one log, and start another one."""
        in_a_row = range(self._positions[0], self._positions[-1] + 1)
        positions = in_a_row if len(in_a_row) == len(self._positions) else tuple(self._positions)
        body, origins = _body(self._bodies), tuple(self.origins)
        full = Batch(body, tuple(self._lengths), tuple(self._logs), origins, positions)
        self._begin()
        return full
