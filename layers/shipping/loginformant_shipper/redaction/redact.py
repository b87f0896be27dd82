"""Redact log events before anything is sent, stored or logged.

The message of each log event and all its other text fields are redacted, also in its raw form, which is
stored in the dead-letter queue. A message that contains JSON stays valid JSON. Redacting it again changes
nothing.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.events import JsonObject, LogEvent, SubscriptionMessage, UnusualEvent
from loginformant_shipper.names import Detector
from loginformant_shipper.patterns import Pattern
from loginformant_shipper.settings import Settings
from loginformant_shipper.wire.encoding import json_text

if TYPE_CHECKING:  # imported when needed, since most environments never need them
    from loginformant_shipper.redaction.detectors.detection import Detection

_MAX_ROUNDS = 4
"""The maximum number of rounds with a pattern, which may match the result of an earlier round."""

_MAX_TOGETHER = 256 * 1024
"""The maximum number of characters around private keys that are redacted until nothing changes. More are
redacted only once, one text at a time, so that the work can stop in between. That finds the keys, too, unless
the end of a key was redacted itself."""

_NOT_SEARCHED = frozenset({"id", "timestamp", "message"})
"""Fields of a raw log event that are not redacted: the message is redacted separately, the others are
CloudWatch's."""

_NOT_SEARCHABLE = "[redacted: cannot be searched]"


def is_wanted(settings: Settings) -> bool:
    """Return whether the settings require any redaction."""
    return bool(settings.redact or settings.redact_pattern)


def redact(message: SubscriptionMessage, settings: Settings) -> SubscriptionMessage:
    """Return the redacted events of one log stream.

    A private key is also found if it spans several events.
    """
    if not is_wanted(settings):
        return message
    return message._replace(events=tuple(redacted_events(message.events, settings)))


def redacted_events(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
    """Yield the redacted events of one log stream lazily, so that the work can stop in between.

    The result is the same as that of `redact`. Events that a private key may span are redacted together.
    """
    if not is_wanted(settings):
        return iter(events)
    steps = _steps(settings.redact, settings.redact_pattern)
    texts = [event.message for event in events]
    redacted = (
        _redact_all(texts, steps)
        if Detector.PRIVATE_KEY in settings.redact
        else map(_redact, texts, repeat(steps))
    )
    return map(_with_text, events, redacted, repeat(steps))


def redact_text(text: str, settings: Settings) -> str:
    """Return a redacted text: a message, a response of the ingest API, or a log line."""
    if not is_wanted(settings):
        return text
    return _redact(text, _steps(settings.redact, settings.redact_pattern))


class _Steps(NamedTuple):
    pattern: Pattern | None
    detections: "tuple[Detection, ...]"


@cache
def _steps(names: tuple[Detector, ...], pattern: Pattern | None) -> _Steps:
    from loginformant_shipper.redaction.detectors import DETECTORS

    return _Steps(pattern, tuple(detection for name, detection in DETECTORS.items() if name in names))


def _redact_all(texts: Sequence[str], steps: _Steps) -> Iterator[str]:
    """Yield the messages of a log stream in order, with redacted private keys that span several of them."""
    from loginformant_shipper.redaction.detectors.private_key import reach_of_keys, redact_private_keys

    done = 0
    for start, end in reach_of_keys(texts):
        yield from map(_redact, texts[done:start], repeat(steps))
        if sum(map(len, texts[start:end])) <= _MAX_TOGETHER:
            yield from _redact_with_keys(texts[start:end], steps)
        else:
            yield from map(_redact, redact_private_keys(texts[start:end]), repeat(steps))
        done = end
    yield from map(_redact, texts[done:], repeat(steps))


def _redact_with_keys(texts: Sequence[str], steps: _Steps) -> Sequence[str]:
    from loginformant_shipper.redaction.detectors.private_key import REDACTED, redact_private_keys

    texts = [_redact(text, steps) for text in redact_private_keys(texts)]
    for _ in range(_MAX_ROUNDS):
        again = redact_private_keys(texts)
        if again == texts:
            return texts
        # The end marker of the key was redacted, so the key now has no end.
        texts = [_redact(text, steps) for text in again]
    return [REDACTED if "PRIVATE" in text else text for text in texts]


def _with_text(event: LogEvent, text: str, steps: _Steps) -> LogEvent:
    if event.unusual is None:
        return event if text == event.message else event.with_message(text)
    others = {name: value for name, value in event.unusual.items() if name not in _NOT_SEARCHED}
    redacted = _redact_fields(others, steps) if others else others
    if text == event.message and redacted is others:
        return event
    unusual = {**event.unusual, **redacted, "message": text}
    return UnusualEvent(event.id, event.timestamp, text, unusual)


def _redact_fields(fields: JsonObject, steps: _Steps) -> JsonObject:
    try:
        written = json_text(fields)
        redacted = _redact(written, steps)
        return fields if redacted == written else json.loads(redacted)
    except (ValueError, RecursionError):  # NaN, which JSON has no word for; or nested too deep to be written
        return dict.fromkeys(fields, _NOT_SEARCHABLE)


def _redact(text: str, steps: _Steps) -> str:
    """Redact a text repeatedly until nothing more is found."""
    from loginformant_shipper.redaction.findings import redact_findings, redacted_wholly
    from loginformant_shipper.redaction.users_pattern import redact_by_pattern

    if steps.pattern is None:
        return redact_findings(text, steps.detections)
    for _ in range(_MAX_ROUNDS):
        redacted = redact_findings(redact_by_pattern(text, steps.pattern), steps.detections)
        if redacted == text:
            return text
        text = redacted
    return redacted_wholly(text)
