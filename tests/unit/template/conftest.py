"""Fixtures with the stack's template as written and as transformed by SAM."""

import copy
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[3]

JsonObject = dict[str, Any]


class NoManagedPolicies:
    """Stand in for the list of AWS managed policies, of which the stack uses none."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="session")
def template() -> JsonObject:
    """Return template.yaml with short forms such as `!Ref` expanded."""
    parsed: JsonObject = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session")
def stack(template: JsonObject) -> JsonObject:
    """Return the CloudFormation template that the SAM transform makes of template.yaml."""
    source = copy.deepcopy(template)
    for resource in source["Resources"].values():
        for location in ("CodeUri", "ContentUri"):
            if location in resource["Properties"]:
                resource["Properties"][location] = "s3://bucket/key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        transformed: JsonObject = transform(source, {}, NoManagedPolicies())
    return transformed
