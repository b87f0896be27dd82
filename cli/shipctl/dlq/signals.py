"""Handle SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is gone) in commands."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise `SystemExit` on SIGTERM and SIGHUP within the block, so that cleanup runs as after Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling(signal.SIGTERM, end), _handling(signal.SIGHUP, end):
        yield


class Stop:
    """A request to stop. The first signal sets it, and the command checks it where stopping is safe."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._wished = threading.Event()

    def __bool__(self) -> bool:
        return self._wished.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for some seconds, or until a signal."""
        self._wished.wait(max(seconds, 0.0))

    def wish(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal. The second one ends the command immediately."""
        if self._wished.is_set():
            raise KeyboardInterrupt
        self.signal = number
        self._wished.set()
        # Standard error may be a pipe to a program that the same Ctrl-C has ended, or be in the middle of
        # a write (RuntimeError). An error here would be raised in the middle of the batch.
        with suppress(OSError, ValueError, RuntimeError):
            print(
                "shipctl: stopping after the current batch. Press Ctrl-C again to stop now; the batch may "
                "then be delivered twice",
                file=sys.stderr,
                flush=True,
            )


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Request a stop on SIGINT, SIGTERM and SIGHUP within the block."""
    stop = Stop()
    with (
        _handling(signal.SIGINT, stop.wish),
        _handling(signal.SIGTERM, stop.wish),
        _handling(signal.SIGHUP, stop.wish),
    ):
        yield stop


@contextmanager
def _handling(number: signal.Signals, handler: "signal._HANDLER") -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and Python runs them only there
        return
    if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
        yield  # nohup
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
