"""The first signal asks for a stop, and nothing that fails in its handler ends the batch."""

import os
import signal
import sys
from contextlib import suppress

import pytest
from shipctl.dlq.signals import Stop, ended_by_signals, stopped_by_signals


def test_a_stop_is_requested_although_nobody_reads_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in `shipctl … 2>&1 | tee log` ends tee, too."""
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w") as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        with stopped_by_signals() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop
            assert stop.signal == signal.SIGINT


def test_a_second_signal_ends_the_command() -> None:
    stop = Stop()
    stop.wish(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        stop.wish(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_cleanup_runs_after_the_end_of_the_terminal_as_after_sigterm(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number


def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals(), stopped_by_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop
    finally:
        signal.signal(signal.SIGHUP, before)
