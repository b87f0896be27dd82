"""Run the stages on a Lambda event, and return a ledger that balances.

decode → redact → join and parse → infer the level → filter → log object → batch → deliver → or dead-letter

All stages are lazy and process a piece of a log stream at a time, so that they can stop when the time is up.
Within a piece, logs are passed on in chunks, since passing on each log separately would cost as much as some
stages.
"""

import gc
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    as_received,
    dead_letter_messages,
)
from loginformant_shipper.dead_letters.replay import (
    MAX_SUSPECTS,
    Turn,
    address,
    as_refusals,
    parked_queue_url,
    records_to_return,
    refusal_delay,
    split_off,
    turn_of,
)
from loginformant_shipper.dead_letters.sqs import Postponed, postpone, reserve_seconds, store
from loginformant_shipper.delivery.batching import batches, unsent_batch
from loginformant_shipper.delivery.dispatcher import Delivery
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.progress import Failed
from loginformant_shipper.delivery.sending.senders import Senders, ThreadedSenders
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
from loginformant_shipper.settings import (
    QUEUE_WORST_CASE_SECONDS,
    RESERVE_MARGIN_SECONDS,
    Settings,
    load_settings,
)
from loginformant_shipper.telemetry import (
    log_dead_lettered,
    log_parked,
    log_returned,
    put_metrics,
)
from loginformant_shipper.wire.decoding import Payload, load_of, payloads, source_of


class DeadLetterError(Exception):
    """Log events could be neither delivered nor stored. Lambda retries the whole event."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The state of a warm Lambda environment: connections, API key, and the state of the ingest API."""

    settings: Settings
    senders: Senders
    state: EnvironmentState
    policy: Policy
    tags: LogGroupTags = field(default_factory=LogGroupTags)
    rng: Callable[[], float] = random.random


@cache
def warm_environment() -> Environment:
    """Return the environment of this process, which the first call creates. Raises `SettingsError`."""
    settings = load_settings(os.environ)
    senders = ThreadedSenders(settings)
    read_tags = partial(read_tags_of_log_group, tls=senders.tls_of_aws)
    return Environment(
        settings,
        senders,
        EnvironmentState(byte_limit=settings.batch_max_bytes),
        Policy(max_in_flight=settings.max_in_flight, request_timeout=settings.request_timeout_seconds),
        LogGroupTags(settings.tag_properties, settings.log_group_arns, read_tags, senders.now),
    )


def freeze() -> None:
    """Exclude all objects of the start-up from garbage collection, since they are never freed."""
    gc.freeze()


@contextmanager
def collecting_afterwards() -> Iterator[None]:
    """Disable the garbage collector during the block, and collect garbage at its end.

    The collector frees reference cycles. There are few of them, but the collector would traverse tens of
    thousands of log events and logs, which are freed without it. After an invocation there is little to
    traverse: objects of the start-up are frozen, so only those that the invocation left behind remain. Older
    generations are collected as often as by the collector itself, about every tenth and every hundredth time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect(_generation_due())


def _generation_due() -> int:
    """Return the oldest generation that the collector would collect now; 0 if only the youngest."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    return next((generation for generation in (2, 1) if counts[generation] > thresholds[generation]), 0)


def seconds_left(remaining_milliseconds: int, settings: Settings) -> float:
    """Return the remaining time of an invocation, at most the timeout of the function.

    Lambda's runtime subtracts the time of day from the deadline (aws/aws-lambda-python-runtime-interface-
    client, lambda_context.py). Just after an environment was thawed, its clock may be minutes late
    (aws/aws-sdk-js-v3#7605), and log events would be stored only after Lambda has ended the function.
    """
    return min(remaining_milliseconds / 1000, settings.function_timeout_seconds)


def forget() -> None:
    """Reset the environment, as after a cold start. For tests."""
    warm_environment.cache_clear()


def ship(event: object, environment: Environment, remaining_seconds: float) -> dict[str, Any]:
    """Ship all log events of a Lambda event, and store undelivered ones in the dead-letter queue.

    Args:
        event: The event of the function.
        environment: The warm environment.
        remaining_seconds: The remaining time of the invocation.

    Returns:
        The ledger (`Ledger.answer`), with `batchItemFailures` if the source has records, and with `failures`
        for a backfill.

    Raises:
        DeadLetterError: Log events of a direct subscription could be neither delivered nor stored.
    """
    environment.senders.begin_invocation()
    end = environment.senders.now() + remaining_seconds
    shipment = _deliver(event, environment, remaining_seconds)
    if shipment.failed or shipment.undecodable:
        queue_url = environment.settings.dead_letter_queue_url
        messages = dead_letter_messages(shipment.failed, shipment.undecodable, datetime.now(UTC))
        letters = [Addressed(message, queue_url, _first_delay(message)) for message in messages]
        _store(letters, end - environment.senders.now(), shipment.ledger)
    return _conclude(event, environment.settings, shipment.ledger)


