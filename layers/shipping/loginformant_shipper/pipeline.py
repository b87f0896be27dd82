"""The way of a log event, from what Lambda hands over to an account that closes.

decode → join and parse → infer the level → filter → entry → batch → deliver → or dead-letter
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from loginformant_shipper.batching import batches
from loginformant_shipper.deadletter import dead_letter_messages, reserve_seconds, store
from loginformant_shipper.delivery import Delivery, Failure, Memory, Settled
from loginformant_shipper.entries import Entry, entry
from loginformant_shipper.filtering import is_blank, is_own
from loginformant_shipper.levels import decide
from loginformant_shipper.policy import Policy
from loginformant_shipper.reasons import Reason
from loginformant_shipper.senders import Senders, ThreadedSenders
from loginformant_shipper.settings import RESERVE_MARGIN_SECONDS, Settings, load_settings
from loginformant_shipper.stacktraces import join
from loginformant_shipper.subscription import (
    Source,
    SubscriptionMessage,
    Undecodable,
    decode,
    load_of,
    source_of,
)
from loginformant_shipper.telemetry import Metric, put_metrics, say_dead_lettered, say_returned


class DeadLetterError(Exception):
    """Events could be neither delivered nor stored; Lambda is to try the whole event again."""


class AccountError(Exception):
    """The account does not close: a bug of ours. Lambda is to try the whole event again."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a warm Lambda environment keeps: connections, API key, and what it learnt of the ingest API."""

    settings: Settings
    senders: Senders
    memory: Memory
    policy: Policy


@cache
def warm_environment() -> Environment:
    """The environment of this process, made at the first call. Raises `SettingsError`."""
    settings = load_settings(os.environ)
    return Environment(
        settings,
        ThreadedSenders(settings),
        Memory(byte_limit=settings.batch_max_bytes),
        Policy(max_in_flight=settings.max_in_flight, request_timeout=settings.request_timeout_seconds),
    )


def forget() -> None:
    """Forget all that the environment keeps: as if it started anew. For tests."""
    warm_environment.cache_clear()


@dataclass(slots=True)
class Account:
    """Counts of log events; `received` is the sum of the others, or the invocation raises."""

    received: int = 0
    own: int = 0
    """Filtered, since they come from the stack's own log groups."""
    blank: int = 0
    """Filtered, since they say nothing."""
    delivered: int = 0
    dead_lettered: Counter[Failure] = field(default_factory=Counter)
    returned: int = 0
    returned_records: dict[str, str] = field(default_factory=dict)
    """Why each record is returned to its source, by its identifier."""
    requests: int = 0
    retries: int = 0
    latencies: list[float] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        """What the function returns."""
        return {
            "received": self.received,
            "filtered": self.filtered,
            "delivered": self.delivered,
            "deadLettered": self.dead_lettered.total(),
            "returned": self.returned,
            "requests": self.requests,
        }

    @property
    def filtered(self) -> int:
        return self.own + self.blank

    def closes(self) -> bool:
        return self.received == self.filtered + self.delivered + self.dead_lettered.total() + self.returned


def ship(event: object, environment: Environment, remaining_seconds: float) -> dict[str, Any]:
    """Ship all log events in `event`, the function's argument, within `remaining_seconds`.

    Returns the account as `Account.answer` gives it; where the source is Kinesis, with `batchItemFailures`
    ("Configuring partial batch response", AWS Lambda developer guide).
    Raises `DeadLetterError` if events of a direct subscription can be neither delivered nor stored.
    """
    end = environment.senders.now() + remaining_seconds
    reserve = reserve_seconds(*load_of(event), available=remaining_seconds)
    account = Account()
    undecodable: list[Undecodable] = []
    failed = _deliver(event, environment, end - reserve, account, undecodable)
    _store(failed, undecodable, environment, end - RESERVE_MARGIN_SECONDS, account)
    if not account.closes():
        raise AccountError(f"the account does not close: {account}")
    source = source_of(event)
    _report(source, account)
    answer = account.answer()
    if source is not Source.SUBSCRIPTION:
        answer["batchItemFailures"] = [{"itemIdentifier": record} for record in account.returned_records]
    return answer


