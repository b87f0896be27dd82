"""Decide like IAM whether policies allow a request, for the elements that the organization's policies use.

The rules: an explicit deny wins; across accounts both the principal's policies and that of the resource must
allow; a condition whose key is missing is false, unless its operator ends in IfExists ("Policy evaluation
logic", "Cross-account policy evaluation logic" and "IAM JSON policy elements: Condition operators", AWS IAM
User Guide). An element or operator that is not understood here is an error.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Policy = Mapping[str, Any]

KNOWN_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True, slots=True)
class Request:
    """Describe one call of an API."""

    action: str
    resource: str
    principal: str
    """ARN of a role or user, or the name of a service."""
    context: Mapping[str, str] = field(default_factory=dict)


def is_allowed(policies: Iterable[Policy], request: Request) -> bool:
    """Return whether at least one of the policies allows the request and none denies it."""
    effects = [
        statement["Effect"]
        for policy in policies
        for statement in _list(policy["Statement"])
        if _applies(statement, request)
    ]
    return "Allow" in effects and "Deny" not in effects


def is_allowed_across_accounts(identity: Iterable[Policy], resource: Policy, request: Request) -> bool:
    """Return whether a principal of one account may make the request for a resource of another account."""
    return is_allowed(identity, request) and is_allowed([resource], request)


def _applies(statement: Policy, request: Request) -> bool:
    if unknown := statement.keys() - KNOWN_ELEMENTS:
        raise ValueError(f"elements that are not understood: {sorted(unknown)}")
    return (
        ("Principal" not in statement or _names(statement["Principal"], request.principal))
        and any(_matches(each, request.action) for each in _list(statement["Action"]))
        and any(_matches(each, request.resource) for each in _list(statement.get("Resource", "*")))
        and all(
            _holds(operator, key, _list(values), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _names(principal: object, asking: str) -> bool:
    match principal:
        case "*":
            return True
        case {"Service": service}:
            return asking in _list(service)
        case {"AWS": arns}:
            accounts = (f"arn:aws:iam::{asking.split(':')[4]}:root",) if asking.startswith("arn:") else ()
            return any(each in ("*", asking, *accounts) for each in _list(arns))
    raise ValueError(f"a principal that is not understood: {principal}")


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringLike": lambda wanted, given: _matches(wanted, given),
    "ArnLike": lambda wanted, given: _arn_matches(wanted, given),
}


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    compare = _OPERATORS.get(operator.removesuffix("IfExists"))
    if compare is None:
        raise ValueError(f"an operator that is not understood: {operator}")
    if key not in context:
        return operator.endswith("IfExists")
    return any(compare(each, context[key]) for each in wanted)


def _arn_matches(pattern: str, arn: str) -> bool:
    """Return whether an ARN matches; a star matches within one of the first five parts, or in the rest."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) and all(map(_matches, wanted, given))


def _matches(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern in which only `*` and `?` are special."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
