"""Where every copy of every log event is, and why there may be more than one.

The number of copies is known: an event begins as one copy, and gets one more each time that it is unknown
whether the first was stored. A schedule is right if there is exactly this number of copies, so that a loss
is found even if a duplicate would hide it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.chaos.clock import Clock, Violation
from tests.integration.payloads import ids_of_one

MAX_BYTES = 1024 * 1024


class Why(StrEnum):
    """Why there is one more copy of an event."""

    CRASH = "crash"
    """Delivered or stored by an invocation that failed later, so that its source still has it."""
    LOST_REPLY = "lost reply"
    """The ingest API accepted it, and no answer said so in time."""
    LOST_SQS_REPLY = "lost reply of SQS"
    """It was stored, and no answer said so in time."""
    RETURNED = "remainder not stored"
    """It was delivered or stored, but the record came back, since another part of it could not be stored."""
    LAMBDA = "delivered twice by AWS"
    """Asynchronous events and queues are delivered at least once."""


class Nature(StrEnum):
    """What an event is, and so where it must end."""

    PLAIN = "plain"
    POISON = "poison"
    """Always refused by the ingest API."""
    UNREADABLE = "unreadable"
    """Cannot be delivered by any replay."""
    FILTERED = "filtered"


@dataclass
class CopyLedger:
    clock: Clock
    natures: dict[str, Nature] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    """How often the ingest API accepted each event."""
    accepted_in_peace: Counter[str] = field(default_factory=Counter)
    """How often the ingest API accepted each event after the last fault."""
    refused_alone: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each event was in a request of one log that was not accepted."""
    replays: Counter[str] = field(default_factory=Counter)
    """How often each event was replayed after the last fault."""
    extra: defaultdict[str, Counter[Why]] = field(default_factory=lambda: defaultdict(Counter))
    story: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.story.append(f"{self.clock.now:9.2f}  {line}")

    def explain(self, identifiers: Iterable[str], why: Why, times: int = 1) -> None:
        for identifier in identifiers if times else ():
            self.extra[identifier][why] += times

    def extras(self) -> Counter[Why]:
        """Return the number of extra copies by reason, without those of filtered events."""
        return sum(
            (whys for identifier, whys in self.extra.items() if self.counts(identifier)), Counter[Why]()
        )

    def counts(self, identifier: str) -> bool:
        return self.natures.get(identifier) is not Nature.FILTERED

    def check_copies(self, places: Mapping[str, Iterable[str]], *, exactly: bool = True) -> None:
        """Raise `Violation` unless every event has as many copies as can be explained.

        `places` names the events in each place other than the ingest API. Unless `exactly`, fewer are
        also right, as long as there is one.
        """
        copies = Counter(self.accepted)
        for identifiers in places.values():
            copies.update(identifiers)
        unknown = copies.keys() - self.natures.keys()
        if unknown:
            raise Violation(f"nobody wrote {sorted(unknown)[:3]}")
        for identifier in filter(self.counts, self.natures):
            whys = self.extra.get(identifier, Counter[Why]())
            expected = 1 + whys.total()
            least = expected if exactly else 1
            if not least <= copies[identifier] <= expected:
                lost = copies[identifier] < least
                told = ", ".join(f"{times} × {why}" for why, times in whys.items()) or "nothing went wrong"
                raise Violation(
                    f"event {identifier[:60]} {'is lost' if lost else 'is doubled for no reason'}: "
                    f"{copies[identifier]} copies, {expected} expected ({told}); accepted by the ingest API: "
                    f"{self.accepted[identifier]}"
                    + "".join(
                        f", {place}: {list(identifiers).count(identifier)}"
                        for place, identifiers in places.items()
                    )
                )


def ids_of_body(event: Any) -> list[str]:
    """Return the ids of the log events in a subscription event; unreadable data is its own id."""
    return ids_of_one(event, MAX_BYTES)
