"""Render a template's resources as CloudFormation does with given parameters, account and region."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[3]
NO_VALUE = object()

JsonObject = dict[str, Any]


def rendered(
    template: str, parameters: Mapping[str, str], *, account: str, region: str, stack: str
) -> JsonObject:
    """Return the properties of the resources that are created, by logical id.

    Args:
        template: Path of the template within the project.
        parameters: Values; those that are absent have their defaults.
        account: The account of the stack.
        region: The region of the stack.
        stack: The stack's name.
    """
    document = yaml_parse((PROJECT / template).read_text(encoding="utf-8"))
    values = {name: str(each.get("Default", "")) for name, each in document["Parameters"].items()}
    values |= parameters
    values |= {
        "AWS::AccountId": account,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackName": stack,
        "AWS::URLSuffix": "amazonaws.com",
    }
    renderer = _Renderer(document, values)
    return {
        name: renderer.value(resource.get("Properties", {}))
        for name, resource in document["Resources"].items()
        if "Condition" not in resource or renderer.holds({"Condition": resource["Condition"]})
    }


class _Renderer:
    def __init__(self, document: JsonObject, values: Mapping[str, str]) -> None:
        self._conditions, self._values = document.get("Conditions", {}), values

    def holds(self, condition: JsonObject) -> bool:
        ((function, argument),) = condition.items()
        match function:
            case "Condition":
                return self.holds(self._conditions[argument])
            case "Fn::Equals":
                left, right = (self.value(each) for each in argument)
                return bool(left == right)
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(map(self.holds, argument))
            case "Fn::Or":
                return any(map(self.holds, argument))
        raise AssertionError(f"no condition: {function}")

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(self.value, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            case {"Ref": name}:
                return self._values.get(name, name)
            case {"Fn::GetAtt": name}:
                return self._attribute(".".join(name) if isinstance(name, list) else name)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self.holds({"Condition": condition}) else otherwise)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.value(parts))
            case {"Fn::Split": [separator, text]}:
                return self.value(text).split(separator)
            case {"Fn::Select": [index, parts]}:
                return self.value(parts)[int(index)]
            case {"Fn::Sub": [str(text), dict(local)]}:
                return self._substituted(text, {name: self.value(each) for name, each in local.items()})
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
        entries = {name: self.value(each) for name, each in value.items()}
        return {name: each for name, each in entries.items() if each is not NO_VALUE}

    def _substituted(self, text: str, local: Mapping[str, str]) -> str:
        def replace(found: re.Match[str]) -> str:
            name = found[1]
            if name in local:
                return local[name]
            return str(self._values.get(name) or self._attribute(name))

        return re.sub(r"\$\{([^}!]+)\}", replace, text)

    def _attribute(self, name: str) -> str:
        """Return an ARN in the form of its service, with a name as CloudFormation generates it."""
        resource, _, attribute = name.partition(".")
        account, region = self._values["AWS::AccountId"], self._values["AWS::Region"]
        if resource in self._values or attribute == "":
            return self._values.get(resource, resource)
        if resource.endswith("Role"):
            return f"arn:aws:iam::{account}:role/{resource}-1A2B3C"
        if resource.endswith("Stream"):
            return f"arn:aws:kinesis:{region}:{account}:stream/{resource}-1A2B3C"
        return f"arn:aws:any:{region}:{account}:{resource}/{attribute}"
