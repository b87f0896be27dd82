"""Build the release files from this clone, and install them as users do."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.account import without_aws_settings
from local.build import local_build
from local.stack import PROJECT
from release.package import package

LOG = PROJECT / ".build" / "local" / "test-package.log"

_SOURCES = (
    *("cli", "functions", "layers", "release"),
    *("template.yaml", "samconfig.toml", "pyproject.toml"),
    *("README.md", "CHANGELOG.md", "LICENSE", ".gitignore"),
)


def made_in(folder: Path) -> Path:
    """Copy the sources into a folder and make all that is released there, with layers for this machine.

    Returns:
        The folder with what was made.
    """
    folder.mkdir(parents=True)
    for name in _SOURCES:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)
    package(local_build(folder, LOG), folder / "dist", folder)
    return folder / "dist"


@dataclass(frozen=True)
class Installed:
    """An environment with only the wheel and its dependencies."""

    folder: Path

    @property
    def shipctl(self) -> str:
        return str(self.folder / "bin" / "shipctl")

    def run(self, *words: str, environment: dict[str, str] | None = None, typed: str = "") -> str:
        """Run `shipctl` outside of any clone. Returns its output; fails unless it ends well."""
        done = subprocess.run(
            [self.shipctl, *words],
            input=typed,
            cwd=self.folder,
            env=environment or without_aws_settings(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


def install(dist: Path, folder: Path, python: str, *constraints: str) -> Installed:
    """Install the wheel in a new environment, with the versions of the lock file or those that are named."""
    (wheel,) = dist.glob("*.whl")
    _uv("venv", "--python", python, str(folder))
    named = constraints or ("--constraint", str(PROJECT / "requirements" / "dev.txt"))
    _uv("pip", "install", "--python", str(folder / "bin" / "python"), str(wheel), *named)
    return Installed(folder)


def _uv(*words: str) -> None:
    subprocess.run([shutil.which("uv") or "uv", "--quiet", *words], check=True, timeout=300)
