"""What becomes of records of the dead-letter queue after one more try: pure decisions, no I/O.

1. Nothing of a record was delivered, and its failure may pass: the record is returned as it is.
2. What of a record was refused alone is written anew, with one more refusal on its count, and delayed: 5, 10,
   then 15 minutes. After `MAX_REPLAYS` refusals it is parked, but not before half an hour has passed since
   the first one, and not before a day where the status may have another cause than the log, or where nothing
   else was delivered in the same invocation: a bad hour at LogInformant parks nothing.
3. A log that was proven bad before, is sent alone and fails with the same status again counts as refused:
   nobody else may be there to prove it anew.
4. What has not been found out is written anew without a count: the next replay goes on with it.
5. What cannot be read is parked.
6. What would be returned on its 13th day is parked: SQS drops it after 14.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

from loginformant_shipper.dead_letters.messages import REFUSED_ALONE, Addressed, DeadLetterMessage
from loginformant_shipper.delivery.dispatcher import Failed
from loginformant_shipper.delivery.policy import SPEAKS_OF_THE_LOGS, judge
from loginformant_shipper.events import SourceRecord, Undecodable
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import Settings, SettingsError
from loginformant_shipper.wire.encoding import read_replay_state

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

MAY_BE_THE_LOG = frozenset({Reason.UNAVAILABLE, Reason.UNAUTHORIZED, Reason.MISCONFIGURED})
"""Failures that one bad log can bring about, too."""

REFUSAL_DELAYS_SECONDS = (300, 600, 900)
"""Before the first replay of a log that was refused alone, before the second, and before each later one."""

MIN_REFUSED = timedelta(minutes=30)
MIN_REFUSED_WITHOUT_PROOF = timedelta(hours=24)
MAX_WAITING = timedelta(days=13)
"""SQS keeps a message for 14 days (template.yaml)."""


def as_refusals(failed: Iterable[Failed]) -> Iterator[Failed]:
    """Count as refused what was refused alone before, and has failed alone in the same way (case 3)."""
    for batch, failure, is_narrowed, was_sent in failed:
        record = batch.origins[0].record
        same = record is not None and record.refused_at and record.status == str(failure.status or "")
        if same and was_sent and len(batch.logs) == 1 and failure.reason in MAY_BE_THE_LOG:
            yield Failed(batch, failure._replace(reason=Reason.REJECTED))
        else:
            yield Failed(batch, failure, is_narrowed)


def records_to_return(
    failed: Iterable[Failed],
    undecodable: Iterable[Undecodable],
    delivered: AbstractSet[SourceRecord],
    now: datetime,
) -> AbstractSet[SourceRecord]:
    """Return the records of which nothing was delivered, and nothing failed for good, in order.

    They stay in the queue as they are, unless they are too old. Of all others the remainder has to be written
    anew, since a record can only be acknowledged as a whole.
    """
    reasons: dict[SourceRecord, list[Reason | None]] = {}
    for batch, failure, is_narrowed, _ in failed:
        for record in dict.fromkeys(origin.record for origin in batch.origins):
            if record is not None:
                reasons.setdefault(record, []).append(None if is_narrowed else failure.reason)
    for payload in undecodable:
        if payload.record is not None:
            reasons.setdefault(payload.record, []).append(payload.reason)
    unchanged = MAY_PASS | {Reason.UNDETERMINED}
    return {
        record: None
        for record, found in reasons.items()
        if record not in delivered
        and not _is_old(record, now)
        and (unchanged.issuperset(found) or (record.is_narrowed and found == [None]))
    }.keys()


def _is_old(record: SourceRecord, now: datetime) -> bool:
    return record.sent_at is not None and now.timestamp() - record.sent_at > MAX_WAITING.total_seconds()


def split_off(
    failed: Iterable[Failed], records: AbstractSet[SourceRecord]
) -> tuple[list[Failed], list[Failed]]:
    """Return what failed of `records`, and what failed of all others."""
    inside: list[Failed] = []
    outside: list[Failed] = []
    for batch, failure, is_narrowed, _ in failed:
        mine = batch.only(lambda origin: origin.record in records)
        others = batch.only(lambda origin: origin.record not in records)
        # Of a part of what was narrowed down it is not known that it is bad.
        is_narrowed = is_narrowed and not (mine.logs and others.logs)
        inside += [Failed(mine, failure, is_narrowed)] if mine.logs else []
        outside += [Failed(others, failure, is_narrowed)] if others.logs else []
    return inside, outside


def address(
    messages: Iterable[DeadLetterMessage], settings: Settings, now: datetime, *, something_passed: bool
) -> Iterator[Addressed]:
    """Where each remainder of a replayed record goes. Raises `SettingsError` if there is no parked queue.

    `something_passed`: whether anything was delivered in the same invocation. A failure that may pass does
    not count as a refusal: an outage, however long, is no reason to bother a person.
    """
    dead_letter_queue, parked_queue = settings.dead_letter_queue_url, parked_queue_url(settings)
    for message in messages:
        record = message.record or SourceRecord("")
        reason = message.failure.reason
        waits_too_long = reason not in REFUSED_ALONE and _is_old(record, now)
        if reason in NEEDS_A_PERSON or waits_too_long:
            yield Addressed(message, parked_queue)
        elif reason not in REFUSED_ALONE:
            yield Addressed(message, dead_letter_queue)
        else:
            count = record.replays + 1
            state = read_replay_state(message.attributes["Replays"])._replace(refusals=count)
            counted = message._replace(attributes={**message.attributes, "Replays": str(state)})
            refused_for = now - _moment(state.refused_at, now)
            if count >= settings.max_replays and refused_for >= _patience(message.failure, something_passed):
                yield Addressed(counted, parked_queue)
            else:
                by_hand = message.record is not None and not message.record.receipt_handle
                yield Addressed(counted, dead_letter_queue, 0 if by_hand else refusal_delay(count))


def _patience(failure: Failure, something_passed: bool) -> timedelta:
    is_proven = something_passed and judge(failure.status) in SPEAKS_OF_THE_LOGS
    return MIN_REFUSED if is_proven else MIN_REFUSED_WITHOUT_PROOF


def refusal_delay(count: int) -> int:
    """Return the seconds for which a log stays hidden that was refused alone so often in replay."""
    return REFUSAL_DELAYS_SECONDS[min(count, len(REFUSAL_DELAYS_SECONDS) - 1)]


def _moment(text: str | None, otherwise: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parked_queue_url(settings: Settings) -> str:
    """Return the queue for what needs a person. Raises `SettingsError` where none is set."""
    if settings.parked_queue_url is None:
        raise SettingsError("PARKED_QUEUE_URL is not set: replay needs a queue for what it cannot deliver")
    return settings.parked_queue_url
