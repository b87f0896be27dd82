"""Count messages by reason, status and log group, and show the counts as bars."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from loginformant_shipper.dead_letters.replay import MAY_PASS
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from shipctl.dlq.letters import CRASHED, Letter
from shipctl.dlq.meanings import meaning_of
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM, TITLE, WIDE
from shipctl.terminal import one_line

MAX_LOG_GROUPS = 12
_BAR, _BAR_NARROW = 12, 8
_MIN_WIDTH_FOR_BARS = 76

PASSES = Style(color="yellow")
"""The style of failures that time, a new API key or a new address resolves."""
NEEDS_A_PERSON = Style(color="red")
NEUTRAL = Style(color="cyan")
UNKNOWN_LOG_GROUP = "(unknown)"
NO_STATUS = "(none: not sent, or no answer)"


@dataclass
class Overview:
    """Counts of messages and of the log events in them."""

    messages: int = 0
    events: int = 0
    oldest_sent: datetime | None = None
    first_failed: datetime | None = None
    by_reason: Counter[str] = field(default_factory=Counter)
    """Counts of log events, as are the following two."""
    by_status: Counter[str] = field(default_factory=Counter)
    by_log_group: Counter[str] = field(default_factory=Counter)
    messages_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Counts of messages by kind (reason, status, log group) and name."""

    def count(self, letter: Letter) -> None:
        """Add a message to the counts."""
        self.messages += 1
        self.events += letter.events
        self.oldest_sent = min(self.oldest_sent or letter.sent, letter.sent)
        self.first_failed = min(self.first_failed or letter.first_failed, letter.first_failed)
        reason, status, _ = letter.cause
        log_group = letter.log_group or UNKNOWN_LOG_GROUP
        for kind, name, counter in (
            ("reason", reason, self.by_reason),
            ("status", status, self.by_status),
            ("log group", log_group, self.by_log_group),
        ):
            counter[name] += letter.events
            self.messages_by[kind, name] += 1


def write_overview(console: Console, overview: Overview, stack: Stack, parked: bool) -> None:
    """Write bars by reason, status and log group, or nothing if there are no messages.

    Args:
        console: Where to write.
        overview: The counts.
        stack: The stack, for the commands in the output.
        parked: Whether the messages are in the parked queue.
    """
    if overview.messages:
        commands = _commands(stack, parked)
        width = _BAR if console.width >= WIDE else _BAR_NARROW if console.width >= _MIN_WIDTH_FOR_BARS else 0
        console.print(Group(*_sections(overview, width, commands)))


def _commands(stack: Stack, parked: bool) -> dict[str, str]:
    """Return the commands that stand in the meanings, by their names there."""
    option = ("--parked",) if parked else ()
    return {"show": stack.command("dlq", "show", *option)}


def _sections(overview: Overview, longest: int, commands: dict[str, str]) -> Iterator[RenderableType]:
    yield Text()
    yield _bars(overview, "reason", overview.by_reason, longest, partial(_reason, commands))
    if any(overview.by_status):
        yield Text()
        yield _bars(overview, "status", overview.by_status, longest, _status)
    yield Text()
    shown = Counter(dict(overview.by_log_group.most_common(MAX_LOG_GROUPS)))
    yield _bars(overview, "log group", shown, longest, _log_group)
    if more := len(overview.by_log_group) - len(shown):
        yield Text(f"and {more:,} more log groups", DIM)


def _bars(
    overview: Overview,
    kind: str,
    counter: Counter[str],
    longest: int,
    describe: Callable[[str], tuple[Style, Text, Text]],
) -> Table:
    """Return a table of counts. If `longest` is 0, there are no bars, and meanings are below the names."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, min_width=len("Messages"))
    grid.add_column(justify="right", no_wrap=True, min_width=len("Log events"))
    if longest:
        grid.add_column(no_wrap=True, min_width=longest)
    grid.add_column(overflow="fold")
    if longest:
        grid.add_column(overflow="fold")
    titles = ("Messages", "Log events", *([""] if longest else []), kind.capitalize())
    grid.add_row(*(Text(title, style=TITLE) for title in titles))
    most = max(counter.values(), default=0) or 1
    for name, events in counter.most_common():
        style, title, words = describe(name)
        numbers = f"{overview.messages_by[kind, name]:,}", f"{events:,}"
        if longest:
            bar = Text("━" * max(1, round(longest * events / most)), style=style)
            grid.add_row(*numbers, bar, title, words)
        else:
            grid.add_row(*numbers, Text("\n").join([title, words]) if words else title)
    return grid


def _reason(commands: dict[str, str], name: str) -> tuple[Style, Text, Text]:
    style = PASSES if name in MAY_PASS or name == CRASHED else NEEDS_A_PERSON
    what, to_do = meaning_of(name)
    words = Text(what).append(f"\n→ {to_do.format_map(commands)}", style=DIM)
    return style, Text(one_line(name), style=BOLD), words


def _status(name: str) -> tuple[Style, Text, Text]:
    return NEUTRAL, Text(one_line(name)) if name else Text(NO_STATUS, DIM), Text()


def _log_group(name: str) -> tuple[Style, Text, Text]:
    return NEUTRAL, Text(one_line(name), DIM if name == UNKNOWN_LOG_GROUP else ""), Text()
