"""Find the bad logs of one batch by halves: what to try next, and what a result proves. No I/O.

The search begins with a batch of which it is known that some log in it is bad. From there:

1. A part that is known to be bad and has several logs is never sent whole: it is cut in two, and its first
   half is tried.
2. The first half passes: then the bad log is in the second half, which is known to be bad without a request.
   Not so where the size was refused (`infers` is false): then the second half may pass as well.
3. The first half fails: it is known to be bad, and of the second half nothing is known, so it is tried.
4. A part of one log is never judged by inference: only its own request says that it is bad.
5. After a log that was refused alone, while nothing has passed, any one log is tried, wherever it stands: bad
   logs often stand side by side, and one good log is the proof that the ingest API is well.
6. Whatever has not been found out when the search is stopped is given back with what is known of it, so that
   the next replay goes on from there.

A part is known to be bad only once somebody has seen that the ingest API is well; `delivery.dispatcher` does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from loginformant_shipper.delivery.batching import Batch


@dataclass(slots=True, eq=False)
class Part:
    """Some logs of the batch that is searched."""

    batch: Batch
    failures: int = 0
    """How many requests with these logs failed, each followed by the success of another log."""
    is_bad: bool = False
    """Known to hold at least one bad log."""
    other_half: "Part | None" = None
    """Of a first half: the second one."""


@dataclass(slots=True, eq=False)
class Search:
    """The parts of one batch that are still to be tried, the next one last."""

    infers: bool = True
    """Whether a second half is bad because the first one is good."""
    pending: list[Part] = field(default_factory=list)
    under_way: int = 0
    found: int = 0
    """How many bad logs were found, or given back unfound."""
    _has_passed: bool = False
    _has_refused: bool = False

    def add(self, part: Part) -> None:
        """Go on with a part that is known to be bad, or is to be tried again."""
        self.pending.append(part)

    def next_part(self, draw: Callable[[int], int]) -> Part | None:
        """Take the part to be tried next; None where there is none at the moment.

        `draw` gives one of so many places, from 0 on.
        """
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

    def _any_log(self, draw: Callable[[int], int]) -> Part:
        largest = max(self.pending, key=lambda part: len(part.batch.logs))
        logs = len(largest.batch.logs)
        if logs == 1:
            self.pending.remove(largest)
            self.under_way += 1
            return largest
        alone, largest.batch = largest.batch.take_out(draw(logs))
        return self.keep_back(alone)

    def passed(self, part: Part) -> None:
        """Note that the ingest API took this part."""
        self.under_way -= 1
        self._has_passed = True
        if self.infers and part.other_half in self.pending:
            part.other_half.is_bad = True

    def failed(self, part: Part, failures: int) -> None:
        """Note that this part of several logs is bad, proven by so many failures."""
        self.under_way -= 1
        part.failures, part.is_bad = failures, True
        self.pending.append(part)

    def refused(self) -> None:
        """Note that a log alone is bad, and settled."""
        self.under_way -= 1
        self.found += 1
        self._has_refused = True

    def unfinished(self) -> None:
        """Note that this part is settled although it was not found out whether it is bad."""
        self.under_way -= 1
        self.found += 1

    def keep_back(self, batch: Batch) -> Part:
        """Return a part for a log that somebody else will try."""
        self.under_way += 1
        return Part(batch)

    def put_together(self, batch: Batch, parts: int) -> Part:
        """Return the part for a batch that was made of so many parts that were kept back."""
        self.under_way -= parts
        return self.keep_back(batch)

    def give_back(self) -> list[Part]:
        """Stop: all parts that were not tried, in the order of their logs."""
        rest = sorted(self.pending, key=lambda part: part.batch.position)
        self.pending.clear()
        self.found += len(rest)
        return rest

    @property
    def is_over(self) -> bool:
        """Whether every part is settled."""
        return not (self.pending or self.under_way)

    @property
    def was_size(self) -> bool:
        """Whether all parts passed one by one, so that only their size can have been refused."""
        return self.is_over and not self.found
