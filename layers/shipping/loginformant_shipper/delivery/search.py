"""Find the bad logs of one batch by halves: what to try next, and what a result proves. No I/O.

The search begins with a batch that is known to contain a bad log:

1. A bad part with several logs is never sent as a whole. It is split in two, and its first half is sent. 2.
If the first half is accepted, the second half contains the bad log and is known to be bad without a request.
If the size was rejected (`infers` is false), this does not hold, since the second half may be accepted, too.
3. If the first half is rejected, it is bad. Nothing is known about the second half, so it is sent. 4. A part
with a single log is never inferred to be bad. Only its own request proves it. 5. After a single log was
rejected while nothing has been accepted, a random log is sent: bad logs are often next to each other, and one
accepted log proves that the ingest API works. 6. When the search is stopped, the remaining parts are returned
with what is known about them, so that the next replay continues from there.

A part is known to be bad only after evidence that the ingest API works, which `delivery.dispatcher` collects.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from loginformant_shipper.delivery.batching import Batch

Draw = Callable[[int], int]
"""Returns a random index below its argument."""


@dataclass(slots=True, eq=False)
class Part:
    """A part of the batch that is searched."""

    batch: Batch
    failures: int = 0
    """How many requests with these logs failed, each followed by the success of another log."""
    is_bad: bool = False
    """Whether it is known to contain a bad log."""
    other_half: "Part | None" = None
    """The second half, if this is a first half."""


@dataclass(slots=True, eq=False)
class Search:
    """The search of one batch: the parts that must still be sent, the next one last."""

    infers: bool = True
    """Whether a second half is bad if the first one is accepted."""
    pending: list[Part] = field(default_factory=list)
    under_way: int = 0
    found: int = 0
    """The number of bad logs that were found, or returned without being found."""
    largest_passed: int = 0
    """The size in bytes of the largest part that was accepted."""
    smallest_failed: float = math.inf
    """The size in bytes of the smallest part of several logs that failed."""
    _has_passed: bool = False
    _has_refused: bool = False

    def add(self, part: Part) -> None:
        """Add a part that is known to be bad, or that must be sent again."""
        self.pending.append(part)

    def next_part(self, draw: Draw) -> Part | None:
        """Return the part to send next, or None if there is none at the moment."""
        if not self.pending:
            return None
        if self._has_refused and not self._has_passed:
            return self._any_log(draw)
        part = self.pending.pop()
        while part.is_bad and len(part.batch.logs) > 1:
            first, second = (Part(half, part.failures) for half in part.batch.halves())
            first.other_half = second
            self.pending.append(second)
            part = first
        self.under_way += 1
        return part

    def _any_log(self, draw: Draw) -> Part:
        largest = max(self.pending, key=lambda part: len(part.batch.logs))
        logs = len(largest.batch.logs)
        if logs == 1:
            self.pending.remove(largest)
            self.under_way += 1
            return largest
        alone, largest.batch = largest.batch.take_out(draw(logs))
        return self.keep_back(alone)

    def passed(self, part: Part) -> None:
        """Record that a part was accepted."""
        self.under_way -= 1
        self._has_passed = True
        self.largest_passed = max(self.largest_passed, len(part.batch.body))
        if self.infers and part.other_half in self.pending:
            part.other_half.is_bad = True

    def failed(self, part: Part, failures: int) -> None:
        """Record that a part of several logs is bad after a number of proven failures."""
        self.under_way -= 1
        self.smallest_failed = min(self.smallest_failed, len(part.batch.body))
        part.failures, part.is_bad = failures, True
        self.pending.append(part)

    def refused(self) -> None:
        """Record that a single bad log was found and settled."""
        self.under_way -= 1
        self.found += 1
        self._has_refused = True

    def unfinished(self) -> None:
        """Record that a part was settled without knowing whether it is bad."""
        self.under_way -= 1
        self.found += 1

    def keep_back(self, batch: Batch) -> Part:
        """Return a part for logs that are sent outside of the search."""
        self.under_way += 1
        return Part(batch)

    def put_together(self, batch: Batch, parts: int) -> Part:
        """Replace several delayed parts, which were merged into a batch, by one part."""
        self.under_way -= parts
        return self.keep_back(batch)

    def give_back(self) -> list[Part]:
        """Stop the search, and return all parts that were not sent, in the order of their logs."""
        rest = sorted(self.pending, key=lambda part: part.batch.position)
        self.pending.clear()
        self.found += len(rest)
        return rest

    @property
    def is_over(self) -> bool:
        """Return whether every part is settled."""
        return not (self.pending or self.under_way)

    @property
    def was_size(self) -> bool:
        """Return whether all parts were accepted, so that the size of the batch was rejected."""
        return self.is_over and not self.found

    @property
    def refused_size(self) -> int | None:
        """Return the size that may have been rejected, if the search has to stop now; else None.

        That is the size of the smallest part that failed, if no bad log was found, and all parts that were
        accepted are smaller.
        """
        if self.found or not 0 < self.largest_passed < self.smallest_failed < math.inf:
            return None
        return int(self.smallest_failed)
