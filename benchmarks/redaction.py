"""Measure the processor time of a payload with redaction, relative to the same payload without it."""

import gc
import json
import random
import time
from collections.abc import Callable
from typing import NamedTuple

from loginformant_shipper.delivery.batching import batches
from loginformant_shipper.entries.log_object import Entries, frame, log_object
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.levels import decide
from loginformant_shipper.names import Detector
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.redaction.redact import redact
from loginformant_shipper.settings import Settings, load_settings
from loginformant_shipper.wire.decoding import decode

from benchmarks.payloads import event
from benchmarks.shipper import ENVIRON

MIB = 1024 * 1024
SIZE = MIB // 2
ROUNDS = 3
MESSAGE_SIZES = {"of 256 KiB": 256 * 1024, "of 200 characters": 200}


class Cost(NamedTuple):
    text: str
    messages: str
    unredacted: float
    """The milliseconds of processor time for each MiB without redaction, from the payload to the batches."""
    credit_card: float
    """The processor time with the detector credit-card, relative to `unredacted`."""
    all_detectors: float


def redaction_cost() -> list[Cost]:
    """Measure each text as long and as short messages alternately. The minimum of the rounds is used."""
    return [_cost(name, make(), *size) for name, make in TEXTS.items() for size in MESSAGE_SIZES.items()]


def _cost(name: str, text: str, messages: str, size: int) -> Cost:
    shipped = event([text[start : start + size] for start in range(0, len(text), size)])
    ways = [_settings(""), _settings(Detector.CREDIT_CARD), _settings(",".join(Detector))]
    rounds = [[_seconds(shipped, way) for way in ways] for _ in range(ROUNDS)]
    plain, card, everything = map(min, zip(*rounds, strict=True))
    return Cost(name, messages, plain * 1000 / (len(text) / MIB), card / plain, everything / plain)


def _settings(detectors: str) -> Settings:
    return load_settings(ENVIRON | {"INGEST_URL": "http://127.0.0.1:9", "REDACT": detectors})


def _seconds(shipped: dict[str, object], settings: Settings) -> float:
    gc.collect()
    start = time.process_time()
    for decoded in decode(shipped, 64 * MIB):
        assert isinstance(decoded, SubscriptionMessage)
        message = redact(decoded, settings)
        where = frame(message.origin, "")
        bodies = [
            log_object(log, decide(log.continues or log.parsed, message.origin.log_group).level, where)
            for log in join(message.events)
        ]
        logs = Entries(message.origin, bodies, [(each,) for each in message.events[: len(bodies)]])
        list(batches([logs], 500, lambda: MIB))
    return time.process_time() - start


# --- texts ---


def _repeat(shape: str) -> Callable[[], str]:
    return lambda: shape * (SIZE // len(shape))


def _fill(line: Callable[[random.Random], str], between: str = "\n") -> Callable[[], str]:
    def text() -> str:
        rng, lines, size = random.Random(1), [], 0
        while size < SIZE:
            lines.append(line(rng))
            size += len(lines[-1]) + len(between)
        return between.join(lines)

    return text


def _array(item: str) -> Callable[[], str]:
    """Return a function that returns JSON arrays, each in one long message."""
    size = MESSAGE_SIZES["of 256 KiB"]
    array = f"[{','.join([item] * ((size - 2) // (len(item) + 1)))}]"
    return lambda: array.ljust(size) * (SIZE // size)


def _digits(rng: random.Random, number: int) -> str:
    return "".join(rng.choices("0123456789", k=number))


def _words(rng: random.Random, number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(rng.choices(letters, k=rng.randrange(2, 9))) for _ in range(number))


def _json(rng: random.Random) -> str:
    return json.dumps(
        {
            "id": rng.randrange(10**16),
            "order": _digits(rng, 16),
            "customer": f"{_words(rng, 1)}@example.com" if rng.random() < 0.1 else _words(rng, 1),
            "message": _words(rng, 8),
            "client": f"10.{rng.randrange(256)}.2.3",
        }
    )


def _row(rng: random.Random) -> str:
    return (
        f"{rng.randrange(10**7):8d} | {_digits(rng, 6)} | 2026-11-{rng.randrange(10, 30)} | "
        f"{rng.random() * 1000:12.4f} | {_digits(rng, 13)} | {_words(rng, 1)}"
    )


TEXTS: dict[str, Callable[[], str]] = {
    "words": _fill(lambda rng: _words(rng, 12)),
    "JSON": _fill(_json),
    "JSON in JSON": _fill(lambda rng: json.dumps({"log": _json(rng) + "\n", "stream": "stdout"})),
    "a table": _fill(_row),
    "one number": _fill(lambda rng: _digits(rng, 1000), ""),
    "numbers of 16 digits": _fill(lambda rng: _digits(rng, 16), " "),
    "numbers of 1 to 19 digits": _fill(lambda rng: _digits(rng, rng.randrange(1, 20)), " "),
    "groups of 4 digits": _fill(lambda rng: _digits(rng, 4), " "),
    "groups of 3 digits": _fill(lambda rng: _digits(rng, 3), " "),
    "4444 4444": _repeat("4444 "),
    "almost cards": _repeat("4111111111111112 "),
    "almost cards in groups": _repeat("4111 1111 1111 1112,"),
    "almost addresses": _repeat("1.1.1.256 "),
    "almost account numbers": _repeat("DE88 3704 0044 0532 0130 00 "),
    "nothing but AWS secrets": _repeat("aws_secret " + "a" * 40 + " "),
    "escapes": _repeat(r"\u0040\/%40%2B\n"),
    "nothing but cards": _repeat("4111111111111111 "),
    "nothing but cards in groups": _repeat("4111 1111 1111 1111,"),
    "nothing but email addresses": _repeat("alice@example.com, "),
    "nothing but addresses": _repeat("203.0.113.7 "),
    # The worst texts that are known: what is found is very short, or each finding is treated separately.
    "IPv6 addresses": _repeat("2001:db8::8a2e:370:7334 "),
    "shortest IPv6 addresses": _repeat("::1 "),
    "almost IPv6 addresses": _repeat("1::2::3 "),
    "account numbers": _repeat("DE89 3704 0044 0532 0130 00 "),
    "beginnings of account numbers": _repeat("NO92 "),
    "tax numbers": _repeat("529.982.247-25 "),
    "magnetic tracks": _repeat("4111111111111111=25121011234567890? "),
    "shortest email addresses": _repeat("a@b.io "),
    "email addresses and cards": _repeat("a@b.io4111111111111111 "),
    "email and IPv6 addresses": _repeat("1:2:3:4:5:6:7:8:a@b.io "),
    "ends of private keys": _repeat("-----END PRIVATE KEY-----\n"),
    "cards in an array": _array("4111111111111111"),
    "cards in JSON in an array": _array(json.dumps('{"card": 4111111111111111}')),
}
