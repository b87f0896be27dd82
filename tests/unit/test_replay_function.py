import gc
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from loginformant_shipper import pipeline

from tests.unit.sample_data import ENVIRON

PARKED_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name, value in (ENVIRON | {"PARKED_QUEUE_URL": PARKED_URL}).items():
        monkeypatch.setenv(name, value)
    pipeline.forget()
    yield monkeypatch
    pipeline.forget()


def cold_start() -> ModuleType:
    sys.modules.pop("functions.replay.app", None)
    return importlib.import_module("functions.replay.app")


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 119_500


def test_the_handler_replays_within_the_time_that_is_left(environ: pytest.MonkeyPatch) -> None:
    app = cold_start()
    calls: list[tuple[Any, ...]] = []

    def replay(*arguments: object) -> dict[str, Any]:
        calls.append(arguments)
        return {"batchItemFailures": []}

    environ.setattr(app, "replay", replay)
    event: dict[str, Any] = {"Records": []}
    assert app.handler(event, Context()) == {"batchItemFailures": []}
    assert calls == [(event, pipeline.warm_environment(), 119.5)]


def test_the_function_does_not_start_without_a_parked_queue(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("PARKED_QUEUE_URL")
    with pytest.raises(Exception, match=r"^PARKED_QUEUE_URL is not set"):
        cold_start()


def test_garbage_is_collected_between_invocations_and_not_during_one(environ: pytest.MonkeyPatch) -> None:
    app = cold_start()
    collecting: list[bool] = []

    def run(*arguments: object) -> dict[str, int]:
        collecting.append(gc.isenabled())
        raise ValueError("any")

    environ.setattr(app, "replay", run)
    environ.setattr(gc, "collect", lambda _generation: collecting.append(gc.isenabled()))
    with pytest.raises(ValueError, match="any"):
        app.handler({}, Context())
    assert collecting == [False, True]
