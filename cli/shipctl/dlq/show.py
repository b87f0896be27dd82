"""`shipctl dlq show`: show the decoded logs in a queue, with the reason and the ingest API's response."""

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import orjson
import typer
from loginformant_shipper.events import ControlMessage, LogEvent, SubscriptionMessage, Undecodable
from loginformant_shipper.names import Level
from loginformant_shipper.redaction.redact import is_wanted, redact_text
from rich.console import Console
from rich.padding import Padding
from rich.style import Style
from rich.text import Text

from shipctl.dlq.letters import CRASHED, Letter
from shipctl.dlq.looking import letters, look, say_what_is_hidden, what_was_not_read
from shipctl.dlq.options import WhichMessages, WhichQueue
from shipctl.dlq.overview import UNKNOWN_LOG_GROUP
from shipctl.dlq.parts import Part, Whole, part_of, put_together
from shipctl.dlq.queue import queue_of
from shipctl.dlq.redacted import Raw, redacted, redaction_of
from shipctl.dlq.spans import ago, utc
from shipctl.options import SHOWN_PANEL
from shipctl.preview.arrivals import Arrival, arrivals
from shipctl.preview.tried_settings import settings_for
from shipctl.streams import Streams
from shipctl.table import BOLD, DIM, LEVEL_STYLES, TROUBLE
from shipctl.terminal import counted, one_line, visible_json

DEFAULT_LIMIT = 20
DEFAULT_LOGS = 10

_LEVEL = max(map(len, Level))
_MAX_OF_A_BODY = 400


