"""The steps of `make smoke`: each says what it proves, and none passes without an observation."""

import json
import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from smoke.__main__ import Outcome, Result, run_steps
from smoke.steps import STEPS, Step, carried_out
from smoke.world import Failed, World

PROJECT = Path(__file__).parents[2]
TEMPLATE = PROJECT / "smoke/ingest_api.yaml"
DOCUMENT = (PROJECT / "docs/smoke.md").read_text(encoding="utf-8")


def world(*, is_emulated: bool = True) -> World:
    """Return a world in which making any client fails the test."""

    def client(service: str) -> Any:
        raise AssertionError(f"{service} was asked")

    nothing: Any = None
    return World("smoke-1", "eu-west-1", is_emulated, {}, client, nothing, "key", PROJECT, PROJECT)


def step(run: Any, why_not: str = "") -> Step:
    return Step("any", "something", run, why_not)


def test_a_step_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        STEPS[0].name = "another"  # type: ignore[misc]


def test_a_step_without_observations_fails() -> None:
    with pytest.raises(Failed, match="nothing was observed: all is well"):
        carried_out(step(lambda world: (0, "all is well")), world())
    assert carried_out(step(lambda world: (1, "one")), world()).text == "one"


def outcomes_of(steps: tuple[Step, ...], *, is_emulated: bool = True) -> list[Outcome]:
    outcomes: list[Outcome] = []
    run_steps(world(is_emulated=is_emulated), steps, outcomes)
    return outcomes


def test_a_step_that_cannot_be_emulated_is_skipped_there_and_runs_in_an_account() -> None:
    only_real = step(lambda world: (1, "seen"), "it has none")
    (outcome,) = outcomes_of((only_real,))
    assert (outcome.result, outcome.text) == (Result.SKIPPED, "it has none")
    (outcome,) = outcomes_of((only_real,), is_emulated=False)
    assert (outcome.result, outcome.text) == (Result.PASSED, "seen")


def test_the_next_step_runs_after_a_failure_unless_it_needs_the_failed_one() -> None:
    def fail(world: World) -> tuple[int, str]:
        raise Failed("it was not there")

    passes = step(lambda world: (1, "seen"))
    assert [each.result for each in outcomes_of((step(fail), passes))] == [Result.FAILED, Result.PASSED]
    deploy = Step("deploy", "something", fail)
    assert [each.result for each in outcomes_of((deploy, passes))] == [Result.FAILED, Result.NOT_REACHED]


def test_the_steps_are_those_of_the_document() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert [(name, proves) for name, proves, _ in rows] == [(each.name, each.proves) for each in STEPS]
    assert [there for *_, there in rows] == [each.why_not_emulated or "yes" for each in STEPS]
    assert len({each.name for each in STEPS}) == len(STEPS)


def test_boto_has_every_call_of_the_steps() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / "smoke").glob("*.py")))
    calls = set(re.findall(r'client\("([a-z0-9]+)"\)\s*\.([a-z0-9_]+)\(', text))
    assert len(calls) > 15
    for service, name in calls:
        client = boto3.client(service, region_name="eu-west-1")
        assert hasattr(client, name), f"{service}.{name}"
    for service, operation in re.findall(
        r'client\("([a-z0-9]+)"\)\s*\.get_paginator\(\s*"([a-z0-9_]+)"', text
    ):
        client = boto3.client(service, region_name="eu-west-1")
        assert client.can_paginate(operation), f"{service}.{operation}"


# --- the ingest API ---


def test_cfn_lint_finds_nothing_in_the_template_of_the_ingest_api() -> None:
    found = lint_file(TEMPLATE, ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [str(match) for match in found] == []


@pytest.mark.parametrize(
    ("answer", "key", "status"), [(200, "k", 200), (400, "k", 400), (500, "k", 500), (200, "x", 401)]
)
def test_the_ingest_api_gives_the_configured_answer(
    answer: int, key: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = yaml_parse(TEMPLATE.read_text("utf-8"))["Resources"]["Function"]["Properties"]["Code"]["ZipFile"]
    assert len(code) <= 4096, "the most that a template takes in place of a file"
    monkeypatch.setenv("ANSWER", str(answer))
    monkeypatch.setenv("KEY", "k")
    names: dict[str, Any] = {}
    exec(code, names)
    event = {"headers": {"x-api-key": key}, "body": json.dumps({"logs": [{"message": "m" * 100}]})}
    assert names["handler"](event, None)["statusCode"] == status
    said = capsys.readouterr().out
    assert said.startswith("arrived ") == (status == 200)
    if said:
        assert json.loads(said.removeprefix("arrived "))["messages"] == ["m" * 80]