def _deliver(
    event: object, environment: Environment, deadline: float, account: Account, undecodable: list[Undecodable]
) -> list[Settled]:
    """Deliver what can be delivered; gives back what failed."""
    settings, memory = environment.settings, environment.memory
    messages = _messages(event, settings, account, undecodable)
    entries = _entries(messages, settings, account)
    delivery = Delivery(
        batches(entries, settings.batch_max_logs, lambda: memory.byte_limit),
        environment.senders,
        memory,
        environment.policy,
        deadline,
    )
    failed = []
    for settled in delivery:
        if settled.failure is None:
            account.delivered += settled.batch.events()
        else:
            failed.append(settled)
    account.requests, account.retries = delivery.requests, delivery.retries
    account.latencies = delivery.latencies
    return failed


def _messages(
    event: object, settings: Settings, account: Account, undecodable: list[Undecodable]
) -> Iterator[SubscriptionMessage]:
    for decoded in decode(event, settings.max_decompressed_bytes):
        match decoded:
            case SubscriptionMessage(origin, events):
                account.received += len(events)
                if is_own(origin, settings.own_log_groups):
                    account.own += len(events)
                else:
                    yield decoded
            case Undecodable():
                account.received += decoded.events
                if is_own(decoded.origin, settings.own_log_groups):
                    account.own += decoded.events
                else:
                    undecodable.append(decoded)


def _entries(
    messages: Iterator[SubscriptionMessage], settings: Settings, account: Account
) -> Iterator[Entry]:
    for origin, events in messages:
        for log in join(events):
            if is_blank(log):
                account.blank += len(log.events)
                continue
            parsed = log.continues or log.parsed
            level = decide(parsed, origin.log_group, settings.default_level).level
            yield entry(log, level, origin, settings.region)


def _store(
    failed: list[Settled],
    undecodable: list[Undecodable],
    environment: Environment,
    end: float,
    account: Account,
) -> None:
    """Put what failed into the dead-letter queue; what cannot be put there goes back to its source."""
    messages = list(dead_letter_messages(failed, undecodable, datetime.now(UTC)))
    time_left = end - environment.senders.now()
    troubles = store(messages, environment.settings.dead_letter_queue_url, time_left)
    for message, trouble in zip(messages, troubles, strict=True):
        if not trouble:
            account.dead_lettered[message.failure] += message.events
        elif message.record is not None:
            account.returned += message.events
            account.returned_records[message.record.identifier] = trouble
        else:
            raise DeadLetterError(
                f"log events could be neither delivered ({message.failure.reason}: {message.failure.detail}) "
                f"nor stored in the dead-letter queue ({trouble}); Lambda tries the whole event again"
            )


def _report(source: Source, account: Account) -> None:
    if account.received == account.own:
        return  # Nothing happened, or only our own log lines came: a line about those would bring the next.
    counts = {
        Metric.EVENTS_RECEIVED: account.received,
        Metric.EVENTS_FILTERED: account.filtered,
        Metric.EVENTS_DELIVERED: account.delivered,
        Metric.EVENTS_DEAD_LETTERED: account.dead_lettered.total(),
        Metric.EVENTS_RETURNED: account.returned,
        Metric.REQUESTS: account.requests,
        Metric.RETRIES: account.retries,
    }
    by_reason: Counter[Reason] = Counter()
    for failure, events in account.dead_lettered.items():
        by_reason[failure.reason] += events
        say_dead_lettered(failure, events)
    for record, trouble in account.returned_records.items():
        say_returned(record, trouble)
    put_metrics(source, counts, account.latencies, by_reason)
