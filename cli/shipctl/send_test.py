"""`shipctl send-test`: ship one test log as if CloudWatch Logs had sent it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import orjson
import typer
from rich.console import Console
from rich.text import Text

from shipctl.dlq.meanings import cause_of
from shipctl.installation.functions import Function
from shipctl.installation.installation import invoke
from shipctl.json_lines import print_json
from shipctl.options import AsJson, Place
from shipctl.probes import PROBE_LOG_GROUP, one_log
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM
from shipctl.terminal import one_line

MAX_DETAIL = 200


class Sent(NamedTuple):
    """The result of shipping one test log."""

    is_delivered: bool
    seconds: float
    why: str
    """Why it was not delivered; empty if it was."""
    is_stored: bool
    """Whether it was stored in the dead-letter queue."""


def send_one(stack: Stack, message: str = "shipctl send-test: logs arrive") -> Sent:
    """Ship one log through the stack's shipper. Raises `CommandError` if it cannot be invoked."""
    began = time.monotonic()
    invocation = invoke(stack, Function.SHIPPER, one_log(message))
    seconds = time.monotonic() - began
    answer = invocation.answer
    if invocation.error:
        return Sent(False, seconds, f"the shipper failed: {invocation.error}", False)
    if answer.get("delivered") == 1:
        return Sent(True, seconds, "", False)
    if answer.get("filtered") == 1:
        return Sent(False, seconds, "it was filtered out (by MinimumLevel, a pattern or sampling)", False)
    why = next(_reasons(invocation.log), "see the shipper's log for the reason")
    return Sent(False, seconds, why, answer.get("deadLettered") == 1)


def _reasons(log: str) -> Iterator[str]:
    for line in log.splitlines():
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        match fields:
            case {"reason": str(reason), **more}:
                number = status if isinstance(status := more.get("status"), int) else None
                said = str(more.get("detail") or "")
                shown = f" {number}" if number else ""
                detail = f": {one_line(said[:MAX_DETAIL])}" if said else ""
                yield f"{cause_of(reason, number, said)} ({reason}{shown}{detail})"


def send_test(
    place: Place,
    message: Annotated[
        str, typer.Option("--message", metavar="TEXT", help="The message of the log.")
    ] = "shipctl send-test: logs arrive",
    as_json: AsJson = False,
) -> None:
    """Ship one log to LogInformant, and say whether it arrived.

    The shipper is invoked as CloudWatch Logs invokes it, so settings, filtering and redaction apply. If the
    log cannot be delivered, it waits in the dead-letter queue like any other.

    Exit status: 0 if LogInformant accepted it, else 1.
    """
    stack = place.find()
    sent = send_one(stack, message)
    if as_json:
        print_json(
            {"delivered": sent.is_delivered, "seconds": round(sent.seconds, 3), "why": sent.why or None}
        )
    else:
        _write(Console(highlight=False), stack, sent)
    if not sent.is_delivered:
        raise typer.Exit(1)


def _write(console: Console, stack: Stack, sent: Sent) -> None:
    if sent.is_delivered:
        console.print(Text(f"Delivered in {sent.seconds:.1f} s.", style=BOLD))
        now = datetime.now(UTC)
        console.print(
            Text(f"In LogInformant: log group {PROBE_LOG_GROUP}, {now:%Y-%m-%d %H:%M:%S} UTC", style=DIM)
        )
        return
    console.print(Text(f"Not delivered: {sent.why}"), soft_wrap=True)
    if sent.is_stored:
        console.print(Text("It was stored in the dead-letter queue.", style=DIM))
    console.print(Text(f"→ {stack.command('doctor')}", style=DIM), soft_wrap=True)
