"""`shipctl backfill`: ship past log events through the stack's shipper."""

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from shipctl.backfill import history_file
from shipctl.backfill.history import Milliseconds, Past, Span, read_history, utc
from shipctl.backfill.options import How, LogGroup, Which
from shipctl.backfill.progress import Progress, ProgressFile, default_path
from shipctl.backfill.records import records_of
from shipctl.backfill.result import BackfillResult, document, write_result
from shipctl.backfill.shipping import ship_history
from shipctl.dlq.signals import Stop, stopped_by_signals
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.record_function import record_function
from shipctl.json_lines import print_json
from shipctl.options import AsJson, Place
from shipctl.stack import Stack
from shipctl.terminal import counted, one_line
from shipctl.times import milliseconds

EXAMPLES = """**Examples**

- `shipctl backfill --log-group /aws/lambda/orders --since 2026-11-03T09:00 --until 2026-11-03T10:00`

- `shipctl backfill --log-group orders --ingested-since 2026-11-03T09:12 --ingested-until 2026-11-03T09:22`

- `shipctl backfill --log-group orders --since 2d --rate 500 --dry-run`

- `aws logs filter-log-events --log-group-name orders > page.json; shipctl backfill --log-group orders
--from-file page.json`
"""

LATE = timedelta(days=1)
"""How late log events may arrive to be found by --ingested-since without --since."""
EARLY = timedelta(hours=2)
"""How far in the future a log event's timestamp may be (PutLogEvents, CloudWatch Logs API Reference)."""


class Task(NamedTuple):
    """One backfill."""

    stack: Stack
    log_group: str
    span: Span
    files: Sequence[Path]
    past: Sequence[Past]
    """The log events in the files."""
    pattern: str

    def pages(self, start: Milliseconds) -> Iterator[Sequence[Past]]:
        """Yield the log events from `start` on."""
        if self.files:
            return history_file.pages(self.past, self.span, start)
        return read_history(self.stack.session, self.log_group, self.span, start, self.pattern)

    @property
    def what(self) -> Mapping[str, Any]:
        """Return what identifies this backfill."""
        ids = sorted(event.id for event in self.past)
        span = self.span
        return {
            "shipper": self.stack.output("ShipperFunctionArn"),
            "logGroup": self.log_group,
            "since": span.since,
            "until": span.until,
            "ingestedSince": span.ingested_since,
            "ingestedUntil": span.ingested_until,
            "filterPattern": self.pattern,
            "files": history_file.digest(ids) if self.files else None,
        }


def backfill(
    place: Place,
    log_group: LogGroup,
    which: Which,
    how: How,
    as_json: AsJson = False,
) -> None:
    """Ship log events of the past, with their own times and ids, through the stack's shipper.

    The shipper filters, redacts and sends them like all others. What LogInformant does not take goes to the
    dead-letter queue. No API key is needed here. **What was shipped before arrives twice**: `shipctl audit`
    names the minutes that are missing, and the command for them.

    Ctrl-C stops after the current batch. The same command with the same times then continues where it
    stopped, and ships nothing twice; after the end it does nothing. (A duration such as *1h* means another
    time in each run. Use the command that is shown at Ctrl-C, which has the times.) If this command is
    killed, the current batch (at most 10,000 log events) may arrive twice; the next run says how many.

    The log events of one page of CloudWatch Logs are shipped together. A stack trace that is cut at the end
    of a page arrives as two logs. Log events that reach the log group later, with an earlier time, are not
    shipped.

    Exit status: 0 if everything was delivered or filtered out, 1 if something waits in the dead-letter queue
    or went wrong, 130 after Ctrl-C.
    """
    stack = place.find()
    task = _task(stack, log_group, which)
    file = ProgressFile(how.state or default_path(task.what), task.what)
    console = Console(highlight=False)
    if how.dry_run:
        _show_what_would_be(console, task, _progress(task, file, how.again), as_json)
        return
    with file.locked():
        progress = _progress(task, file, how.again)
        _say_what_was_before(progress, file)
        before, began, trouble = replace(progress.totals), time.monotonic(), ""
        with stopped_by_signals() as stop:
            if not progress.complete:
                try:
                    trouble = _ship(task, progress, file, how, stop)
                except CommandError as error:
                    trouble = str(error)
    look = [stack.command("dlq", "stats")]
    resume = _command(task, how)
    outcome = BackfillResult(progress, before, time.monotonic() - began, trouble, file.path, resume, look)
    if as_json:
        print_json(document(outcome))
    else:
        write_result(console, outcome)
    if stop and not progress.complete:
        raise typer.Exit(128 + (stop.signal or signal.SIGINT))
    if trouble:
        raise CommandError(trouble)
    if progress.totals.dead_lettered:
        raise typer.Exit(1)


