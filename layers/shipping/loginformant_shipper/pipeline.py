"""The way of a log event, from what Lambda hands over to a ledger that balances.

decode → redact → join and parse → infer the level → filter → log object → batch → deliver → or dead-letter

All of it is lazy, a piece of a log stream at a time, so that it can end when the time is up. Within a piece
some logs are handed on together, so that what each costs is its own work and not the handing on.
"""

import gc
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from itertools import filterfalse, islice
from typing import Any

from loginformant_shipper.dead_letters.messages import (
    REFUSED_ALONE,
    Addressed,
    DeadLetterMessage,
    dead_letter_messages,
)
from loginformant_shipper.dead_letters.replay import (
    address,
    as_refusals,
    parked_queue_url,
    records_to_return,
    refusal_delay,
    split_off,
)
from loginformant_shipper.dead_letters.sqs import Postponed, postpone, reserve_seconds, store
from loginformant_shipper.delivery.batching import batches, unsent_batch
from loginformant_shipper.delivery.dispatcher import Delivery, EnvironmentState, Failed
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.senders import Senders, ThreadedSenders
from loginformant_shipper.entries.log_object import Entries, frame, log_object
from loginformant_shipper.events import (
    LogEvent,
    Origin,
    Source,
    SourceRecord,
    SubscriptionMessage,
    Undecodable,
)
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.filtering import LevelledLog, LogFilter, has_filters, is_blank, is_own, keep
from loginformant_shipper.ledger import Ledger
from loginformant_shipper.levels import decide_log
from loginformant_shipper.log_group_tags import LogGroupTags, read_tags_of_log_group
from loginformant_shipper.names import FilterCause, Metric
from loginformant_shipper.parsing.pieces import pieces
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.redaction.redact import is_wanted, redact_text, redacted_events
from loginformant_shipper.settings import RESERVE_MARGIN_SECONDS, Settings, load_settings
from loginformant_shipper.telemetry import (
    log_answered_by_a_page,
    log_dead_lettered,
    log_parked,
    log_returned,
    put_metrics,
)
from loginformant_shipper.wire.decoding import Payload, load_of, payloads, source_of


class DeadLetterError(Exception):
    """Events could be neither delivered nor stored; Lambda is to try the whole event again."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a warm Lambda environment keeps: connections, API key, and what it learnt of the ingest API."""

    settings: Settings
    senders: Senders
    state: EnvironmentState
    policy: Policy
    tags: LogGroupTags = field(default_factory=LogGroupTags)
    rng: Callable[[], float] = random.random


@cache
def warm_environment() -> Environment:
    """Return the environment of this process, made at the first call. Raises `SettingsError`."""
    settings = load_settings(os.environ)
    senders = ThreadedSenders(settings)
    read_tags = partial(read_tags_of_log_group, tls=senders.tls_of_aws)
    return Environment(
        settings,
        senders,
        EnvironmentState(byte_limit=settings.batch_max_bytes),
        Policy(max_in_flight=settings.max_in_flight, request_timeout=settings.request_timeout_seconds),
        LogGroupTags(settings.tag_properties, settings.log_group_arns, read_tags),
    )


_YOUNGEST_GENERATION, _ALL_GENERATIONS = 0, 2


def freeze() -> None:
    """Take all that start-up has made out of what the garbage collector looks at: it stays anyway."""
    gc.freeze()


