"""What becomes of records of the dead-letter queue after one more try: pure decisions, no I/O."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from loginformant_shipper.dead_letters.messages import Addressed, DeadLetterMessage
from loginformant_shipper.delivery.dispatcher import Failed
from loginformant_shipper.events import SourceRecord, Undecodable
from loginformant_shipper.failures import Reason
from loginformant_shipper.settings import Settings, SettingsError

MAY_PASS = frozenset(
    {
        Reason.THROTTLED,
        Reason.UNAVAILABLE,
        Reason.OUT_OF_TIME,
        Reason.NOT_BEGUN,
        Reason.NO_KEY,
        Reason.UNAUTHORIZED,
        Reason.MISCONFIGURED,
    }
)
"""Failures that say nothing about the logs: they pass with time, or once key or address is put right."""

NEEDS_A_PERSON = frozenset({Reason.MALFORMED, Reason.OVERSIZED})
"""No replay can do better."""


def records_to_return(
    failed: Iterable[Failed], undecodable: Iterable[Undecodable], delivered: AbstractSet[SourceRecord]
) -> AbstractSet[SourceRecord]:
    """The records of which nothing was delivered, and nothing failed in a way that cannot pass, in order.

    They stay in the queue as they are. Of all others the remainder has to be written anew, since a record can
    only be acknowledged as a whole.
    """
    reasons: dict[SourceRecord, set[Reason]] = {}
    for batch, failure in failed:
        for origin in batch.origins:
            if origin.record is not None:
                reasons.setdefault(origin.record, set()).add(failure.reason)
    for payload in undecodable:
        if payload.record is not None:
            reasons.setdefault(payload.record, set()).add(payload.reason)
    return {
        record: None for record, found in reasons.items() if record not in delivered and found <= MAY_PASS
    }.keys()


def split_off(
    failed: Iterable[Failed], records: AbstractSet[SourceRecord]
) -> tuple[list[Failed], list[Failed]]:
    """What failed of `records`, and what failed of all others."""
    inside: list[Failed] = []
    outside: list[Failed] = []
    for batch, failure in failed:
        mine = batch.only(lambda origin: origin.record in records)
        others = batch.only(lambda origin: origin.record not in records)
        inside += [Failed(mine, failure)] if mine.logs else []
        outside += [Failed(others, failure)] if others.logs else []
    return inside, outside


def address(messages: Iterable[DeadLetterMessage], settings: Settings) -> Iterator[Addressed]:
    """Where each remainder of a replayed record goes. Raises `SettingsError` if there is no parked queue.

    A refusal counts as a replay; after `settings.max_replays` of them the logs are parked. A failure that may
    pass does not count: an outage, however long, is no reason to bother a person.
    """
    dead_letter_queue, parked_queue = settings.dead_letter_queue_url, parked_queue_url(settings)
    for message in messages:
        reason = message.failure.reason
        replays = message.record.replays if message.record else 0
        if reason in NEEDS_A_PERSON:
            yield Addressed(message, parked_queue)
        elif reason in MAY_PASS:
            yield Addressed(message, dead_letter_queue)
        else:
            counted = message._replace(attributes={**message.attributes, "Replays": str(replays + 1)})
            yield Addressed(
                counted, parked_queue if replays + 1 >= settings.max_replays else dead_letter_queue
            )


def parked_queue_url(settings: Settings) -> str:
    """The queue for what needs a person. Raises `SettingsError` where none is set."""
    if settings.parked_queue_url is None:
        raise SettingsError("PARKED_QUEUE_URL is not set: replay needs a queue for what it cannot deliver")
    return settings.parked_queue_url
