"""The parameters of a template, and the template's rules about them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_VALUE_BYTES = 4096
"""The maximum size of a parameter's value ("AWS CloudFormation quotas", AWS CloudFormation User Guide)."""

JsonObject = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter, as the template declares it."""

    name: str
    default: str
    secret: bool
    """Whether CloudFormation hides the value (`NoEcho`)."""
    declared: JsonObject

    def complaint(self, value: str) -> str | None:
        """Return why the template does not allow a value, or None if it does.

        The line names the parameter.
        """
        if (length := len(value.encode())) > MAX_VALUE_BYTES:
            return f"{self.name} is {length:,} bytes long; it must be at most {MAX_VALUE_BYTES:,}"
        if self._is_allowed(value):
            return None
        shown = "invalid" if self.secret else repr(value)
        if values := self.declared.get("AllowedValues"):
            return f"{self.name} is {shown}; it must be one of {', '.join(map(str, values))}"
        allowed = self.declared.get("ConstraintDescription", "")
        return f"{self.name} is {shown}; it must be {_in_a_sentence(allowed)}"

    def _is_allowed(self, value: str) -> bool:
        declared = self.declared
        if values := declared.get("AllowedValues"):
            return value in map(str, values)
        if declared["Type"] == "Number":
            try:
                number = float(value)
            except ValueError:
                return False
            return bool(declared["MinValue"] <= number <= declared["MaxValue"])
        pattern = re.compile(declared.get("AllowedPattern", ".*"), re.ASCII)
        return len(value) <= declared.get("MaxLength", MAX_VALUE_BYTES) and bool(pattern.fullmatch(value))


def _in_a_sentence(description: str) -> str:
    begins_with_a_name = description[1:2].isupper()  # NAME=VALUE
    first = description[:1] if begins_with_a_name else description[:1].lower()
    return first + description[1:].rstrip(".")


def parameters_of(template: JsonObject) -> dict[str, Parameter]:
    """Return the parameters of a template by name. Every parameter of this template has a default."""
    return {
        name: Parameter(name, str(declared["Default"]), bool(declared.get("NoEcho")), declared)
        for name, declared in template["Parameters"].items()
    }


def broken_rules(template: JsonObject, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the description of each rule of the template that the values break.

    CloudFormation checks the same rules, but only after everything has been uploaded.
    """
    for rule in template.get("Rules", {}).values():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], values):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], values):
                yield str(assertion["AssertDescription"]).strip().rstrip(".")


def _holds(condition: JsonObject, values: Mapping[str, str]) -> bool:
    """Evaluate the functions that the template's rules use ("Rules", AWS CloudFormation User Guide)."""
    ((function, arguments),) = condition.items()
    if function == "Fn::Equals":
        left, right = (values[side["Ref"]] if isinstance(side, Mapping) else side for side in arguments)
        return bool(left == right)
    outcomes = [_holds(argument, values) for argument in arguments]
    return not outcomes[0] if function == "Fn::Not" else {"Fn::And": all, "Fn::Or": any}[function](outcomes)
