"""`make package`: write everything that is released to a folder.

    loginformant_shipper-VERSION-py3-none-any.whl, .tar.gz   shipctl, including the stack
    loginformant-shipper-stack-VERSION/, .zip                the stack alone (stack_folder.py)
    SHA256SUMS                                               checksums, and the versions of the toolchain

Builds of the same sources with the pinned toolchain are identical. Other toolchains are rejected.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from loginformant_shipper import __version__
from shipctl.deploy.artefacts import archive_of
from shipctl.deploy.files import files_of
from shipctl.deploy.sources import refuse_other_sources
from shipctl.errors import CommandError

from release.stack_folder import write_stack_folder
from release.stack_hook import VARIABLE
from release.toolchain import OtherToolchain, at_hand, refuse_another

PROJECT = Path(__file__).resolve().parent.parent
STACK = f"loginformant-shipper-stack-{__version__}"
CHECKSUMS = "SHA256SUMS"
_SOURCE_DATE = "1577836800"
"""The timestamp of every file, 2020-01-01, as hatchling supports it (reproducible-builds.org,
SOURCE_DATE_EPOCH)."""


def package(build: Path, target: Path, project: Path = PROJECT) -> None:
    """Create all artefacts of a release from the output of `sam build`.

    Args:
        build: The output of `sam build`.
        target: The folder to write to. Its contents are deleted first.
        project: The folder of the project.

    Raises:
        CommandError: The build is missing or incomplete.
        ValueError: A package in a layer has no licence.
        subprocess.CalledProcessError: The wheel or the sdist could not be built.
    """
    shutil.rmtree(target, ignore_errors=True)
    stack = target / STACK
    write_stack_folder(build, stack, project)
    environment = os.environ | {VARIABLE: str(stack), "SOURCE_DATE_EPOCH": _SOURCE_DATE}
    hatchling = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-t",
        "sdist",
        "-d",
        str(target.resolve()),
    ]
    subprocess.run(hatchling, cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
    (target / f"{STACK}.zip").write_bytes(archive_of(stack))
    _write_checksums(target)


def _write_checksums(target: Path) -> None:
    lines = [f"# built with {at_hand()}"]
    for path in files_of(target):
        lines.append(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(target).as_posix()}"
        )
    (target / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="ascii")


def _main() -> int:
    parser = argparse.ArgumentParser(prog="make package", description="Create all artefacts of a release.")
    parser.add_argument(
        "--check", action="store_true", help="only check that the toolchain is the pinned one"
    )
    parser.add_argument(
        "--output", type=Path, default=PROJECT / "dist", help="folder to write to (default: dist)"
    )
    given = parser.parse_args()
    try:
        refuse_another(PROJECT)
        if given.check:
            return 0
        build = PROJECT / ".aws-sam" / "build"
        refuse_other_sources(PROJECT, build)
        package(build, given.output)
    except (OtherToolchain, CommandError, ValueError) as error:
        print(f"make package: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    for path in sorted(given.output.glob("*")):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
