"""What Ctrl-C, and a polite request to end, do to a command."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Within the block SIGTERM ends the command as Ctrl-C does: after what must be done last."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling(signal.SIGTERM, end):
        yield


class Stop:
    """A wish to stop: set by the first signal, and asked for wherever stopping does no harm."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._wished = threading.Event()

    def __bool__(self) -> bool:
        return self._wished.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the wish."""
        self._wished.wait(max(seconds, 0.0))

    def wish(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal; the second one does not wait any longer."""
        if self._wished.is_set():
            raise KeyboardInterrupt
        self.signal = number
        self._wished.set()
        print(
            "shipctl: stopping after the batch in hand; once more stops at once, and may double that batch",
            file=sys.stderr,
        )


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Within the block SIGINT and SIGTERM are a wish to stop."""
    stop = Stop()
    with _handling(signal.SIGINT, stop.wish), _handling(signal.SIGTERM, stop.wish):
        yield stop


@contextmanager
def _handling(number: signal.Signals, handler: "signal._HANDLER") -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only there do signals arrive
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
