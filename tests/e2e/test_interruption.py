"""An interrupted demonstration leaves no process running."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from local.stack import PROJECT

pytestmark = pytest.mark.e2e
MARK = "INTERRUPTED_DEMONSTRATION"


def processes_with(mark: str) -> list[str]:
    """Return the commands of all running processes that inherited the mark of the one that a test started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has ended, or is another user's
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("number", "status", "line"),
    [
        (signal.SIGINT, 130, "Interrupted; everything that was started has been stopped."),
        (signal.SIGTERM, 143, "Terminated; everything that was started has been stopped."),
    ],
)
def test_an_interrupted_demonstration_leaves_no_process_running(
    number: signal.Signals, status: int, line: str, tmp_path: Path
) -> None:
    mark = f"{MARK}={uuid.uuid4()}"
    name, value = mark.split("=")
    with subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=PROJECT,
        env={**os.environ, name: value, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demonstration:
        deadline = time.monotonic() + 60
        while not any("ministack" in command for command in processes_with(mark)):
            assert demonstration.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        demonstration.send_signal(number)
        output, _ = demonstration.communicate(timeout=60)

    assert demonstration.returncode == status
    assert output.splitlines()[-1] == line
    assert processes_with(mark) == []
    assert list(tmp_path.iterdir()) == []
