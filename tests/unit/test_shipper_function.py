import gc
import importlib
import sys
from collections.abc import Iterator
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


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 119_500


def test_the_handler_ships_within_the_time_that_is_left(environ: pytest.MonkeyPatch) -> None:
    app = cold_start()
    calls: list[tuple[Any, ...]] = []

    def ship(*arguments: object) -> dict[str, int]:
        calls.append(arguments)
        return {"received": 1}

    environ.setattr(app, "ship", ship)
    event: dict[str, Any] = {"awslogs": {"data": ""}}
    assert app.handler(event, Context()) == {"received": 1}
    assert calls == [(event, pipeline.warm_environment(), 119.5)]


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