def show(
    which: WhichQueue,
    selected: WhichMessages,
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            min=1,
            metavar="NUMBER",
            help="Show at most this number of messages.",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = DEFAULT_LIMIT,
    logs: Annotated[
        int,
        typer.Option(
            "--logs",
            min=1,
            metavar="NUMBER",
            help="Show at most this number of logs of each message (with --json: all).",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = DEFAULT_LOGS,
    raw: Raw = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print each log event as a JSON object.", rich_help_panel=SHOWN_PANEL),
    ] = False,
) -> None:
    """Show the logs that wait, with the reason and LogInformant's answer.

    They are redacted with the stack's settings, unless --raw is given: payloads that Lambda stored itself are
    not redacted in the queue. A payload that could not be read and was stored in parts is put together, in
    order; missing parts are named. Nothing is changed: messages are visible again at the end. They come in no
    particular order.
    """
    wanted = selected.selection
    found = which.find()
    settings = None if raw else redaction_of(found)
    queue = queue_of(found, which.parked)
    counts = queue.counts()
    console = Console(highlight=False)
    shown = 0
    parts: list[Part] = []
    with look(queue) as held:
        with_bar = not sys.stdout.isatty()
        for letter in islice(letters(held, counts, wanted, with_bar=with_bar), limit):
            shown += 1
            if part := part_of(letter):
                parts.append(part)
                continue
            readable = redacted(letter, settings) if settings else letter
            if as_json:
                _print_json(readable)
            else:
                _write_letter(console, readable, logs, found.region)
    for whole in put_together(parts):
        if settings and is_wanted(settings):
            whole = whole._replace(text=redact_text(whole.text, settings))
        if as_json:
            _print_document(_document_of(whole))
        else:
            _write_whole(console, whole)
    if shown == 0:
        what = "no message" if wanted.is_everything else "no matching message"
        visible = " is visible" if counts.hidden else ""
        print(f"shipctl: {what}{visible} in {queue.name}", file=sys.stderr)
    elif shown == limit and counts.waiting > limit:
        print(
            f"shipctl: {counted(shown, 'message')} of {counts.waiting:,} shown. To show more, give --limit",
            file=sys.stderr,
        )
    if shown < limit and (missing := what_was_not_read(held)):
        print(f"shipctl: {missing}", file=sys.stderr)
    say_what_is_hidden(counts.with_received(shown), found, which.parked)


def _write_letter(console: Console, letter: Letter, most: int, region: str) -> None:
    reason, status, detail = letter.cause
    heading = Text(f"{reason} {status}".strip(), style=TROUBLE + BOLD)
    heading.append(f"  {one_line(letter.log_group) or UNKNOWN_LOG_GROUP}", style=BOLD)
    _write(console, heading)
    _write_folded(console, Text(_history(letter), style=DIM))
    if detail and detail not in _undecodable(letter):
        who = "Lambda" if reason == CRASHED else "LogInformant" if status else "Trouble"
        line = Text(f"{who}: ", style=DIM)
        line.append(one_line(detail), style=Style(color="yellow", dim=False))
        _write_folded(console, line)
    rows = list(islice(_rows(letter, region), most + 1))
    for row in rows[:most]:
        _write(console, row)
    if len(rows) > most:
        _write(
            console, Text(f"  … {counted(letter.events, 'log event')} in total; --logs shows more", style=DIM)
        )
    console.print()


def _write_whole(console: Console, whole: Whole) -> None:
    letter = whole.parts[0].letter
    _write(console, Text(letter.cause.reason, style=TROUBLE + BOLD))
    _write_folded(console, Text(_history(letter), style=DIM))
    _write(
        console, Text(f"  cannot be decoded, {whole.name}: {one_line(letter.cause.detail)}", style=TROUBLE)
    )
    _write(console, Text(f"  {one_line(whole.text[:_MAX_OF_A_BODY])}"))
    console.print()


def _document_of(whole: Whole) -> dict[str, Any]:
    letter = whole.parts[0].letter
    return {
        **_about(letter),
        "undecodable": letter.cause.detail,
        "body": whole.text,
        "messageIds": [part.letter.identifier for part in whole.parts],
        "parts": whole.parts[0].of,
        "missingParts": list(whole.missing),
    }


def _undecodable(letter: Letter) -> list[str]:
    return [decoded.detail for decoded in letter.decoded if isinstance(decoded, Undecodable)]


def _history(letter: Letter) -> str:
    parts = [counted(letter.events, "log event"), f"failed {ago(letter.failed)}, {utc(letter.failed)}"]
    if letter.first_failed < letter.failed:
        parts.append(f"first {ago(letter.first_failed)}")
    if letter.replays != "0":
        parts.append(f"replays {one_line(letter.replays)}")
    parts.append(f"message {letter.identifier}")
    return "; ".join(parts)


def _rows(letter: Letter, region: str) -> Iterator[Text]:
    for decoded in letter.decoded:
        match decoded:
            case SubscriptionMessage():
                for outcome in arrivals(Streams((decoded,)), settings_for(None, {}, region)):
                    yield _row(outcome.log.events[0], outcome if isinstance(outcome, Arrival) else None)
            case ControlMessage():
                yield Text("  a control message of CloudWatch Logs, not a log", style=DIM)
            case Undecodable():
                yield Text(f"  cannot be decoded: {one_line(decoded.detail)}", style=TROUBLE)
                yield Text(f"  {one_line(decoded.body[:_MAX_OF_A_BODY])}")


def _row(event: LogEvent, arrival: Arrival | None) -> Text:
    row = Text("  ")
    if arrival is None:
        row.append("(blank: not shipped)", style=DIM)
        return row
    time = str(arrival.document.get("timestamp", "")) if "timestamp" in event.raw else ""
    if time:
        row.append(f"{time[5:10]} {time[11:19]}  ", style=DIM)
    row.append(f"{arrival.level:<{_LEVEL}}  ", style=LEVEL_STYLES[arrival.level])
    row.append(one_line(str(arrival.document["message"])))
    return row


def _write(console: Console, line: Text) -> None:
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def _write_folded(console: Console, text: Text) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, 2)))
    else:
        console.print(Text("  ").append_text(text), soft_wrap=True)


def _print_json(letter: Letter) -> None:
    for document in _documents(letter):
        _print_document(document)


def _print_document(document: dict[str, Any]) -> None:
    line = visible_json(orjson.dumps(document).decode())
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def _about(letter: Letter) -> dict[str, Any]:
    reason, status, detail = letter.cause
    return {
        "messageId": letter.identifier,
        "reason": reason,
        "status": int(status) if status.isdecimal() else None,
        "detail": detail,
        "logGroup": letter.log_group,
        "logStream": letter.log_stream,
        "failedAt": letter.failed,
        "firstFailedAt": letter.first_failed,
        "replays": int(number) if (number := letter.replays.partition(" ")[0]).isdecimal() else None,
    }


def _documents(letter: Letter) -> Iterator[dict[str, Any]]:
    about = _about(letter)
    for decoded in letter.decoded:
        match decoded:
            case SubscriptionMessage(_, events):
                for event in events:
                    own = {"id": event.id, "timestamp": event.timestamp, "message": event.message}
                    yield {**about, **own}
            case Undecodable():
                yield {**about, "undecodable": decoded.detail, "body": decoded.body}
