"""What came of a replay, counted in log events."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from shipctl.dlq.function import Answer, Why
from shipctl.dlq.letters import Letter
from shipctl.dlq.spans import span
from shipctl.table import BOLD, DIM
from shipctl.terminal import counted, one_line

MAX_IDS = 5


@dataclass
class ReplayLedger:
    selected: int = 0
    """Messages; likewise `others`."""
    others: int = 0
    """Not selected: left as they were."""
    events: int = 0
    """Log events of the messages that the function answered for."""
    filtered: int = 0
    delivered: int = 0
    refused: int = 0
    parked: int = 0
    returned: int = 0
    requests: int = 0
    left: list[str] = field(default_factory=list)
    """Ids of messages that were returned."""
    failed: list[Letter] = field(default_factory=list)
    """Messages with which the function failed."""
    undeleted: list[str] = field(default_factory=list)
    """Ids of messages that are done, and that SQS did not delete."""
    answered: int = 0
    """Messages that the function answered for."""
    failures: Counter[Why] = field(default_factory=Counter)

    def add(self, batch: Sequence[Letter], answer: Answer) -> None:
        """Count what the function answered for one batch."""
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
        return self.selected + self.others

    @property
    def is_complete(self) -> bool:
        """Whether every selected log event was delivered, or is of the kind that is not shipped."""
        return self.answered == self.selected and not (
            self.refused or self.parked or self.returned or self.left or self.undeleted
        )


def write_account(console: Console, account: ReplayLedger, seconds: float, from_parked: bool) -> None:
    """Write the account: a line for everything that happened."""
    heading = Text(f"{counted(account.delivered, 'log event')} delivered", style=BOLD)
    tried = counted(account.answered + len(account.failed), "message")
    heading.append(
        f"; {tried} tried, {counted(account.requests, 'request')}, {span(seconds)}",
        style=Style(bold=False),
    )
    console.print(heading)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for number, name, words, style in _lines(account, from_parked):
        if number:
            grid.add_row(f"{number:,}", Text(name, style=style), Text(words, style=DIM))
    console.print(grid)
    for line in _details(account):
        console.print(line, soft_wrap=not console.is_terminal)


def _lines(account: ReplayLedger, from_parked: bool) -> Iterator[tuple[int, str, str, Style]]:
    good, passing, bad = Style(color="green"), Style(color="yellow"), Style(color="red")
    queue = "parked queue" if from_parked else "queue"
    yield account.delivered, "delivered", "", good
    yield account.filtered, "not shipped", "blank, or the shipper's own", good
    yield account.returned, "returned", f"as they were, to the {queue}: nothing is wrong with them", passing
    yield account.refused, "not delivered", "stored anew in the dead-letter queue: shipctl dlq show", bad
    yield account.parked, "parked", "they need a person: shipctl dlq show --parked", bad
    failed = sum(letter.events for letter in account.failed)
    yield failed, "uncertain", f"the function failed; visible again in the {queue}", bad


def _details(account: ReplayLedger) -> Iterator[Text]:
    for (reason, status, detail), events in account.failures.most_common():
        line = Text(f"{reason} {status or ''}".rstrip(), style=BOLD)
        line.append(f" ({events:,})", style=Style(bold=False))
        line.append(f"  {one_line(detail)}", style=Style(bold=False, dim=True))
        yield line
    if account.left:
        yield _ids("returned messages", account.left)
    if account.failed:
        yield _ids("messages that the function failed with", [letter.identifier for letter in account.failed])
    if account.undeleted:
        yield _ids("delivered, but not deleted: they will come twice", account.undeleted)
    if account.others:
        yield Text(f"{counted(account.others, 'message')} not selected, left as they were", style=DIM)


def _ids(what: str, identifiers: Sequence[str]) -> Text:
    shown = ", ".join(identifiers[:MAX_IDS])
    more = len(identifiers) - MAX_IDS
    return Text(f"{what}: {shown}{f' and {more:,} more' if more > 0 else ''}", style=DIM)
