"""Programs that run during a block: the message when they fail, and that no process is left."""

import os
import signal
import sys
from pathlib import Path

import pytest

from local.processes import (
    ProgramFailed,
    Terminated,
    last_line,
    run,
    running,
    show,
    unwinding_when_terminated,
)

STARTS_ANOTHER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def is_running(pid: int) -> bool:
    """Return whether the process is running; a zombie is not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for processes in /proc")
def test_a_program_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    log = tmp_path / "log"

    with running(python(STARTS_ANOTHER), environment=os.environ, folder=tmp_path, log=log) as program:
        while not (said := log.read_text().strip()):
            assert program.poll() is None
        child = int(said)
        assert is_running(child)

    assert program.returncode == -signal.SIGTERM
    assert not is_running(child)


def test_a_program_that_ignores_a_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes._GRACE", 0.1)
    log = tmp_path / "log"

    with running(python(DEAF), environment=os.environ, folder=tmp_path, log=log) as program:
        while not log.read_text():
            assert program.poll() is None

    assert program.returncode == -signal.SIGKILL


def test_a_shown_program_prints_here_and_its_status_is_returned(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = "import sys; print('out', flush=True); print('err', file=sys.stderr); raise SystemExit(3)"

    assert show(python(program), environment=os.environ, folder=tmp_path, seconds=60) == 3
    assert capfd.readouterr().out.splitlines() == ["out", "err"]


def test_a_shown_program_is_ended_when_it_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"did not end within 0 s"):
        show(python("import time; time.sleep(600)"), environment=os.environ, folder=tmp_path, seconds=0.1)


def test_a_failure_is_one_line_with_status_cause_and_log_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "print('all well'); print('Error: no such bucket'); print('bye'); raise SystemExit(3)"

    with pytest.raises(ProgramFailed) as failure:
        run(python(program), environment=os.environ, folder=tmp_path, log=log)

    assert str(failure.value).endswith(f"failed with status 3: Error: no such bucket (see {log})")
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("one\n\ntwo\n \n", "two"),
        ("one\nError: two\nthree\n", "Error: two"),
        ("stack failed to create\nthree\n", "stack failed to create"),
        ("ERROR: no such package\nmake: *** [Makefile:3: build] Error 1\n", "ERROR: no such package"),
        ("", "no output"),
    ],
)
def test_the_reported_line_is_the_last_informative_one(tmp_path: Path, output: str, line: str) -> None:
    (tmp_path / "log").write_text(output)

    assert last_line(tmp_path / "log") == line


def test_a_termination_signal_leaves_the_block_in_order() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(Terminated), unwinding_when_terminated():
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) == before
