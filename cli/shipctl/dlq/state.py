"""Read the state of a queue: its counts, ages and reasons, and whether it is replayed automatically."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shipctl.dlq.looking import letters, look
from shipctl.dlq.overview import Overview
from shipctl.dlq.queue import Counts, Queue
from shipctl.dlq.selection import Selection
from shipctl.errors import told
from shipctl.installation.automatic_replay import AutomaticReplay, automatic_replay
from shipctl.installation.diagnosis import Current, current_troubles
from shipctl.installation.installation import Installation


@dataclass(frozen=True)
class QueueState:
    """The state of a queue, as `shipctl dlq stats` shows it."""

    parked: bool
    name: str
    counts: Counts
    other: Counts | None
    """The counts of the stack's other queue; None without a stack, or if they could not be read."""
    overview: Overview
    """The overview of the visible messages; empty if they were not received."""
    why: Sequence[Current]
    """What currently prevents delivery, according to the functions' logs; empty for the parked queue."""
    replay: AutomaticReplay | None
    """None if it could not be read."""
    not_read: int
    """About how many visible messages are not in the overview."""
    untold: Sequence[str]
    """Errors of what could not be read."""

    @property
    def oldest_is_dropped(self) -> datetime | None:
        """Return when SQS deletes the oldest visible message; None if there is none."""
        if self.overview.oldest_sent is None:
            return None
        return self.overview.oldest_sent + timedelta(seconds=self.counts.retention_seconds)

    @property
    def asked_at(self) -> datetime:
        """Return the time of the counts."""
        return datetime.fromtimestamp(self.counts.asked_at, UTC)


def state_of(installation: Installation, queue: Queue, parked: bool, *, receive: bool = True) -> QueueState:
    """Read the state of a queue.

    Args:
        installation: The installation.
        queue: The queue.
        parked: Whether it is the parked queue.
        receive: Whether to receive every visible message once; afterwards they are visible again. Without it,
            the overview is empty.

    Raises:
        CommandError: The queue cannot be read.
    """
    is_gone = installation.stack.is_gone
    counts = installation.counts(parked)
    overview, not_read = Overview(), counts.waiting
    if receive:
        with look(queue) as held:
            for letter in letters(held, counts, Selection()):
                overview.count(letter)
        not_read = held.not_read
        counts = counts.with_received(overview.messages)
    untold: list[str] = []
    if is_gone:
        return QueueState(parked, queue.name, counts, None, overview, (), None, not_read, untold)
    other = told(lambda: installation.counts(not parked), untold)
    replay = told(lambda: automatic_replay(installation), untold)
    why = None if parked else told(lambda: current_troubles(installation), untold)
    return QueueState(
        parked, queue.name, counts, other, overview, why or (), replay, not_read, tuple(dict.fromkeys(untold))
    )