def replay(event: object, environment: Environment, remaining_seconds: float) -> dict[str, Any]:
    """Ship all log events in SQS records.

    A record without deliveries whose failures are all temporary is returned unchanged. The undelivered log
    events of any other record are stored again in the dead-letter queue or the parked queue before the record
    is acknowledged. If that fails, the record is returned, and delivered log events are delivered again.

    Before that, `turn_of` decides which records are tried. Those that are returned without an attempt become
    visible again soon, even if the function does not survive the attempt with the others.

    Args:
        event: The event of the function.
        environment: The warm environment.
        remaining_seconds: The remaining time of the invocation.

    Returns:
        The ledger with `batchItemFailures`, `parked` (those of `deadLettered` in the parked queue) and
        `failures`.

    Raises:
        SettingsError: There is no parked queue.
    """
    senders, settings = environment.senders, environment.settings
    senders.begin_invocation()
    dead_letter_queue, parked_queue = settings.dead_letter_queue_url, parked_queue_url(settings)
    end = senders.now() + remaining_seconds
    now = datetime.now(UTC)
    received = payloads(event, settings.max_decompressed_bytes)
    records = [payload.record for payload in received if payload.record]
    turn = turn_of(records, now, environment.rng, environment.state.suspects_at_once)
    # Now, since the function may not survive the attempt with the others.
    most_seconds = min(QUEUE_WORST_CASE_SECONDS, remaining_seconds / 4)
    postpone(map(Postponed, turn.returned), dead_letter_queue, most_seconds)
    if turn.parked:
        shipment = _Shipment()
    else:
        shipment = _deliver(_tried(event, received, turn), environment, end - senders.now())
    if turn.has_suspects:
        environment.state.suspects_at_once = min(2 * environment.state.suspects_at_once, MAX_SUSPECTS)
    ledger = shipment.ledger
    all_failed = list(as_refusals(shipment.failed))
    to_return = records_to_return(all_failed, shipment.undecodable, shipment.delivered_records, now)
    returned, failed = split_off(all_failed, to_return)
    for batch, failure, *_ in returned:
        ledger.returned[failure] += batch.events()
        for log_group, events in batch.by_log_group():
            ledger.log_groups[log_group].returned += events
    ledger.returned_records |= dict.fromkeys(to_return)
    messages = dead_letter_messages(failed, shipment.undecodable, now)
    letters = list(address(messages, settings, now, something_passed=ledger.delivered > 0))
    for payload in received:
        if (record := payload.record) and record in turn.parked and payload.message:
            message = as_received(payload.message, record, PARKED_UNTRIED)
            letters.append(Addressed(message, parked_queue))
            ledger.received += message.events
    _store(letters, end - senders.now(), ledger, parked_queue)
    postponed = _postponed(ledger, returned, shipment.unbegun, environment)
    postpone(postponed, dead_letter_queue, end - senders.now() - RESERVE_MARGIN_SECONDS)
    untried = [payload for payload in received if payload.record in turn.returned]
    _return_unbegun(untried, shipment, Failure(Reason.NOT_BEGUN, None, RETURNED_UNTRIED))
    return _conclude(event, settings, ledger) | {
        "parked": ledger.parked.total(),
        "failures": ledger.failures(),
    }


PARKED_UNTRIED = "parked without another attempt, since SQS would soon delete the message"
RETURNED_UNTRIED = "other messages of the batch, which may end the function, are handled first"
"""Why a record was not tried, for the log."""


def _tried(event: Any, received: Sequence[Payload], turn: Turn) -> object:
    """Return the event with only the records to try, in random order if any of them was received before.

    Otherwise records that contain only bad logs could delay the same other records in each replay. SQS does
    not preserve the order anyway ("Amazon SQS standard queues", Amazon SQS Developer Guide).
    """
    tried = [payload for payload in received if payload.message and payload.record in turn.tried]
    if not tried:
        return event  # not from SQS
    if any(payload.record.receives > 1 for payload in tried if payload.record):
        tried = random.sample(tried, len(tried))
    return {**event, "Records": [payload.message for payload in tried]}


def _first_delay(message: DeadLetterMessage) -> int:
    """Return the delay before the first replay of an individually rejected log."""
    return refusal_delay(0) if message.failure.reason in REFUSED_ALONE else 0


def _postponed(
    ledger: Ledger,
    returned: Iterable[Failed],
    unbegun: Mapping[SourceRecord, Failure],
    environment: Environment,
) -> Iterator[Postponed]:
    """Yield the delay of each returned record, which is longer after throttling or a Retry-After."""
    throttled = {
        origin.record
        for batch, failure, *_ in returned
        if failure.reason is Reason.THROTTLED
        for origin in batch.origins
    }
    throttled |= {record for record, failure in unbegun.items() if failure.reason is Reason.THROTTLED}
    rest = max(0.0, environment.state.resume_at - environment.senders.now())
    for record in ledger.returned_records:
        yield Postponed(record, record in throttled, rest)


