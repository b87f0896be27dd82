"""Run a program at a pseudo-terminal, read its output and type answers."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS = 90.0


class AtTerminal:
    """The user at the terminal."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self._process, self._terminal = process, terminal
        self.shown = ""
        """All that was shown so far."""
        self._read_up_to = 0

    def sees(self, words: str) -> str:
        """Wait until the program shows these words; return its output since the last wait."""
        deadline = time.monotonic() + SECONDS
        while (found := self.shown.find(words, self._read_up_to)) < 0:
            assert self._read(deadline), f"not shown: {words!r}, but: {self.shown[self._read_up_to :]!r}"
        seen = self.shown[self._read_up_to : found + len(words)]
        self._read_up_to = found + len(words)
        return seen

    def types(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def interrupts(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self._process.pid, signal.SIGINT)

    def status(self) -> int:
        """Wait for the program's end."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(SECONDS)

    def _read(self, deadline: float) -> bool:
        """Read output; return whether there was any before the deadline and the end of the program."""
        while time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.2)[0]:
                try:
                    piece = os.read(self._terminal, 65536)
                except OSError:  # Linux raises EIO for a terminal that no process has open
                    return False
                self.shown += piece.decode(errors="replace").replace("\r\n", "\n")
                return bool(piece)
            if self._process.poll() is not None:
                return False
        return False


@contextmanager
def at_terminal(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[AtTerminal]:
    """Run a program at a terminal of its own during a block."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "COLUMNS": "200", "TERM": "dumb"},
        cwd=folder,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield AtTerminal(process, ours)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(ours)
