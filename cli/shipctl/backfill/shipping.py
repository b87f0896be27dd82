"""The order of a backfill: page by page, batch by batch; what is done is kept before the next is begun."""

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
    """Ship the log events that are left; return why not to go on, or nothing.

    `keep` is called before each invocation and after it, `tell` after it. Raises `CommandError`.
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
                return f"the shipper took nothing{_why(answer)}; nothing of that is lost: run this again"
            if answer.refused and not answer.delivered and not force:
                return (
                    f"nothing got through{_why(answer)}; {counted(answer.refused, 'log event')} wait in the "
                    "dead-letter queue, the others in their log group (--force goes on)"
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
            f"{failure}; it is not known what became of the {counted(len(batch), 'log event')} in hand: the "
            "next run ships them again, and what was delivered of them arrives twice"
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
