"""Redact messages according to the stack's settings before they are shown or exported.

Messages that Lambda stored, and those that the shipper did not start to process, are in the queue unredacted.
"""

import base64
import json
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Annotated, Any

import typer
from loginformant_shipper.events import LogEvent, Origin, SubscriptionMessage, Undecodable
from loginformant_shipper.parsing.pieces import pieces
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.redaction.redact import is_wanted, redact, redact_text
from loginformant_shipper.settings import Settings, SettingsError, load_settings
from loginformant_shipper.wire.encoding import encode, json_text
from loginformant_shipper.wire.payload_json import read_payload

from shipctl.dlq.letters import Letter
from shipctl.errors import CommandError
from shipctl.options import SHOWN_PANEL
from shipctl.preview.tried_settings import NOT_OF_INTEREST
from shipctl.reading import MAX_BYTES
from shipctl.stack import Stack

Raw = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="Do not redact: show or write the logs as they are in the queue.",
        rich_help_panel=SHOWN_PANEL,
    ),
]


def redaction_of(stack: Stack) -> Settings:
    """Return the stack's settings for redaction. Raises `CommandError` if they cannot be read."""
    chosen = {
        "REDACT": stack.parameters.get("Redact", ""),
        "REDACT_PATTERN": stack.parameters.get("RedactPattern", ""),
    }
    try:
        return load_settings(NOT_OF_INTEREST | chosen)
    except SettingsError as error:
        raise CommandError(
            f"this shipctl cannot redact as the stack does ({error}): use the version that was deployed, or "
            "--raw"
        ) from None


def redacted(letter: Letter, settings: Settings) -> Letter:
    """Return the message with redacted log events, or unchanged if there is nothing to redact."""
    if not is_wanted(settings):
        return letter
    origin: Origin | None = None
    before: list[Any] = []
    after: list[Any] = []
    for decoded in letter.decoded:
        match decoded:
            case SubscriptionMessage():
                origin = decoded.origin
                before += [event.raw for event in decoded.events]
                after += [event.raw for event in _redacted_events(decoded, settings)]
            case Undecodable(origin=Origin() as origin):
                unreadable = _raw_events(decoded)
                before += unreadable
                after += [json.loads(redact_text(json_text(raw), settings)) for raw in unreadable]
    if origin is None or before == after:
        return letter
    body = json.loads(letter.record["body"])
    event = body.get("requestPayload", body)  # the envelope of a Lambda failure destination has it
    event["awslogs"] = json.loads(encode(origin, after))["awslogs"]
    return Letter(letter.record | {"body": json_text(body)})


def _redacted_events(message: SubscriptionMessage, settings: Settings) -> Iterator[LogEvent]:
    """Yield the redacted events as `pipeline` does, also if a container driver split what is redacted."""
    events = redact(message, settings).events
    numbered = [LogEvent(str(place), event.timestamp, event.message) for place, event in enumerate(events)]
    again = partial(redact_text, settings=settings)
    joined = chain.from_iterable(join(piece, again) for piece in pieces(numbered))
    texts = {event.id: event.message for log in joined for event in log.events}
    for place, event in enumerate(events):
        text = texts[str(place)]
        yield event if text == event.message else event.with_message(text)


def _raw_events(unreadable: Undecodable) -> list[Any]:
    """Return the log events without a message text that the shipper stored from a payload."""
    data = json.loads(unreadable.body)["awslogs"]["data"]
    payload = read_payload(base64.b64decode(data), MAX_BYTES, lambda raw: raw)
    return list(payload["logEvents"]) if isinstance(payload, dict) else []
