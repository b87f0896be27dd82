"""Write the result of an audit as text or JSON."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.audit.cloudwatch import time_of
from shipctl.audit.findings import Finding, State, Window, is_trouble
from shipctl.audit.gaps import Gap, Series
from shipctl.audit.survey import Survey
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import counted, one_line

MAX_GAPS_SHOWN = 5
"""The maximum number of gaps shown for a log group. --json has all."""

LAMBDA_KEEPS_EVENTS_MINUTES = 6 * 60
"""How long Lambda tries an event. "If the function can't keep up with incoming events, events might also be
deleted from the queue without being sent to the function" ("How Lambda handles errors and retries with
asynchronous invocation", AWS Lambda Developer Guide)."""

GOOD, PASSING, BAD = Style(color="green"), Style(color="yellow"), Style(color="red")
STYLES = {State.COMPLETE: GOOD, State.REPAIRED: PASSING, State.NOT_COMPARED: PASSING}
WORDS = {
    State.COMPLETE: "complete",
    State.REPAIRED: "repaired",
    State.NOT_FORWARDED: "not forwarded by CloudWatch Logs",
    State.NOT_RECEIVED: "forwarded, but not counted by the shipper",
    State.NOT_ARRIVED: "logged, but not received",
    State.NOT_COMPARED: "cannot be compared",
}
ALWAYS_SHOWN = ("logged", "forwarded", "received", "delivered")


def sums(finding: Finding) -> dict[str, int | None]:
    """Return the sums of the columns; None for a count that is not known for this log group."""
    counts = finding.counts
    known = finding.filtering.is_known
    return {
        "logged": _sum(counts.incoming),
        "forwarded": _sum(counts.forwarded) if known else None,
        "errors": _sum(counts.errors) if known else None,
        "throttled": _sum(counts.throttled) if known else None,
        "received": _sum(counts.received),
        "filtered": _sum(counts.filtered),
        "delivered": _sum(counts.delivered),
        "waiting": counts.waiting,
    }


def _sum(series: Series) -> int:
    return sum(series.values())


def repairs(finding: Finding, stack: Stack) -> list[str]:
    """Return the commands that ship the missing log events; empty if a backfill is not the remedy."""
    if finding.state not in (State.NOT_FORWARDED, State.NOT_ARRIVED):
        return []
    return [_backfill(finding, gap, stack) for gap in finding.gaps]


def _backfill(finding: Finding, gap: Gap, stack: Stack) -> str:
    return stack.command(
        *("backfill", "--log-group", finding.name),
        *("--ingested-since", _utc(gap.since), "--ingested-until", _utc(gap.until)),
    )


def write_survey(console: Console, found: Survey, stack: Stack, *, everything: bool) -> None:
    """Write the log groups with missing log events, or all log groups, and what to do."""
    for finding in found.findings:
        if everything or finding.state not in (State.COMPLETE, State.NOT_COMPARED):
            for line in (
                *_counts(finding),
                *(_details(finding, found.window, stack) if is_trouble(finding) else ()),
            ):
                console.print(line, soft_wrap=True)
    for line in _summary(found, stack):
        console.print(line, soft_wrap=True)


def _counts(finding: Finding) -> Iterator[Text]:
    """Yield two lines of counts, without counts that are 0 as expected."""
    line = Text(one_line(finding.name), style=BOLD)
    line.append(f"  {WORDS[finding.state]}", style=STYLES.get(finding.state, BAD) + Style(bold=False))
    if finding.missing:
        line.append(f": {counted(finding.missing, 'log event')}", style=Style(bold=False))
    yield line
    shown = (
        f"{column} {'?' if number is None else f'{number:,}'}"
        for column, number in sums(finding).items()
        if number or column in ALWAYS_SHOWN
    )
    yield Text(f"  {', '.join(shown)}", style=DIM)


def _details(finding: Finding, window: Window, stack: Stack) -> Iterator[Text]:
    if finding.repaired:
        yield Text(
            f"  {finding.repaired:,} of these or other log events were shipped later by backfill or replay"
        )
    commands = repairs(finding, stack)
    for number, gap in enumerate(finding.gaps[:MAX_GAPS_SHOWN]):
        yield Text(f"  {_words(gap)}")
        if commands:
            yield Text(f"  → {commands[number]}")
    if (more := len(finding.gaps) - MAX_GAPS_SHOWN) > 0:
        yield Text(f"  and {counted(more, 'gap')} more; --json shows all", style=DIM)
    if finding.state is not State.NOT_FORWARDED:
        yield Text(
            "  The shipper may have crashed or been throttled. Check the dead-letter queue first: logs in it "
            "are replayed, and would arrive twice after a backfill:",
            style=DIM,
        )
        yield Text(f"  → {stack.command('dlq', 'stats')}")
        yield Text(f"  → {stack.command('doctor', '--only', 'errors', '--only', 'start')}")
    if finding.state is State.NOT_RECEIVED:
        yield from _if_lost(finding, window, stack)


