"""Decide what happens to records of the dead-letter queue before and after a replay. No I/O.

1. If no log event of a record was delivered and its failure is temporary, the record is returned unchanged.
2. Log events that were rejected individually are stored again with a higher count, delayed by 5, 10, then 15
   minutes. After `MAX_REPLAYS` rejections they are parked, but not until half an hour after the first one;
   and not until a day after it if the status may have another cause than the log, or if nothing else was
   delivered in the same invocation. So a short failure of LogInformant parks nothing. 3. A log that was
   proven bad before, is sent alone and fails with the same status again counts as rejected, since there may
   be no other logs to prove it with. 4. Log events whose search was not completed are stored again without a
   higher count. The next replay continues. 5. Payloads that cannot be decoded are parked. 6. Records that
   would be returned on their 13th day are parked, since SQS deletes them after 14.

Before anything is decoded (`turn_of`), for records that may make Lambda end the function. Lambda then returns
all records of the invocation after the visibility timeout, also those that were delivered ("Handling errors
for an SQS event source in Lambda", AWS Lambda Developer Guide). 7. Records that came back and are older than
13.5 days are parked without another attempt: nothing else ends for a record that ends the function each time.
8. A record that no function has processed completely (Lambda stored it after a crash, or the time was up) and
that came back is tried alone. Each time the function survives that, its environment tries twice as many of
them at once: after a night in which no function could start, all of the queue is such records. How often a
record was received is no sign for others: the shipper has processed them, and an outage returns each record
hundreds of times. A replay by hand (without a receipt handle) is not divided: an operator waits for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from loginformant_shipper.dead_letters.messages import REFUSED_ALONE, Addressed, DeadLetterMessage
from loginformant_shipper.delivery.policy import SPEAKS_OF_THE_LOGS, judge
from loginformant_shipper.delivery.progress import Failed
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
"""Failures that are not caused by the logs, and end with time or when the key or the address is corrected."""

NEEDS_A_PERSON = frozenset({Reason.MALFORMED, Reason.OVERSIZED})
"""Failures that no replay can resolve."""

MAY_BE_THE_LOG = frozenset({Reason.UNAVAILABLE, Reason.UNAUTHORIZED, Reason.MISCONFIGURED})
"""Failures that a bad log may cause, too."""

REFUSAL_DELAYS_SECONDS = (300, 600, 900)
"""The delays of an individually rejected log before its first, its second and each later replay."""

MIN_REFUSED = timedelta(minutes=30)
MIN_REFUSED_WITHOUT_PROOF = timedelta(hours=24)
MAX_WAITING = timedelta(days=13)
"""The age at which a record is parked. SQS keeps a message for 14 days (template.yaml)."""
MAX_TRYING = timedelta(days=13, hours=12)
"""The age at which a record that came back is parked without another attempt."""
MAX_SUSPECTS = 16
"""The maximum number of records that may end the function and are tried at once; more than are received."""


class Turn(NamedTuple):
    """What an invocation does with its records."""

    tried: AbstractSet[SourceRecord] = frozenset()
    parked: AbstractSet[SourceRecord] = frozenset()
    """Records that are parked without an attempt; then no other record is tried in this invocation."""
    returned: AbstractSet[SourceRecord] = frozenset()
    """Records that are returned to the queue without an attempt."""
    has_suspects: bool = False
    """Whether one of the records that are tried may end the function (case 8)."""


def turn_of(
    records: Sequence[SourceRecord], now: datetime, rng: Callable[[], float], suspects_at_once: int = 1
) -> Turn:
    """Decide which records of an invocation are tried (cases 7 and 8).

    Args:
        records: All records of the invocation.
        now: The current time in UTC.
        rng: Returns numbers from 0 to below 1; draws some of the records that may end the function.
        suspects_at_once: How many of those are tried. If it is more than one, other records may be with them.
    """
    came_back = [record for record in records if record.receives > 1 and record.receipt_handle]
    if old := [record for record in came_back if _is_old(record, now, MAX_TRYING)]:
        return Turn(parked=_set(old), returned=_set(records, without=old))
    suspects = [record for record in came_back if record.told in (None, Reason.NOT_BEGUN)]
    if len(suspects) > suspects_at_once or (suspects and suspects_at_once == 1 and len(records) > 1):
        first = int(rng() * len(suspects))
        drawn = [*suspects[first:], *suspects[:first]][:suspects_at_once]
        return Turn(tried=_set(drawn), returned=_set(records, without=drawn), has_suspects=True)
    return Turn(tried=_set(records), has_suspects=bool(suspects))


def _set(records: Iterable[SourceRecord], without: Sequence[SourceRecord] = ()) -> AbstractSet[SourceRecord]:
    """Return a set of records, in order."""
    return dict.fromkeys(record for record in records if record not in without).keys()


def as_refusals(failed: Iterable[Failed]) -> Iterator[Failed]:
    """Count logs as rejected that were rejected before and have failed alone in the same way (case 3)."""
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
    """Return the records without deliveries and with only temporary failures, in order.

    They are returned to the queue, except those that are too old. The undelivered log events of all other
    records must be stored again, since a record can only be acknowledged as a whole.
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


def _is_old(record: SourceRecord, now: datetime, age: timedelta = MAX_WAITING) -> bool:
    return record.sent_at is not None and now.timestamp() - record.sent_at > age.total_seconds()


def split_off(
    failed: Iterable[Failed], records: AbstractSet[SourceRecord]
) -> tuple[list[Failed], list[Failed]]:
    """Split failed batches into the logs of `records` and the logs of all other records."""
    inside: list[Failed] = []
    outside: list[Failed] = []
    for batch, failure, is_narrowed, _ in failed:
        mine = batch.only(lambda origin: origin.record in records)
        others = batch.only(lambda origin: origin.record not in records)
        # A part of a narrowed batch might not contain the bad log.
        is_narrowed = is_narrowed and not (mine.logs and others.logs)
        inside += [Failed(mine, failure, is_narrowed)] if mine.logs else []
        outside += [Failed(others, failure, is_narrowed)] if others.logs else []
    return inside, outside


def address(
    messages: Iterable[DeadLetterMessage], settings: Settings, now: datetime, *, something_passed: bool
) -> Iterator[Addressed]:
    """Yield each message with its queue and its delay.

    Args:
        messages: The messages with undelivered log events of replayed records.
        settings: The settings of replay.
        now: The current time in UTC.
        something_passed: Whether anything was delivered in the same invocation.

    Raises:
        SettingsError: A log must be parked, and there is no parked queue.
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
    """Return the delay in seconds of a log that was individually rejected `count` times in replay."""
    return REFUSAL_DELAYS_SECONDS[min(count, len(REFUSAL_DELAYS_SECONDS) - 1)]


def _moment(text: str | None, otherwise: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parked_queue_url(settings: Settings) -> str:
    """Return the URL of the parked queue. Raises `SettingsError` if it is not set."""
    if settings.parked_queue_url is None:
        raise SettingsError("PARKED_QUEUE_URL is not set: replay needs the URL of the parked queue")
    return settings.parked_queue_url
