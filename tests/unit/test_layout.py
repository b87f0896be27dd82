"""The order of imports: a stage imports the stages before it, never those after it."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import loginformant_shipper
import pytest

from tests.unit.sample_data import ENVIRON

PACKAGE = Path(loginformant_shipper.__file__).parent
PROJECT = PACKAGE.parents[2]

TABLE_ROW = re.compile(r"^\| `([a-z_/]+)` \|", re.MULTILINE)


def rooms_in_order() -> list[str]:
    """Return the first column of the table of modules: `wire/gunzip` is a module, `levels/` a package."""
    document = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = document.partition("## Modules")[2].partition("### Invariants")[0]
    return TABLE_ROW.findall(modules)


ORDER = rooms_in_order()


def room_of(dotted: str) -> str | None:
    """Return the row of the table to which a module belongs (`levels/` for `levels.words`), or None."""
    path = dotted.replace(".", "/")
    return next(
        (room for room in ORDER if path == room or f"{path}/".startswith(room.rstrip("/") + "/")), None
    )


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported_by(path: Path) -> set[str]:
    """Return the modules of the package that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(level=0, module=str(module), names=names):
                found |= {f"{module}.{name.name}" for name in names}
            case ast.ImportFrom():
                raise AssertionError(f"{path}: imports are absolute")
            case ast.Import(names=names):
                found |= {name.name for name in names}
    ours = {name.removeprefix(f"{PACKAGE.name}.") for name in found if name.startswith(f"{PACKAGE.name}.")}
    return {known for name in ours if (known := _module_in(name))}


def _module_in(name: str) -> str | None:
    """Return the module of an imported name: `wire.gunzip` for the function `wire.gunzip.gunzip`."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        base = PACKAGE.joinpath(*parts[:end])
        if base.with_suffix(".py").exists() or (base / "__init__.py").exists():
            return ".".join(parts[:end])
    return parts[0] if (PACKAGE / parts[0]).is_dir() else None


MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py" or dotted_name(path) in {room.rstrip("/") for room in ORDER}
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_those_above_it_in_the_table(path: Path) -> None:
    room = room_of(dotted_name(path))
    assert room, "a new module: give it a row in the table of modules in docs/architecture.md"
    allowed = {*ORDER[: ORDER.index(room)]} | ({room} if room.endswith("/") else set())
    assert {room_of(module) for module in imported_by(path)} <= allowed


def test_every_row_of_the_table_exists() -> None:
    for room in ORDER:
        base = PACKAGE / room.rstrip("/")
        assert base.is_dir() if room.endswith("/") else base.with_suffix(".py").is_file(), room
    assert len(ORDER) == len(set(ORDER))


def test_no_package_has_more_than_twelve_modules_side_by_side() -> None:
    for folder in (PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir())):
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 12, folder


def test_the_subscriber_and_the_stages_do_not_import_each_other() -> None:
    subscriptions = [path for path in MODULES if room_of(dotted_name(path)) == "subscriptions/"]
    assert subscriptions
    known = {room_of(module) for path in subscriptions for module in imported_by(path)}
    assert known <= {"names", "settings", "telemetry", "subscriptions/"}


@pytest.mark.parametrize("module", ["settings", "telemetry", "ledger"])
def test_modules_that_every_stage_may_use_import_no_stage(module: str) -> None:
    assert imported_by(PACKAGE / f"{module}.py") <= {"names", "failures", "events", "patterns"}


def test_parsing_does_not_import_levels() -> None:
    for path in (PACKAGE / "parsing").glob("*.py"):
        assert not any(module.startswith("levels") for module in imported_by(path)), path


@pytest.mark.parametrize("module", ["delivery/policy", "dead_letters/messages", "dead_letters/replay"])
def test_modules_that_decide_do_no_io(module: str) -> None:
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    assert not {"boto3", "botocore", "urllib3", "socket", "threading"} & set(re.findall(r"\w+", text))


def test_imports_are_found() -> None:
    assert {"settings", "wire.encoding"} <= imported_by(PACKAGE / "dead_letters" / "messages.py")
    assert "parsing.messages" in imported_by(PACKAGE / "levels" / "__init__.py")
    assert "redaction.detectors" in imported_by(PACKAGE / "redaction" / "redact.py")


def test_the_shipper_function_imports_only_the_pipeline() -> None:
    assert {module.split(".")[0] for module in imported_by(PROJECT / "functions/shipper/app.py")} == {
        "pipeline"
    }


SLOW = ("boto3", "botocore.session", "botocore.client", "requests", "urllib.request", "asyncio")
AT_START_UP = {"aws_lambda_powertools", "jmespath", "loginformant_shipper", "msgspec", "orjson", "urllib3"}
MAX_MODULES_AT_START_UP = 170
"""Modules of these packages: 155 on 2026-11-29. Each costs a cold start a third of a millisecond."""


def modules_at_start_up() -> list[str]:
    program = "import functions.shipper.app, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **ENVIRON},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_what_start_up_imports_is_listed_and_bounded() -> None:
    modules = modules_at_start_up()
    assert set(modules).isdisjoint(SLOW)
    ours = [name for name in modules if name.partition(".")[0] in AT_START_UP]
    assert {name.partition(".")[0] for name in ours} == AT_START_UP
    assert len(ours) <= MAX_MODULES_AT_START_UP, sorted(ours)
    places = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    others = {name.partition(".")[0] for name in modules} - AT_START_UP - places
    known = {"functions", "typing_extensions", "botocore"}  # Powertools checks whether botocore is installed
    assert {name for name in others if not name.startswith("_")} <= known
