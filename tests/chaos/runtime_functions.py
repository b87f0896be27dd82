"""The built functions under Lambda's own runtime, to be killed, limited in memory and invoked again."""

import os
import resource
import signal
import sys
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from tests.e2e.lambda_runtime import Runtime, lambda_runtime

NAMELESS = Path(__file__).parent / "in_the_function" / "nameless.py"

JsonObject = dict[str, Any]


@dataclass
class BuiltFunction:
    """One environment of a built function; it starts at the first invocation."""

    build: Path
    name: str
    variables: Mapping[str, str]
    seconds: int
    folder: Path
    stack: ExitStack
    """Ends the runtime."""
    _mark: str = field(default_factory=lambda: str(uuid.uuid4()))
    _runtime: Runtime | None = None
    _process: int | None = None

    def invoke(self, event: JsonObject) -> JsonObject | None:
        """Return the function's answer; None if it crashed, timed out or raised."""
        if self._runtime is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._runtime = self.stack.enter_context(
                lambda_runtime(
                    self.build,
                    {**self.variables, "CHAOS_MARK": self._mark, "CHAOS_NAMELESS": str(self._nameless)},
                    timeout_seconds=self.seconds,
                    folder=self.folder,
                    function=self.name,
                    around=NAMELESS,
                )
            )
        try:
            answer = self._runtime.invoke(event)
        except urllib3.exceptions.HTTPError:
            return None
        if "Task timed out" in str(answer):
            self.kill()  # Lambda ends the process; its emulator only reports the timeout
        return answer if isinstance(answer, dict) and "received" in answer else None

    def nameless(self, yes: bool) -> None:
        """Set whether the host name of the ingest API cannot be resolved from now on."""
        if yes:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._nameless.touch()
        else:
            self._nameless.unlink(missing_ok=True)

    @property
    def _nameless(self) -> Path:
        return self.folder / "nameless"

    def kill(self) -> None:
        """Send SIGKILL."""
        if process := self._running():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def limit(self, kind: int, room: int) -> None:
        """Let the process have only `room` more of a resource (`resource.RLIMIT_…`)."""
        if process := self._running():
            with suppress(OSError):
                used = _address_space(process) if kind == resource.RLIMIT_AS else 0
                _, hard = resource.prlimit(process, kind)
                resource.prlimit(process, kind, (used + room, hard))

    def unlimit(self) -> None:
        if process := self._running():
            for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
                with suppress(OSError):
                    _, hard = resource.prlimit(process, kind)
                    resource.prlimit(process, kind, (hard, hard))

    def _running(self) -> int | None:
        """Return the process of the function's interpreter, which inherited the mark."""
        if self._process is None or not self._is_mine(self._process):
            everyone = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
            self._process = next(filter(self._is_mine, everyone), None)
        return self._process

    def _is_mine(self, process: int) -> bool:
        folder = Path("/proc") / str(process)
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            return (
                command[0] == os.fsencode(sys.executable)
                and self._mark.encode() in (folder / "environ").read_bytes()
            )
        except OSError:
            return False  # it has ended, or is another user's


def _address_space(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
    return pages * resource.getpagesize()
