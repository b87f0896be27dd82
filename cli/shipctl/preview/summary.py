"""Count logs by level, rule and filter, and write a summary."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from loginformant_shipper.events import ControlMessage, Undecodable
from loginformant_shipper.names import FilterCause, Level
from rich.console import Console, Group
from rich.style import Style
from rich.table import Table
from rich.text import Text

from shipctl.preview.arrivals import Arrival, Filtered
from shipctl.streams import LimitReached
from shipctl.table import BOLD, DIM, LEVEL_STYLES, TROUBLE, WIDE
from shipctl.terminal import counted

WORDS: dict[str, str] = {
    FilterCause.OWN: "of the stack's own log groups",
    FilterCause.BLANK: "blank",
    FilterCause.LEVEL: "below MinimumLevel (level)",
    FilterCause.INCLUDE_PATTERN: "no match for IncludePattern (includePattern)",
    FilterCause.EXCLUDE_PATTERN: "a match for ExcludePattern (excludePattern)",
    FilterCause.SAMPLING: "not in the sample of SamplePercent (sampling)",
}

_BAR = 24
_BAR_NARROW = 12
"""The length of the longest bar in cells on a terminal that is not `WIDE`."""


@dataclass
class PreviewCounts:
    """The counts of all logs of a preview."""

    events: int = 0
    """The number of log events that could be decoded."""
    shown: int = 0
    exceptions: int = 0
    rules: dict[Level, Counter[str]] = field(default_factory=lambda: {level: Counter() for level in Level})
    """The number of logs by level and rule."""
    filtered: Counter[str] = field(default_factory=Counter)
    """The number of log events that would not be sent, by filter."""
    undecodable: Counter[str] = field(default_factory=Counter)
    """The number of payloads or log events that cannot be decoded, by reason."""
    control_messages: int = 0
    limit: int | None = None
    """The limit at which reading ended, if it was reached; there may be more log events."""

    def count(self, outcome: Arrival | Filtered | Undecodable | ControlMessage | LimitReached) -> None:
        """Count one outcome."""
        match outcome:
            case Arrival(cause=cause) if cause is not None:
                self.events += len(outcome.log.events)
                self.filtered[cause] += len(outcome.log.events)
            case Arrival():
                self.events += len(outcome.log.events)
                self.rules[outcome.level][outcome.rule] += 1
                self.exceptions += "exception" in outcome.document
            case Filtered():
                self.events += len(outcome.log.events)
                self.filtered[outcome.reason] += len(outcome.log.events)
            case Undecodable():
                self.undecodable[outcome.reason] += outcome.events
            case ControlMessage():
                self.control_messages += 1
            case LimitReached(events):
                self.limit = events

    @property
    def logs(self) -> int:
        """Return the number of logs that would be sent. A stack trace of many log events is one log."""
        return sum(rules.total() for rules in self.rules.values())

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was read."""
        return not (self.events or self.undecodable or self.control_messages)


def write_summary(console: Console, seen: PreviewCounts, *, exceptions_shown: bool, remark: str = "") -> None:
    """Write the counts to `console` with bars and rules by level, and `remark` as the last line."""
    console.print()
    console.print(
        Group(
            _heading(seen),
            _levels(seen, _BAR if console.width >= WIDE else _BAR_NARROW),
            *_remarks(seen, exceptions_shown),
            *([Text(remark, style=TROUBLE)] if remark else []),
        )
    )


def _heading(seen: PreviewCounts) -> Text:
    line = Text(f"{counted(seen.logs, 'log')} would be sent", style=BOLD)
    if seen.logs:
        line.append(f", from {counted(seen.events - seen.filtered.total(), 'log event')}", style=Style())
    if seen.shown != seen.logs:
        line.append(f"; {seen.shown:,} shown", style=Style())
    return line


def _levels(seen: PreviewCounts, longest: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    most = max((rules.total() for rules in seen.rules.values()), default=0)
    for level in reversed(Level):
        rules = seen.rules[level]
        if total := rules.total():
            style = LEVEL_STYLES[level]
            bar = Text(
                "━" * max(1, round(longest * total / most)), style=Style(color=style.bgcolor or style.color)
            )
            counts = (f"{rule}×{count:,}" for rule, count in rules.most_common())
            grid.add_row(
                Text.assemble((level, style)), f"{total:,}", bar, Text(" · ".join(counts), style=DIM)
            )
    return grid


def _remarks(seen: PreviewCounts, exceptions_shown: bool) -> Iterator[Text]:
    for reason, events in seen.filtered.items():
        yield Text(f"{counted(events, 'log event')} would not be sent: {WORDS.get(reason, reason)}")
    for reason, events in seen.undecodable.items():
        yield Text(f"{events:,} undecodable, would be stored in the dead-letter queue: {reason}", TROUBLE)
    if seen.control_messages:
        yield Text(f"{counted(seen.control_messages, 'control message')} of CloudWatch Logs, not sent")
    if seen.limit is not None:
        yield Text(f"Stopped at --limit, {counted(seen.limit, 'log event')}; there may be more.")
    if seen.exceptions and not exceptions_shown:
        verb = "has" if seen.exceptions == 1 else "have"
        yield Text(f"{counted(seen.exceptions, 'log')} {verb} a stack trace; --exceptions shows it", DIM)