@dataclass(slots=True)
class _Shipment:
    """The results of an invocation before anything is stored."""

    ledger: Ledger = field(default_factory=Ledger)
    failed: list[Failed] = field(default_factory=list)
    undecodable: list[Undecodable] = field(default_factory=list)
    delivered_records: set[SourceRecord] = field(default_factory=set)
    """Records with at least one delivered log."""
    unbegun: dict[SourceRecord, Failure] = field(default_factory=dict)
    """Records that were returned to their source without being decoded, and why."""


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
    begun = _begun(event, settings, shipment, lambda: senders.now() < deadline, lambda: delivery.gave_up)
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
    # Batches fail in any order; logs that are replayed together must be in the order of logging.
    shipment.failed.sort(key=lambda failed: failed.batch.position)
    ledger.requests, ledger.retries = delivery.requests, delivery.retries
    ledger.latencies = delivery.latencies
    return shipment


_Begun = tuple[Origin, Iterator[LogEvent]]
"""The redacted events of a log stream, processed lazily until the time is up."""

EVENTS_BETWEEN_LOOKS = 100
"""The number of log events between two checks of the time, if they are not redacted."""


def _begun(
    event: object,
    settings: Settings,
    shipment: _Shipment,
    has_time: Callable[[], bool],
    gave_up: Callable[[], Failure | None],
) -> Iterator[_Begun]:
    """Decode and redact payloads while there is time, and return or store the others unchanged.

    1. SQS: all records that were not started are returned; also if delivery has given up, since they would be
    returned unchanged after all the work. 2. Kinesis: Lambda retries all records from the
    lowest returned one on ("Configuring partial batch response with Kinesis Data Streams and Lambda", AWS
    Lambda Developer Guide). Records are started in order, so nothing was sent of the records after the first
    one that was not started, and they can be returned. The first record is always started; if it were always
    returned, it would block its shard. 3. The rest of a payload in which the time is up is stored unredacted.
    A direct payload has no record to return.
    """
    ledger = shipment.ledger
    waiting = payloads(event, settings.max_decompressed_bytes)
    is_replay = source_of(event) is Source.REPLAY
    always_begun = 0 if is_replay else 1
    for number, payload in enumerate(waiting):
        trouble = NO_TIME if not has_time() else gave_up() if is_replay else None
        if number >= always_begun and trouble:
            _return_unbegun(waiting[number:], shipment, trouble)
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


NO_TIME = Failure(Reason.NOT_BEGUN, None, "the time was up")


def _return_unbegun(waiting: Iterable[Payload], shipment: _Shipment, failure: Failure) -> None:
    """Return records to their source.

    A record counts as the number of log events in its attributes, or as one.
    """
    ledger = shipment.ledger
    for payload in waiting:
        if payload.record is not None:
            ledger.received += payload.record.told_events
            ledger.returned[failure] += payload.record.told_events
            ledger.returned_records[payload.record] = None
            shipment.unbegun[payload.record] = failure


def _begin_each(
    message: SubscriptionMessage, settings: Settings, shipment: _Shipment, has_time: Callable[[], bool]
) -> Iterator[LogEvent]:
    origin, events = message
    redacted = redacted_events(events, settings)
    at_once = 1 if is_wanted(settings) else EVENTS_BETWEEN_LOOKS
    for done in range(0, len(events), at_once):
        if not has_time():
            rest = events[done:]
            detail = "the time was up" + ("; stored unchanged, not redacted" if is_wanted(settings) else "")
            batch = unsent_batch(origin, rest, position=shipment.ledger.received - len(rest))
            shipment.failed.append(Failed(batch, Failure(Reason.NOT_BEGUN, None, detail)))
            return
        yield from islice(redacted, at_once)


LOGS_AT_ONCE = 100
"""The number of logs that are passed on together, since passing on each one costs as much as some stages."""


def _entries(
    begun: Iterator[_Begun], environment: Environment, ledger: Ledger, is_sent: Callable[[], bool]
) -> Iterator[Entries]:
    """Yield log objects, or only their events after sending has ended."""
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
    """Yield logs in chunks. A chunk is from one piece of the log stream, which limits its size."""
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
    """Store messages in their queues, and return those that cannot be stored to their source."""
    troubles = store(letters, seconds - RESERVE_MARGIN_SECONDS)
    for (message, queue_url, _), trouble in zip(letters, troubles, strict=True):
        failure = message.failure
        if not trouble:
            ledger.dead_lettered[failure] += message.events
            if queue_url == parked_queue:
                ledger.parked[failure] += message.events
        elif message.record is not None:
            detail = f"{failure.detail}; and they could not be stored in the queue: {trouble}"
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
        return  # Nothing happened, or only own log lines arrived: logging those would cause a loop.
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
