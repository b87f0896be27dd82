"""Run programs during a block, with their output in a log file."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import Any

_GRACE = 5.0  # seconds between asking a program to end and ending it


class ProgramFailed(Exception):
    """A program failed. The text has the most important line of its output, and the log file."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP was received. It is handled like Ctrl-C."""


@contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during a block, and end it and its children afterwards.

    Its output is appended to `log`, or inherited without one. It has its own process group, so that Ctrl-C
    reaches only this process, which then ends the program.
    """
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") if log else nullcontext() as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        try:
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(_GRACE)
        finally:  # also after a second Ctrl-C
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _wait_for_group(process.pid)


def _wait_for_group(group: int) -> None:
    """Wait until all processes of a group have ended, except zombies without a parent that reaps them."""
    deadline = time.monotonic() + _GRACE
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)


def run(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> None:
    """Run a program to its end. Raises `ProgramFailed` if its status is not 0."""
    with running(command, environment=environment, folder=folder, log=log) as process:
        status = process.wait()
    if status != 0:
        name = " ".join([Path(command[0]).name, *command[1:2]])
        raise ProgramFailed(f"{name} failed with status {status}: {last_line(log)} (see {log})")


def show(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, seconds: float) -> int:
    """Run a program with inherited output, and return its status.

    Raises `ProgramFailed` if it takes longer than `seconds`.
    """
    with running(command, environment=environment, folder=folder, log=None) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProgramFailed(f"{' '.join(command)} did not end within {seconds:.0f} s") from None


def last_line(log: Path) -> str:
    """Return the last line of an output that reports an error, or else the last line that is not blank.

    Messages of make after an error are ignored.
    """
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if re.search("error|failed", line, re.IGNORECASE) and "***" not in line]
    return (telling or lines or ["no output"])[-1]


@contextmanager
def unwinding_when_terminated() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM and SIGHUP during a block, as Ctrl-C raises `KeyboardInterrupt`."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated(signal.Signals(number).name)

    before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {
        number: signal.signal(number, terminate) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
