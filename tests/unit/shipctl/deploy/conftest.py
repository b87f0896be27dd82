"""The parameters of the real template."""

from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]
from shipctl.deploy.live_stack import LiveStack
from shipctl.deploy.parameters import Parameter, parameters_of

PROJECT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session")
def parameters(template: dict[str, Any]) -> dict[str, Parameter]:
    return parameters_of(template)


def live_stack(parameters: dict[str, Parameter], **values: str) -> LiveStack:
    """Return a stack of the current template with `values`; other parameters have their defaults."""
    defaults = {name: each.default for name, each in parameters.items()}
    return LiveStack("id", "UPDATE_COMPLETE", defaults | {"ApiKey": "****"} | values, defaults, [])
