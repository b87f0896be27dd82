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


@dataclass(frozen=True)
class Context:
    milliseconds: int = 119_500

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.mark.parametrize(("told", "seconds"), [(119_500, 119.5), (480_000, 120.0)])
def test_the_handler_replays_within_the_time_that_is_left_even_if_the_clock_is_late(
    environ: pytest.MonkeyPatch, told: int, seconds: float
) -> None:
    app = cold_start()
    calls: list[tuple[Any, ...]] = []

    def replay(*arguments: object) -> dict[str, Any]:
        calls.append(arguments)
        return {"batchItemFailures": []}

    environ.setattr(app, "replay", replay)
    event: dict[str, Any] = {"Records": []}
    assert app.handler(event, Context(told)) == {"batchItemFailures": []}
    assert calls == [(event, pipeline.warm_environment(), seconds)]


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
