import gc
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from loginformant_shipper import pipeline

from tests.unit.sample_data import ENVIRON


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    pipeline.forget()
    yield monkeypatch
    pipeline.forget()


def cold_start() -> ModuleType:
    sys.modules.pop("functions.shipper.app", None)
    return importlib.import_module("functions.shipper.app")


@dataclass(frozen=True)
class Context:
    milliseconds: int = 119_500

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.mark.parametrize(("told", "seconds"), [(119_500, 119.5), (480_000, 120.0)])
def test_the_handler_ships_within_the_time_that_is_left_even_if_the_clock_is_late(
    environ: pytest.MonkeyPatch, told: int, seconds: float
) -> None:
    app = cold_start()
    calls: list[tuple[Any, ...]] = []

    def ship(*arguments: object) -> dict[str, int]:
        calls.append(arguments)
        return {"received": 1}

    environ.setattr(app, "ship", ship)
    event: dict[str, Any] = {"awslogs": {"data": ""}}
    assert app.handler(event, Context(told)) == {"received": 1}
    assert calls == [(event, pipeline.warm_environment(), seconds)]


def test_an_invalid_setting_fails_at_start_up(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("INGEST_URL", "http://logs.example.com")
    with pytest.raises(Exception, match=r"^INGEST_URL is"):
        cold_start()


def test_garbage_is_collected_between_invocations_and_not_during_one(environ: pytest.MonkeyPatch) -> None:
    app = cold_start()
    collecting: list[bool] = []

    def run(*arguments: object) -> dict[str, int]:
        collecting.append(gc.isenabled())
        raise ValueError("any")

    environ.setattr(app, "ship", run)
    environ.setattr(gc, "collect", lambda _generation: collecting.append(gc.isenabled()))
    with pytest.raises(ValueError, match="any"):
        app.handler({}, Context())
    assert collecting == [False, True]
