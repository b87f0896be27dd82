"""Fuzz the shipper with hostile input for any length of time: `make fuzz ARGS="--seconds 600"`.

Each target has a separate process, in which atheris (libFuzzer) changes the bytes from which hypothesis draws
input, and prefers input that reaches new code. If there is no atheris for this Python or machine, the bytes
are changed at random. Findings are kept, and a line shows the command that runs each of them again.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

FOLDER = Path(".build/fuzz")
NAMES = ("decode", "levels", "joiner", "secrets", "redaction", "replay")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    seconds: Annotated[int, typer.Option(min=1, help="For all targets together.")] = 120,
    target: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(NAMES)}; without it, all.")] = None,
    replay: Annotated[Path | None, typer.Option(help="An input of --target to play again.")] = None,
) -> None:
    """Look for input that breaks the shipper."""
    chosen = target or list(NAMES)
    if unknown := set(chosen) - set(NAMES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if replay is not None:
        if len(chosen) != 1:
            raise typer.BadParameter("--replay takes one --target")
        _play(chosen[0], replay.read_bytes())
        return
    if find_spec("atheris") is None:
        typer.echo("there is no atheris for this Python or machine: no coverage guides the search")
    sound = [_fuzz(name, max(seconds // len(chosen), 1)) for name in chosen]
    raise typer.Exit(0 if all(sound) else 1)


def _fuzz(name: str, seconds: int) -> bool:
    """Fuzz one target; return whether nothing was found."""
    corpus, findings, log = (FOLDER / name / part for part in ("corpus", "findings", "log"))
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    known = set(findings.iterdir())
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(seconds), str(corpus), str(findings)]
    with log.open("wb") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    done = next((line for line in reversed(lines) if line.startswith("Done ")), "")
    if status == 0 and done:
        typer.echo(f"{name}: nothing found. {done}")
        return True
    found = sorted(set(findings.iterdir()) - known)
    for path in found:
        typer.echo(f"{name}: broken. Again: python -m tests.fuzz --target {name} --replay {path}")
    if not found:
        last = lines[-1] if lines else "it said nothing"
        typer.echo(f"{name}: the fuzzer ended with status {status}: {last} (see {log})")
    return False


def _play(name: str, data: bytes) -> None:
    from tests.fuzz.targets import TARGETS

    target: Any = TARGETS[name]
    try:
        target.hypothesis.fuzz_one_input(data)
    except Exception:
        target()  # hypothesis has stored the input; it shrinks and shows it
        raise
    typer.echo("nothing is broken")


if __name__ == "__main__":
    app()
