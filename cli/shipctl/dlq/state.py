"""What there is to know of a queue: how much, since when, why, and whether it is being replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shipctl.dlq.looking import letters, look
from shipctl.dlq.overview import Overview
from shipctl.dlq.queue import Counts, Queue
from shipctl.dlq.selection import Selection
from shipctl.errors import CommandError
from shipctl.installation.automatic_replay import AutomaticReplay, automatic_replay
from shipctl.installation.diagnosis import Current, current_troubles
from shipctl.installation.installation import Installation


@dataclass(frozen=True)
class QueueState:
    """What `shipctl dlq stats` knows of a queue."""

    parked: bool
    name: str
    counts: Counts
    other: Counts | None
    """Of the other queue of the stack, if there is a stack."""
    overview: Overview
    """Of the messages that were visible; empty where nobody looked."""
    why: Sequence[Current]
    """What keeps log events from being delivered now, by the functions' logs; not for the parked queue."""
    replay: AutomaticReplay | None
    """None where it could not be asked."""
    untold: Sequence[str]
    """What could not be asked."""

    @property
    def oldest_is_dropped(self) -> datetime | None:
        """When SQS drops the oldest message that was visible."""
        if self.overview.oldest_sent is None:
            return None
        return self.overview.oldest_sent + timedelta(seconds=self.counts.retention_seconds)

    @property
    def asked_at(self) -> datetime:
        """Return when the messages were counted."""
        return datetime.fromtimestamp(self.counts.asked_at, UTC)


def state_of(installation: Installation, queue: Queue, parked: bool, *, receive: bool = True) -> QueueState:
    """Return the state of a queue. Raises `CommandError`.

    With `receive` every visible message is received once, and visible again afterwards; without it no message
    is touched, and the overview is empty.
    """
    is_gone = installation.stack.is_gone
    counts, other = installation.counts(parked), None if is_gone else installation.counts(not parked)
    overview = Overview()
    if receive:
        with look(queue) as held:
            for letter in letters(held, counts, Selection()):
                overview.count(letter)
        counts = counts.with_received(overview.messages)
    untold: list[str] = []
    why: Sequence[Current] = ()
    replay = None
    if is_gone:
        return QueueState(parked, queue.name, counts, other, overview, why, replay, untold)
    try:
        replay = automatic_replay(installation)
        why = () if parked else current_troubles(installation)
    except CommandError as error:
        untold.append(str(error))
    return QueueState(parked, queue.name, counts, other, overview, why, replay, untold)