def _task(stack: Stack, log_group: str, which: Which) -> Task:
    files = which.from_files or []
    past = history_file.read_files(files)
    if files and not past:
        raise CommandError(f"no log events in {', '.join(map(str, files))}")
    pattern = which.filter_pattern
    if files and pattern:
        raise typer.BadParameter("--filter-pattern cannot be used with --from-file")
    if pattern is None:
        pattern = "" if files else stack.parameters.get("SubscriptionFilterPattern", "")
    return Task(stack, log_group, _span(which, past), files, past, pattern)


def _span(which: Which, past: Sequence[Past]) -> Span:
    now = datetime.now(UTC)
    since, until = which.since, which.until
    ingested_since, ingested_until = which.ingested_since, which.ingested_until
    if ingested_until is not None and ingested_since is None:
        raise typer.BadParameter("--ingested-until needs --ingested-since")
    if ingested_since is not None:
        ingested_until = ingested_until or now
        if ingested_since >= ingested_until:
            raise typer.BadParameter("--ingested-since must be before --ingested-until")
        if not past:
            since, until = since or ingested_since - LATE, until or ingested_until + EARLY
    if past:
        first, last = past[0].timestamp, past[-1].timestamp + 1
        start = milliseconds(since) if since else first
        end = milliseconds(until) if until else last
    elif since is None:
        raise typer.BadParameter("give --since, --ingested-since or --from-file")
    else:
        start, end = milliseconds(since), milliseconds(until or now)
    if start >= end:
        raise typer.BadParameter("--since must be before --until")
    return Span(
        since=start,
        until=end,
        ingested_since=None if ingested_since is None else milliseconds(ingested_since),
        ingested_until=None if ingested_until is None else milliseconds(ingested_until),
    )


def _progress(task: Task, file: ProgressFile, again: bool) -> Progress:
    return (None if again else file.read()) or Progress(position=task.span.since)


def _say_what_was_before(progress: Progress, file: ProgressFile) -> None:
    if progress.complete:
        print(
            f"shipctl: all of this has already been shipped ({file.path}); to ship it again, give --again",
            file=sys.stderr,
        )
    elif progress.in_hand:
        print(
            "shipctl: the last run ended before the shipper answered for "
            f"{counted(progress.in_hand, 'log event')}: they are shipped again, and may arrive twice",
            file=sys.stderr,
        )


def _ship(task: Task, progress: Progress, file: ProgressFile, how: How, stop: Stop) -> str:
    account = task.stack.output("ShipperFunctionArn").split(":")[4]
    function = record_function(task.stack, Function.SHIPPER)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[at]}  {task.fields[done]:,} log events"),
        TimeElapsedColumn(),
    )
    since, until = task.span.since, task.span.until
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        shown = bar.add_task(one_line(task.log_group), total=until - since, at="", done=progress.totals.done)

        def tell(progress: Progress) -> None:
            at, done = progress.position, progress.totals.done
            bar.update(shown, completed=at - since, at=utc(at)[:19].replace("T", " "), done=done)

        tell(progress)
        return ship_history(
            task.pages(progress.position),
            progress,
            records_of=partial(records_of, account=account, log_group=task.log_group),
            function=function,
            keep=file.write,
            stop=stop,
            rate=how.rate,
            force=how.force,
            until=until,
            tell=tell,
        )


def _command(task: Task, how: How) -> str:
    """Return the command that continues this backfill, with absolute times."""
    words = ["backfill", "--log-group", task.log_group]
    span = task.span
    moments = {
        "--since": span.since,
        "--until": span.until,
        "--ingested-since": span.ingested_since,
        "--ingested-until": span.ingested_until,
    }
    for option, moment in moments.items():
        words += [option, utc(moment)] if moment is not None else []
    for path in task.files:
        words += ["--from-file", str(path)]
    if not task.files and task.pattern != task.stack.parameters.get("SubscriptionFilterPattern", ""):
        words += ["--filter-pattern", task.pattern]
    words += ["--state", str(how.state)] if how.state else []
    words += ["--rate", str(how.rate)] if how.rate else []
    return task.stack.command(*words)


def _show_what_would_be(console: Console, task: Task, progress: Progress, as_json: bool) -> None:
    events = 0
    streams: set[str] = set()
    first: Milliseconds | None = None
    last: Milliseconds | None = None
    for page in task.pages(progress.position) if not progress.complete else ():
        for event in filter(progress.is_left, page):
            events += 1
            streams.add(event.log_stream)
            first = event.timestamp if first is None else min(first, event.timestamp)
            last = event.timestamp if last is None else max(last, event.timestamp)
    if as_json:
        print_json(
            {
                "logEvents": events,
                "logStreams": len(streams),
                "first": None if first is None else utc(first),
                "last": None if last is None else utc(last),
                "byEarlierRuns": progress.totals.done,
            }
        )
        return
    line = f"{counted(events, 'log event')} of {counted(len(streams), 'log stream')} would be shipped"
    if first is not None and last is not None:
        line += f", from {utc(first)} to {utc(last)}"
    if progress.totals.done:
        line += f"; earlier runs shipped {progress.totals.done:,}"
    console.print(f"{line}; nothing was shipped", soft_wrap=True)
