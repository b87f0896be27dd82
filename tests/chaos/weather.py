"""Faults outside the function, drawn from a seed: periods, each with one kind of fault."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from loginformant_shipper.delivery.sending.http_client import retry_after_seconds

Kind = TypeVar("Kind", bound=StrEnum)
NEVER = 1e9
DATE = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Sky(StrEnum):
    """The kinds of periods of the ingest API."""

    CLEAR = "clear"
    DOWN = "down"
    THROTTLING = "throttling"
    REFUSING = "refusing every log"
    FORBIDDING = "refusing every key"
    MISROUTED = "at another address"
    SILENT = "silent"
    FORGETFUL = "losing its replies"
    SLOW = "slow"
    MIXED = "anything at all"


class Fate(NamedTuple):
    """What happens to one request."""

    status: int | None = 200
    """None if there is no HTTP answer; with 200 the ingest API decides."""
    keeps: bool = False
    """The logs are accepted, although the answer does not say so."""
    after: float = 0.1
    """Seconds from the request to the end of its answer."""
    status_after: float | None = None
    """Seconds from the request to its status, where the rest takes longer."""
    retry_after: float | None = None


RETRIED = (408, 425, 429, 500, 502, 503, 504, 507, 599)
ASK_TO_WAIT = (408, 425, 429, 503)
"""The statuses with which a Retry-After is obeyed."""
REFUSED = (400, 413, 422)
MISCONFIGURED = (300, 301, 302, 307, 308, 402, 404, 405, 410, 415, 431, 451)


def retry_after(rng: random.Random) -> float | None:
    """Return what the code under test reads from a header of some kind, valid or not."""
    date = format_datetime(DATE, usegmt=True)

    def in_seconds(seconds: float) -> str:
        return format_datetime(DATE + timedelta(seconds=seconds), usegmt=True)

    value = rng.choice(
        (
            None,
            "0",
            str(rng.randint(1, 20)),
            str(rng.randint(30, 200)),
            str(rng.randint(200, 4000)),
            "1" + "0" * rng.randint(5, 60),
            in_seconds(rng.randint(1, 60)),
            in_seconds(-rng.randint(1, 60)),
            "-3",
            "1.5",
            "soon",
        )
    )
    return retry_after_seconds(value, rng.choice((date, date, None)))


def draw_fate(sky: Sky, rng: random.Random) -> Fate:
    latency = rng.choice((0.01, 0.05, 0.2, 1.0))
    match sky:
        case Sky.MIXED:
            return draw_fate(rng.choice(list(Sky)[:-1]), rng)
        case Sky.CLEAR:
            return Fate(after=latency)
        case Sky.DOWN:
            status = rng.choice((None, None, *RETRIED[3:]))
            return Fate(status, after=latency, retry_after=_sometimes(0.3, rng) if status else None)
        case Sky.THROTTLING:
            if rng.random() < 0.3:
                return Fate(after=latency)
            return Fate(rng.choice(RETRIED[:3]), after=latency, retry_after=_sometimes(0.7, rng))
        case Sky.REFUSING:
            return Fate(rng.choice(REFUSED), after=latency)
        case Sky.FORBIDDING:
            return Fate(rng.choice((401, 403)), after=latency)
        case Sky.MISROUTED:
            return Fate(rng.choice(MISCONFIGURED), after=latency)
        case Sky.SILENT:
            return Fate(None, rng.random() < 0.5, after=rng.choice((NEVER, 12.0, 40.0)))
        case Sky.FORGETFUL:
            if rng.random() < 0.4:
                return Fate(after=latency)
            return Fate(rng.choice((None, 500, 502, 504)), keeps=True, after=latency)
        case Sky.SLOW:
            if rng.random() < 0.5:
                return Fate(after=rng.uniform(0.5, 30.0))
            return Fate(rng.choice((200, 503)), after=NEVER, status_after=rng.uniform(0.1, 8.0))


def _sometimes(likelihood: float, rng: random.Random) -> float | None:
    return retry_after(rng) if rng.random() < likelihood else None


class Tide(StrEnum):
    """The kinds of periods of SQS."""

    CALM = "calm"
    BROKEN = "out of reach"
    ROUGH = "unreliable"
    FORGETFUL = "losing its replies"


class WriteFate(StrEnum):
    """What happens to one attempt to write to a queue."""

    STORED = "stored"
    REPLY_LOST = "stored, reply lost"
    NO_ANSWER = "no answer"
    NO_CONNECTION = "no connection"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    DENIED = "denied"


def draw_write(tide: Tide, rng: random.Random) -> WriteFate:
    troubles = list(WriteFate)[2:]
    match tide:
        case Tide.CALM:
            return WriteFate.STORED
        case Tide.BROKEN:
            return rng.choice(troubles)
        case Tide.ROUGH:
            return rng.choice((WriteFate.STORED, WriteFate.STORED, *troubles))
        case Tide.FORGETFUL:
            return WriteFate.REPLY_LOST if rng.random() < 0.3 else WriteFate.STORED


class KeyStore(StrEnum):
    """The kinds of periods of Secrets Manager."""

    OPEN = "open"
    CLOSED = "out of reach"
    UNCERTAIN = "unreliable"


@dataclass(frozen=True)
class Forecast(Generic[Kind]):
    """The period at each time; after the last one always the first kind, which has no faults."""

    starts: Sequence[float]
    kinds: Sequence[Kind]

    def at(self, moment: float) -> Kind:
        return self.kinds[max(bisect_right(self.starts, moment) - 1, 0)]


def draw_forecast(
    kinds: type[Kind], end: float, fair: float, mean_seconds: float, rng: random.Random
) -> Forecast[Kind]:
    """Draw periods until `end`; the share `fair` of them is of the first of `kinds`."""
    best, *others = kinds
    # A schedule has only some kinds of faults, so that each kind also occurs alone.
    known = rng.sample(others, rng.randint(1, len(others)))
    starts, drawn, moment = [0.0], [best], 0.0
    while (moment := moment + rng.expovariate(1 / mean_seconds)) < end:
        starts.append(moment)
        drawn.append(best if rng.random() < fair else rng.choice(known))
    return Forecast([*starts, end], [*drawn, best])