@contextmanager
def collecting_afterwards() -> Iterator[None]:
    """Collect no garbage during a block, but when it ends.

    The collector looks for objects that refer to each other in a circle. There are few, while log events and
    logs are tens of thousands at a time, and go without it. Between two invocations it finds next to nothing
    to look at: what start-up has made is frozen, and only what the invocation has left behind is looked at.
    What outlived earlier ones is looked at as often as the collector itself would, every tenth time or so.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        is_due = gc.get_count()[1] >= gc.get_threshold()[1]
        gc.collect(_ALL_GENERATIONS if is_due else _YOUNGEST_GENERATION)


def forget() -> None:
    """Forget all that the environment keeps: as if it started anew. For tests."""
    warm_environment.cache_clear()


def ship(event: object, environment: Environment, remaining_seconds: float) -> dict[str, Any]:
    """Ship all log events in `event`, the function's argument, within `remaining_seconds`.

    What fails goes to the dead-letter queue. Returns the ledger as `Ledger.answer` gives it, with
    `batchItemFailures` where the source has records, and with `failures` (what went wrong) for a backfill.
    Raises `DeadLetterError` if events of a direct subscription can be neither delivered nor stored.
    """
    end = environment.senders.now() + remaining_seconds
    shipment = _deliver(event, environment, remaining_seconds)
    if shipment.failed or shipment.undecodable:
        queue_url = environment.settings.dead_letter_queue_url
        messages = dead_letter_messages(shipment.failed, shipment.undecodable, datetime.now(UTC))
        letters = [Addressed(message, queue_url, _first_delay(message)) for message in messages]
        _store(letters, end - environment.senders.now(), shipment.ledger)
    return _conclude(event, environment.settings, shipment.ledger)


def replay(event: object, environment: Environment, remaining_seconds: float) -> dict[str, Any]:
    """Ship all log events in the SQS records of `event`, within `remaining_seconds`.

    A record of which nothing was delivered and whose failure may pass is returned as it is. Of any other the
    remainder is written anew, to the dead-letter queue or to the parked queue, before the record is
    acknowledged; if that fails, the record is returned, and what was delivered will be delivered again.
    Returns the ledger with `batchItemFailures`, `parked` (those of `deadLettered` in the parked queue) and
    `failures` (what went wrong). Raises `SettingsError` if there is no parked queue.
    """
    end = environment.senders.now() + remaining_seconds
    shipment = _deliver(_in_another_order(event), environment, remaining_seconds)
    ledger = shipment.ledger
    now = datetime.now(UTC)
    all_failed = list(as_refusals(shipment.failed))
    to_return = records_to_return(all_failed, shipment.undecodable, shipment.delivered_records, now)
    returned, failed = split_off(all_failed, to_return)
    for batch, failure, *_ in returned:
        ledger.returned[failure] += batch.events()
        for log_group, events in batch.by_log_group():
            ledger.log_groups[log_group].returned += events
    ledger.returned_records |= dict.fromkeys(to_return)
    messages = dead_letter_messages(failed, shipment.undecodable, now)
    letters = list(address(messages, environment.settings, now, something_passed=ledger.delivered > 0))
    _store(letters, end - environment.senders.now(), ledger, parked_queue_url(environment.settings))
    time_left = end - environment.senders.now() - RESERVE_MARGIN_SECONDS
    postponed = _postponed(ledger, returned, environment)
    postpone(postponed, environment.settings.dead_letter_queue_url, time_left)
    return _conclude(event, environment.settings, ledger) | {
        "parked": ledger.parked.total(),
        "failures": ledger.failures(),
    }


def _in_another_order(event: Any) -> object:
    """Return the event with its records in any order, once some have come back.

    What stands behind records of nothing but bad logs is not to stand behind them again and again. SQS keeps
    no order anyway ("Amazon SQS standard queues" in the SQS developer guide).
    """
    match event:
        case {"Records": [*records]} if any(map(_came_back, records)):
            return {**event, "Records": random.sample(records, len(records))}
    return event


def _came_back(record: object) -> bool:
    match record:
        case {"attributes": {"ApproximateReceiveCount": str(count)}}:
            return count.isdigit() and int(count[:9]) > 1
    return False


def _first_delay(message: DeadLetterMessage) -> int:
    """Seconds before a log that was refused alone is tried again: a bad minute is over by then."""
    return refusal_delay(0) if message.failure.reason in REFUSED_ALONE else 0


def _postponed(ledger: Ledger, returned: Iterable[Failed], environment: Environment) -> Iterator[Postponed]:
    """When each record that is returned comes again: later if it was throttled, or was asked to wait."""
    throttled = {
        origin.record
        for batch, failure, *_ in returned
        if failure.reason is Reason.THROTTLED
        for origin in batch.origins
    }
    rest = max(0.0, environment.state.resume_at - environment.senders.now())
    for record in ledger.returned_records:
        yield Postponed(record, record in throttled, rest)


@dataclass(slots=True)
class _Shipment:
    """What an invocation has come to, before anything is stored."""

    ledger: Ledger = field(default_factory=Ledger)
    failed: list[Failed] = field(default_factory=list)
    undecodable: list[Undecodable] = field(default_factory=list)
    delivered_records: set[SourceRecord] = field(default_factory=set)
    """Records of which at least one log was delivered."""


def _deliver(event: object, environment: Environment, remaining_seconds: float) -> _Shipment:
    settings, senders, state = environment.settings, environment.senders, environment.state
    load = load_of(event, settings.max_decompressed_bytes)
    reserve = reserve_seconds(
        load.payloads,
        load.data_bytes,
        remaining_seconds,
        inflated_bytes=load.inflated_bytes,
        processor_share=settings.processor_share,
    )
    environment.tags.begin_invocation()
    deadline = senders.now() + remaining_seconds - reserve
    shipment = _Shipment()
    ledger = shipment.ledger
    begun = _begun(event, settings, shipment, lambda: senders.now() < deadline)
    delivery = Delivery(
        batches(
            _entries(begun, environment, ledger, lambda: delivery.gave_up is None),
            settings.batch_max_logs,
            lambda: state.byte_limit,
        ),
        senders,
        state,
        environment.policy,
        deadline,
        environment.rng,
    )
    for batch, failure, is_narrowed, was_sent in delivery:
        if failure is not None:
            shipment.failed.append(Failed(batch, failure, is_narrowed, was_sent))
            continue
        ledger.add_delivered(batch.by_log_group())
        shipment.delivered_records |= {origin.record for origin in batch.different_origins() if origin.record}
    # Batches fail in any order; what is replayed together is to be in the order in which it was logged.
    shipment.failed.sort(key=lambda failed: failed.batch.position)
    if delivery.answered_by_a_page and not state.told_of_a_page:
        log_answered_by_a_page(settings.ingest_url)
        state.told_of_a_page = True
    ledger.requests, ledger.retries = delivery.requests, delivery.retries
    ledger.latencies = delivery.latencies
    return shipment


_Begun = tuple[Origin, Iterator[LogEvent]]
"""The events of a log stream, redacted; each when it is asked for, and no more once the time is up."""

EVENTS_BETWEEN_LOOKS = 100
"""So many log events are handed on between two looks at the clock, where they are not redacted."""


def _begun(
    event: object, settings: Settings, shipment: _Shipment, has_time: Callable[[], bool]
) -> Iterator[_Begun]:
    """Decode and redact, as long as there is time; what was not begun by then is returned or stored as it is.

    1. SQS: all records that were not begun are returned.
    2. Kinesis: Lambda hands out again everything from the lowest returned record on ("Configuring partial
       batch response with Kinesis Data Streams and Lambda", AWS Lambda Developer Guide). Records are begun in
       order, so nothing was sent of those behind the first one that was not begun, and they can be returned.
       The first record of all is always begun: returned again and again, it would hold up its shard.
    3. Of the payload in which the time was up, the rest is stored without having been redacted. A direct
       payload has no record to return.
    """
    ledger = shipment.ledger
    waiting = payloads(event, settings.max_decompressed_bytes)
    always_begun = 0 if source_of(event) is Source.REPLAY else 1
    for number, payload in enumerate(waiting):
        if number >= always_begun and not has_time():
            _return_unbegun(waiting[number:], ledger)
            return
        for decoded in payload.decode():
            match decoded:
                case SubscriptionMessage(origin, events):
                    ledger.received += len(events)
                    if is_own(origin, settings.own_log_groups):
                        ledger.dropped[FilterCause.OWN] += len(events)
                    else:
                        ledger.log_groups[origin.log_group].received += len(events)
                        yield origin, _begin_each(decoded, settings, shipment, has_time)
                case Undecodable():
                    ledger.received += decoded.events
                    if is_own(decoded.origin, settings.own_log_groups):
                        ledger.dropped[FilterCause.OWN] += decoded.events
                    else:
                        if decoded.origin is not None:
                            ledger.log_groups[decoded.origin.log_group].received += decoded.events
                        shipment.undecodable.append(decoded)


def _return_unbegun(waiting: Iterable[Payload], ledger: Ledger) -> None:
    """Return records to their source. Each counts for as many log events as it says, or else for one."""
    for payload in waiting:
        if payload.record is not None:
            ledger.received += payload.record.told_events
            ledger.returned[Failure(Reason.NOT_BEGUN, None, "the time was up")] += payload.record.told_events
            ledger.returned_records[payload.record] = None


def _begin_each(
    message: SubscriptionMessage, settings: Settings, shipment: _Shipment, has_time: Callable[[], bool]
) -> Iterator[LogEvent]:
    origin, events = message
    redacted = redacted_events(events, settings)
    at_once = 1 if is_wanted(settings) else EVENTS_BETWEEN_LOOKS
    for done in range(0, len(events), at_once):
        if not has_time():
            rest = events[done:]
            detail = "the time was up" + ("; stored as it came, not redacted" if is_wanted(settings) else "")
            batch = unsent_batch(origin, rest, position=shipment.ledger.received - len(rest))
            shipment.failed.append(Failed(batch, Failure(Reason.NOT_BEGUN, None, detail)))
            return
        yield from islice(redacted, at_once)


LOGS_AT_ONCE = 100
"""So many logs are handed on together: to hand on each by itself takes as long as some of the stages."""


def _entries(
    begun: Iterator[_Begun], environment: Environment, ledger: Ledger, is_sent: Callable[[], bool]
) -> Iterator[Entries]:
    """Make log objects; only their events once nothing is sent any more."""
    settings = environment.settings
    filters = has_filters(settings)
    for origin, events in begun:
        filtered_before = ledger.filtered
        tags = environment.tags.of(origin)
        where = frame(origin, settings.region, settings.properties, tags, settings.left_out_properties)
        log_filter = LogFilter(settings)
        for logs in _logs(events, origin, settings, ledger):
            kept = list(keep(logs, log_filter, ledger.dropped)) if filters else logs
            events_of_each = [log.events for log, _ in kept]
            if is_sent():
                yield Entries(origin, [log_object(log, level, where) for log, level in kept], events_of_each)
            else:
                yield Entries(origin, [b""] * len(kept), events_of_each)
        ledger.log_groups[origin.log_group].filtered += ledger.filtered - filtered_before


def _logs(
    events: Iterable[LogEvent], origin: Origin, settings: Settings, ledger: Ledger
) -> Iterator[list[LevelledLog]]:
    """Yield some logs at a time. They are of one piece of the log stream, which bounds their size."""
    log_group, default_level = origin.log_group, settings.default_level
    redact = partial(redact_text, settings=settings) if is_wanted(settings) else None
    for piece in pieces(events):
        joined = join(piece, redact)
        while logs := list(islice(joined, LOGS_AT_ONCE)):
            said = list(filterfalse(is_blank, logs))
            if len(said) < len(logs):
                ledger.dropped[FilterCause.BLANK] += sum(len(log.events) for log in logs if is_blank(log))
            yield [(log, decide_log(log, log_group, default_level).level) for log in said]


def _store(letters: list[Addressed], seconds: float, ledger: Ledger, parked_queue: str | None = None) -> None:
    """Put into its queue what failed; what cannot be put there goes back to its source."""
    troubles = store(letters, seconds - RESERVE_MARGIN_SECONDS)
    for (message, queue_url, _), trouble in zip(letters, troubles, strict=True):
        failure = message.failure
        if not trouble:
            ledger.dead_lettered[failure] += message.events
            if queue_url == parked_queue:
                ledger.parked[failure] += message.events
        elif message.record is not None:
            detail = f"{failure.detail}; and the queue did not take them: {trouble}"
            ledger.returned[failure._replace(detail=detail)] += message.events
            if log_group := message.attributes.get("LogGroup"):
                ledger.log_groups[log_group].returned += message.events
            ledger.returned_records[message.record] = None
        else:
            raise DeadLetterError(
                f"log events could be neither delivered ({failure.reason}: {failure.detail}) nor stored in "
                f"the dead-letter queue ({trouble}); Lambda tries the whole event again"
            )


def _conclude(event: object, settings: Settings, ledger: Ledger) -> dict[str, Any]:
    ledger.close()
    source = source_of(event)
    _report(settings.stack_name, source, ledger)
    answer = ledger.answer()
    if source is Source.SUBSCRIPTION:
        return answer
    if source is Source.BACKFILL:
        answer["failures"] = ledger.failures()
    return answer | {"batchItemFailures": ledger.batch_item_failures()}


def _report(stack: str, source: Source, ledger: Ledger) -> None:
    if ledger.received == ledger.dropped[FilterCause.OWN]:
        return  # Nothing happened, or only our own log lines came: a line about those would bring the next.
    counts = {
        Metric.EVENTS_RECEIVED: ledger.received,
        Metric.EVENTS_FILTERED: ledger.filtered,
        Metric.EVENTS_DELIVERED: ledger.delivered,
        Metric.EVENTS_DEAD_LETTERED: ledger.dead_lettered.total(),
        Metric.EVENTS_RETURNED: ledger.returned.total(),
        Metric.REQUESTS: ledger.requests,
        Metric.RETRIES: ledger.retries,
    }
    dead_lettered: defaultdict[Reason, int] = defaultdict(int)
    returned: defaultdict[Reason, int] = defaultdict(int)
    for failure, events in ledger.dead_lettered.items():
        dead_lettered[failure.reason] += events
        if waiting := events - ledger.parked[failure]:
            log_dead_lettered(failure, waiting)
    for failure, events in ledger.parked.items():
        log_parked(failure, events)
    for failure, events in ledger.returned.items():
        returned[failure.reason] += events
        log_returned(failure, events)
    put_metrics(
        stack,
        source,
        counts,
        ledger.latencies,
        dead_lettered,
        returned,
        ledger.dropped,
        ledger.by_log_group(),
    )
