"""Ship a backfill page by page and batch by batch. The progress is stored before and after each batch."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shipctl.backfill.history import Milliseconds, Past
from shipctl.backfill.progress import Progress
from shipctl.backfill.records import FIRST_EVENTS, MAX_EVENTS, cut, left_of
from shipctl.dlq.signals import Stop
from shipctl.errors import CommandError
from shipctl.installation.record_function import Answer, FunctionFailed
from shipctl.terminal import counted

Records = Mapping[str, Mapping[str, Any]]


def ship_history(
    pages: Iterable[Sequence[Past]],
    progress: Progress,
    *,
    records_of: Callable[[Sequence[Past]], Records],
    function: Callable[[Records], Answer],
    keep: Callable[[Progress], None],
    stop: Stop,
    rate: int | None,
    force: bool,
    until: Milliseconds,
    tell: Callable[[Progress], None],
) -> str:
    """Ship the log events that are not done yet.

    Args:
        pages: The log events in pages.
        progress: The progress of earlier runs, which is updated.
        records_of: Converts log events into records.
        function: Invokes the shipper.
        keep: Stores the progress; called before and after each invocation.
        stop: Becomes true when the user asks to stop.
        rate: The maximum number of log events per second. None: no limit.
        force: Whether to continue if nothing is delivered.
        until: The end of the backfill, to which the progress advances at the end.
        tell: Reports the progress; called after each invocation.

    Returns:
        Why shipping ended early, or an empty text if it did not.

    Raises:
        CommandError: A page cannot be read, or the shipper failed.
    """
    most = FIRST_EVENTS
    for page in pages:
        pending = [event for event in page if progress.is_left(event)]
        while pending:
            if stop:
                return ""
            batch, rest = cut(pending, min(most, rate or most))
            started = time.monotonic()
            progress.in_hand = len(batch)
            keep(progress)
            answer = _answer(batch, records_of, function, progress, keep)
            left = left_of(batch, answer.left)
            progress.settle(_without(batch, left))
            progress.totals.delivered += answer.delivered
            progress.totals.filtered += answer.filtered
            progress.totals.dead_lettered += answer.refused
            progress.totals.requests += answer.requests
            keep(progress)
            tell(progress)
            if len(left) == len(batch):
                return f"the shipper accepted nothing{_why(answer)}; nothing is lost: run the command again"
            if answer.refused and not answer.delivered and not force:
                return (
                    f"nothing was delivered{_why(answer)}; {counted(answer.refused, 'log event')} stored in "
                    "the dead-letter queue, the others not shipped (to continue anyway, give --force)"
                )
            pending = left + rest
            most = MAX_EVENTS
            if rate:
                stop.wait(started + len(batch) / rate - time.monotonic())
        if page:
            progress.advance(page[-1].timestamp)
            keep(progress)
            tell(progress)
        if stop:
            return ""
    progress.advance(until)
    progress.complete = True
    keep(progress)
    return ""


def _answer(
    batch: Sequence[Past],
    records_of: Callable[[Sequence[Past]], Records],
    function: Callable[[Records], Answer],
    progress: Progress,
    keep: Callable[[Progress], None],
) -> Answer:
    try:
        return function(records_of(batch))
    except FunctionFailed as failure:
        raise CommandError(
            f"{failure}; some of the {counted(len(batch), 'log event')} of the current batch may have been "
            "delivered. The next run ships all of them again, so that some may arrive twice"
        ) from failure
    except CommandError:
        progress.in_hand = 0  # the function did not run
        keep(progress)
        raise


def _without(batch: Sequence[Past], left: Sequence[Past]) -> list[Past]:
    left_ids = {event.id for event in left}
    return [event for event in batch if event.id not in left_ids]


def _why(answer: Answer) -> str:
    why = max(answer.failures, key=lambda why: answer.failures[why], default=None)
    return "" if why is None else f": {why}"