def _if_lost(finding: Finding, window: Window, stack: Stack) -> Iterator[Text]:
    """Yield the backfill of gaps that Lambda must have delivered or stored by now."""
    old = [gap for gap in finding.gaps if gap.until <= window.end - LAMBDA_KEEPS_EVENTS_MINUTES]
    if not old:
        return
    yield Text(
        "  Lambda keeps an event for six hours. If none of these log events is in the dead-letter queue, "
        "it has lost them, as it may without a free execution for the shipper. Then ship them from the log "
        "group:",
        style=DIM,
    )
    for gap in old[:MAX_GAPS_SHOWN]:
        yield Text(f"  → {_backfill(finding, gap, stack)}")


def _words(gap: Gap) -> str:
    words = f"from {_utc(gap.since)} to {_utc(gap.until)}: {gap.missing:,} of {gap.logged:,}"
    there = gap.logged - gap.missing
    return f"{words} (the other {there:,} arrived, and would arrive twice)" if there > 0 else words


def _summary(found: Survey, stack: Stack) -> Iterator[Text]:
    troubles = sum(map(is_trouble, found.findings))
    unknown = not_compared(found)
    since, until = time_of(found.window.since), time_of(found.window.until)
    groups = counted(len(found.findings), "log group")
    style = TROUBLE if troubles else PASSING if unknown else GOOD
    if troubles:
        words = f"log events are missing in {troubles:,} of {groups}"
    elif unknown:
        words = f"nothing is known to be missing in {groups}"
    else:
        words = f"nothing is missing in {groups}"
    yield Text(words, style=style).append(
        f", from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC", style=Style(dim=True)
    )
    if found.account_forwarded is not None:
        received = sum(_sum(finding.counts.received) for finding in found.findings)
        yield Text(
            f"account policy: {found.account_forwarded:,} log events were forwarded, "
            f"{found.account_errors:,} with errors, {received:,} were received; CloudWatch does not count "
            "forwarded log events by log group",
            style=DIM,
        )
    if unknown:
        yield Text(
            f"{unknown:,} of them cannot be compared (--all names them): a filter pattern excludes log "
            "events, and what CloudWatch Logs forwarded to this stack is not known",
            style=PASSING,
        )
    if any(finding.filtering.by_pattern for finding in found.findings):
        yield Text(
            "a filter pattern excludes log events, so only forwarded ones are compared",
            style=DIM,
        )
    if any(repairs(finding, stack) for finding in found.findings):
        yield Text(
            "gaps are known to the minute: other log events in the first and last minute of a gap may arrive "
            "twice",
            style=DIM,
        )


def not_compared(found: Survey) -> int:
    """Return the number of log groups of which nothing is known."""
    return sum(finding.state is State.NOT_COMPARED for finding in found.findings)


def document(found: Survey, stack: Stack) -> dict[str, Any]:
    """Return the result as a JSON document. All counts are log events."""
    return {
        "since": _utc(found.window.since),
        "until": _utc(found.window.until),
        "isComplete": not any(map(is_trouble, found.findings)) and not not_compared(found),
        "accountForwarded": found.account_forwarded,
        "accountErrors": found.account_errors if found.account_forwarded is not None else None,
        "logGroups": [
            {
                "name": finding.name,
                "state": finding.state,
                **sums(finding),
                "backfilled": _sum(finding.counts.backfilled),
                "missing": finding.missing,
                "repaired": finding.repaired,
                "byPattern": finding.filtering.by_pattern,
                "gaps": [
                    {
                        "since": _utc(gap.since),
                        "until": _utc(gap.until),
                        "missing": gap.missing,
                        "logged": gap.logged,
                    }
                    for gap in finding.gaps
                ],
                "repairs": repairs(finding, stack),
            }
            for finding in found.findings
        ],
    }


def _utc(minute: int) -> str:
    return f"{time_of(minute):%Y-%m-%dT%H:%MZ}"
