"""A log group with past log events that have ids, which the emulated account does not support."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.logs_front import Answer

PAGE_BYTES = 1024 * 1024
PAGE_EVENTS = 10_000
BYTES_BESIDE_MESSAGE = 26
"""Bytes of a log event beside its message ("CloudWatch Logs quotas", Amazon CloudWatch Logs User Guide)."""


@dataclass
class Past:
    """Answers FilterLogEvents as CloudWatch does: ordered by time, with 1 MB or 10,000 log events a page."""

    log_groups: dict[str, Sequence[dict[str, Any]]]
    """Log events in the order of time."""
    before_page: Callable[[int], None] = lambda number: None
    """Called with the number of each page, from 1 on, over all requests."""
    pages: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, operation: str, given: dict[str, Any]) -> Answer | None:
        events = self.log_groups.get(given.get("logGroupName", ""))
        if operation != "FilterLogEvents" or events is None:
            return None
        with self._lock:
            self.pages += 1
            number = self.pages
        self.before_page(number)
        start = bisect_left(events, given.get("startTime", 0), key=_time)
        end = bisect_right(events, given.get("endTime", 2**62), key=_time)
        first = int(given.get("nextToken", start))
        last, size = first, 0
        while last < end and last - first < PAGE_EVENTS and size < PAGE_BYTES:
            size += len(events[last]["message"]) + BYTES_BESIDE_MESSAGE
            last += 1
        more = {"nextToken": str(last)} if last < end else {}
        return 200, {"events": list(events[first:last]), "searchedLogStreams": []} | more


def _time(event: dict[str, Any]) -> int:
    timestamp: int = event["timestamp"]
    return timestamp


def past_events(number: int, first: int, step_ms: int, streams: int = 20) -> list[dict[str, Any]]:
    """Return log events from `first` on, `step_ms` apart; all in one millisecond if it is 0."""
    return [
        {
            "eventId": f"{36 * 10**54 + number:056d}",
            "timestamp": first + number * step_ms,
            "ingestionTime": first + number * step_ms + 1500,
            "logStreamName": f"2026/11/03/[$LATEST]{number % streams:032x}",
            "message": f"INFO order {number} was placed by a customer who pays by invoice",
        }
        for number in range(number)
    ]
