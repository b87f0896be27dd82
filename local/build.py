"""Run `sam build` for this machine if its sources have changed."""

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from local.account import without_aws_settings
from local.processes import run
from local.sam import SAM, sam_environment

_SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers")
_KEPT_SECONDS = 24 * 60 * 60


def local_build(project: Path, log: Path) -> Path:
    """Return the folder of a build of the project's template, with layers for this interpreter and processor.

    Builds are in `.build/local`, named by the digest of their sources. They never change, so several
    processes may use them at the same time. Builds that were not used for a day are removed. Raises
    `ProgramFailed`.
    """
    builds = project / ".build" / "local"
    build = builds / _digest(project)
    if not build.exists():
        builds.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building-", dir=builds) as folder:
            unfinished = Path(folder) / "build"
            run(
                [SAM, "build", "--no-cached", "--build-dir", str(unfinished)],
                environment={
                    **without_aws_settings(),
                    **sam_environment(Path(folder)),
                    "LAYER_FOR": "this-machine",
                },
                folder=project,
                log=log,
            )
            _adapt_to_the_emulator(unfinished / "template.yaml")
            if not build.exists():
                unfinished.rename(build)
    os.utime(build)
    for other in builds.iterdir():
        if other.is_dir() and other.stat().st_mtime < time.time() - _KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    return build


_MONITORING = re.compile(r"(?m)^(  Monitoring:\n(?:    .*\n)*?    Default: )full$")
_SCHEDULE = re.compile(r"(?m)^( +ScheduleExpression: )cron\(.*\)$")
_NEVER = "cron(0 0 1 1 ? 2199)"


def _adapt_to_the_emulator(template: Path) -> None:
    """Change the template of a build for an emulated account.

    Alarms are off by default: ministack rejects alarms with metric math and queries. The subscriber's
    schedule is years away: what a scheduled run changes in the middle of a test, at certain minutes of each
    hour, would be taken for a result of the test.
    """
    text = template.read_text(encoding="utf-8")
    for what, pattern, replacement in (
        ("parameter Monitoring whose default is full", _MONITORING, r"\1basic"),
        ("schedule", _SCHEDULE, rf"\1{_NEVER}"),
    ):
        text, count = pattern.subn(replacement, text)
        if count != 1:
            raise ValueError(f"{template} has {count} times a {what}, not once")
    template.write_text(text, encoding="utf-8")


def _digest(project: Path) -> str:
    digest = hashlib.sha256(f"{sys.version} {sys.platform} {version('aws-sam-cli')}".encode())
    for path in _files(project):
        digest.update(f"\n{path.relative_to(project)}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(project: Path) -> Iterator[Path]:
    for source in _SOURCES:
        top = project / source
        found = [top] if top.is_file() else sorted(top.rglob("*"))
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)
