"""The counts of a replay in log events."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from shipctl.dlq.letters import Letter
from shipctl.dlq.spans import span
from shipctl.installation.record_function import Answer, Why
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import counted, one_line

MAX_IDS = 5


@dataclass
class ReplayLedger:
    """The counts of one `shipctl dlq replay`."""

    selected: int = 0
    """The number of messages that were selected."""
    others: int = 0
    """The number of messages that were not selected."""
    events: int = 0
    """Log events in messages for which the function answered."""
    filtered: int = 0
    delivered: int = 0
    refused: int = 0
    parked: int = 0
    returned: int = 0
    requests: int = 0
    left: list[str] = field(default_factory=list)
    """Ids of messages that the function returned to the queue."""
    failed: list[Letter] = field(default_factory=list)
    """Messages of invocations that failed."""
    undeleted: list[str] = field(default_factory=list)
    """Ids of messages that are done but that SQS did not delete."""
    answered: int = 0
    """The number of messages for which the function answered."""
    in_flight: int = 0
    delayed: int = 0
    """The number of messages that were in flight at the end, and so were not replayed."""
    not_read: int = 0
    """About how many visible messages were not read, and so were neither selected nor replayed."""
    failures: Counter[Why] = field(default_factory=Counter)

    def add(self, batch: Sequence[Letter], answer: Answer) -> None:
        """Add the function's answer for one batch."""
        self.answered += len(batch)
        self.filtered += answer.filtered
        self.delivered += answer.delivered
        self.refused += answer.refused
        self.parked += answer.parked
        self.returned += answer.returned
        self.requests += answer.requests
        self.left += sorted(answer.left)
        self.failures.update(answer.failures)

    @property
    def looked_at(self) -> int:
        """Return the number of messages that were received."""
        return self.selected + self.others

    @property
    def is_complete(self) -> bool:
        """Return whether every selected log event was delivered, or is of a kind that is not shipped.

        It is false while messages are in flight or were not read, since they might be selected.
        """
        return self.answered == self.selected and not (
            self.refused
            or self.parked
            or self.returned
            or self.left
            or self.undeleted
            or self.not_read
            or self.in_flight
            or self.delayed
        )


def write_ledger(
    console: Console, ledger: ReplayLedger, seconds: float, stack: Stack, from_parked: bool
) -> None:
    """Write the ledger as text."""
    heading = Text(f"{counted(ledger.delivered, 'log event')} delivered", style=BOLD)
    tried = counted(ledger.answered + len(ledger.failed), "message")
    heading.append(
        f"; {tried} tried, {counted(ledger.requests, 'request')}, {span(seconds)}",
        style=Style(bold=False),
    )
    console.print(heading)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for number, name, words, style in _lines(ledger, from_parked):
        if number:
            grid.add_row(f"{number:,}", Text(name, style=style), Text(words, style=DIM))
    console.print(grid)
    for line in _details(ledger):
        console.print(line, soft_wrap=not console.is_terminal)
    for command in _commands(ledger, stack, from_parked):
        console.print(Text(f"→ {command}"), soft_wrap=True)


def _lines(ledger: ReplayLedger, from_parked: bool) -> Iterator[tuple[int, str, str, Style]]:
    good, passing, bad = Style(color="green"), Style(color="yellow"), Style(color="red")
    queue = "parked queue" if from_parked else "queue"
    yield ledger.delivered, "delivered", "", good
    yield ledger.filtered, "not shipped", "blank, or the shipper's own", good
    yield ledger.returned, "returned", f"unchanged to the {queue}, to be retried", passing
    yield ledger.refused, "not delivered", "stored again in the dead-letter queue", bad
    yield ledger.parked, "parked", "moved to the parked queue, not retried", bad
    failed = sum(letter.events for letter in ledger.failed)
    yield failed, "uncertain", f"the function failed; visible again in the {queue}", bad


def _details(ledger: ReplayLedger) -> Iterator[Text]:
    for (reason, status, detail), events in ledger.failures.most_common():
        line = Text(f"{reason} {status or ''}".rstrip(), style=BOLD)
        line.append(f" ({events:,})", style=Style(bold=False))
        line.append(f"  {one_line(detail)}", style=Style(bold=False, dim=True))
        yield line
    if ledger.left:
        yield _ids("returned messages", ledger.left)
    if ledger.failed:
        yield _ids("messages of failed invocations", [letter.identifier for letter in ledger.failed])
    if ledger.undeleted:
        yield _ids("delivered, but not deleted, so that they will be delivered twice", ledger.undeleted)
    if ledger.others:
        yield Text(f"{counted(ledger.others, 'message')} not selected", style=DIM)
    if ledger.not_read:
        yield Text(f"about {counted(ledger.not_read, 'message')} not read, so not tried", style=TROUBLE)
    if ledger.in_flight:
        why = "being replayed, or waiting for the next attempt"
        # Returned messages may be among them, since automatic replay receives them immediately.
        tried = "" if ledger.left or ledger.failed else ", not tried"
        yield Text(f"{counted(ledger.in_flight, 'message')} in flight{tried}: {why}", style=TROUBLE)
    if ledger.delayed:
        why = "rejected before, retried within 15 minutes"
        yield Text(f"{counted(ledger.delayed, 'message')} delayed, not tried: {why}", style=TROUBLE)


def _commands(ledger: ReplayLedger, stack: Stack, from_parked: bool) -> Iterator[str]:
    """Yield what to run next."""
    if ledger.refused:
        yield stack.command("dlq", "show")
    if ledger.parked:
        yield stack.command("dlq", "show", "--parked")
    if ledger.in_flight or ledger.delayed:
        parked = ("--parked",) if from_parked else ()
        yield f"to see why: {stack.command('dlq', 'stats', *parked)}"
        yield f"to wait for them: {stack.command('dlq', 'replay', '--wait', *parked)}"


def document(ledger: ReplayLedger, seconds: float, trouble: str) -> dict[str, Any]:
    """Return the ledger as a JSON document. Counts are log events, unless the name says messages."""
    return {
        "delivered": ledger.delivered,
        "filtered": ledger.filtered,
        "returned": ledger.returned,
        "storedAgain": ledger.refused,
        "parked": ledger.parked,
        "uncertain": sum(letter.events for letter in ledger.failed),
        "requests": ledger.requests,
        "seconds": round(seconds, 1),
        "messagesTried": ledger.answered + len(ledger.failed),
        "messagesReturned": ledger.left,
        "messagesUndeleted": ledger.undeleted,
        "messagesNotSelected": ledger.others,
        "messagesNotRead": ledger.not_read,
        "messagesInFlight": ledger.in_flight,
        "messagesDelayed": ledger.delayed,
        "failures": [{**why._asdict(), "events": events} for why, events in ledger.failures.most_common()],
        "isComplete": ledger.is_complete,
        "trouble": trouble or None,
    }


def _ids(what: str, identifiers: Sequence[str]) -> Text:
    shown = ", ".join(identifiers[:MAX_IDS])
    more = len(identifiers) - MAX_IDS
    return Text(f"{what}: {shown}{f' and {more:,} more' if more > 0 else ''}", style=DIM)
