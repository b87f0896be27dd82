"""Helpers that read properties of a template."""

from typing import Any

JsonObject = dict[str, Any]


def properties(stack: JsonObject, logical_id: str) -> JsonObject:
    values: JsonObject = stack["Resources"][logical_id]["Properties"]
    return values


def find(value: object, key: str) -> list[Any]:
    """Return every value of `key`, at any depth."""
    if isinstance(value, dict):
        own = [value[key]] if key in value else []
        return own + [hit for part in value.values() for hit in find(part, key)]
    if isinstance(value, list):
        return [hit for part in value for hit in find(part, key)]
    return []
