"""What knows what: a step of the pipeline knows the steps before it, never those after it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import loginformant_shipper
import pytest

from tests.unit.sample_data import ENVIRON

PACKAGE = Path(loginformant_shipper.__file__).parent
PROJECT = PACKAGE.parents[2]

ORDER = [
    "reasons",
    "parsing",
    "request_ids",
    "levels",
    "patterns",
    "settings",
    "gunzip",
    "payload_json",
    "subscription",
    "placeholders",
    "private_keys",
    "detectors",
    "redaction",
    "exception_fields",
    "trace_lines",
    "stacktraces",
    "filtering",
    "sources",
    "entries",
    "batching",
    "credentials",
    "ingest",
    "senders",
    "policy",
    "delivery",
    "deadletter",
    "telemetry",
    "account",
    "replay",
    "pipeline",
    "subscriptions",
]
"""In the order in which a log event meets them, behind those that know of no other.

`subscriptions` is the subscriber's: no log event meets it.
"""


def step_of(path: Path) -> str:
    """`levels` for every module of that package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def known_by(path: Path) -> set[str]:
    """The steps that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(level=0, module=str(module)) if module.startswith("loginformant_shipper."):
                found.add(module.split(".")[1])
            case ast.ImportFrom(level=0, module="loginformant_shipper", names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(level=2, module=module, names=names):  # from within `levels`
                found |= {module.split(".")[0]} if module else {name.name for name in names}
            case ast.Import(names=names):
                dotted = [name.name.split(".") for name in names]
                found |= {
                    parts[1] for parts in dotted if parts[0] == "loginformant_shipper" and len(parts) > 1
                }
    return found - {step_of(path)}


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_knows_only_those_before_it(path: Path) -> None:
    assert step_of(path) in ORDER, "a new module: put it where it stands in the order"
    before = set(ORDER[: ORDER.index(step_of(path))])
    assert known_by(path) <= before


def test_the_subscriber_and_the_pipeline_know_nothing_of_each_other() -> None:
    subscriptions = [path for path in MODULES if step_of(path) == "subscriptions"]
    assert subscriptions
    assert set().union(*map(known_by, subscriptions)) <= {"settings", "telemetry"}


def test_imports_are_seen_at_all() -> None:
    assert {"delivery", "settings", "subscription"} <= known_by(PACKAGE / "deadletter.py")
    assert "parsing" in known_by(PACKAGE / "levels" / "__init__.py")


def test_only_the_pipeline_is_known_to_the_shipper_function() -> None:
    assert known_by_function("shipper") == {"pipeline"}


def known_by_function(name: str) -> set[str]:
    tree = ast.parse((PROJECT / "functions" / name / "app.py").read_text())
    return {
        node.module.split(".")[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("loginformant_shipper.")
    }


SLOW = ("boto3", "botocore.session", "botocore.client", "requests", "urllib.request", "asyncio")


@pytest.mark.parametrize("function", ["shipper"])
def test_what_is_slow_to_import_is_not_imported_at_start_up(function: str) -> None:
    program = (
        f"import functions.{function}.app, sys; print(*(name for name in {SLOW!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **ENVIRON},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == []
