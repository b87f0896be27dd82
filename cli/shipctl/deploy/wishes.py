"""What the user asks for: `--set`, `--unset` and `--parameters`, exactly as typed."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from shipctl.deploy.parameters import Parameter
from shipctl.deploy.refused import Refused

_SECRET = "asks for it, or reads it from standard input: it must not stand in a command, a history or a file"


def read_wishes(
    parameters: Mapping[str, Parameter],
    file: Path | None,
    settings: Iterable[str],
    unset: Iterable[str],
) -> dict[str, str]:
    """Return the values that are asked for, by name. What is not among them stays as it is.

    Args:
        parameters: Those that there are.
        file: Of --parameters: JSON, `{"NAME": "VALUE"}`, or the list that the AWS CLI takes.
        settings: Of --set, `NAME=VALUE`. They win over the file.
        unset: Of --unset, names: back to the default.

    Raises:
        Refused: A name that there is not, a name twice, two settings in one --set, a secret.
    """
    wishes: dict[str, str] = read_file(file) if file else {}
    by_option: dict[str, str] = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign:
            raise Refused(f"--set {text}: give NAME=VALUE, such as --set MaxInFlight=8")
        _once(name, by_option)
        _refuse_another_setting(name, value, parameters)
        by_option[name] = value
    for name in unset:
        _once(name, by_option)
        by_option[name] = parameters[name].default if name in parameters else ""
    wishes |= by_option
    for name, value in wishes.items():
        if name not in parameters:
            raise Refused(f"there is no parameter {name}{_near(name, parameters)}")
        if parameters[name].secret and value:
            raise Refused(f"{name} is not given so: --api-key {_SECRET}")
    return wishes


def read_file(path: Path) -> dict[str, str]:
    """Return the values in a file of parameters. Raises `Refused`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--parameters {path}: {error}") from None
    try:
        # Numbers stay as they are written: 12.50 is no other text.
        document = json.loads(text, object_pairs_hook=_pairs, parse_float=str, parse_int=str)
    except ValueError as error:
        raise Refused(f"--parameters {path}: not JSON: {error}") from None
    match document:
        case {"Parameters": dict(values)}:
            return _texts(values, path)
        case dict(values):
            return _texts(values, path)
        case list(entries):
            return _texts(_listed(entries, path), path)
    raise Refused(f"--parameters {path}: {_ALLOWED}")


_ALLOWED = 'it must hold {"NAME": "VALUE", …}, or [{"ParameterKey": "NAME", "ParameterValue": "VALUE"}, …]'


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} stands there twice")
        found[name] = value
    return found


def _listed(entries: list[object], path: Path) -> dict[str, object]:
    found: list[tuple[str, object]] = []
    for entry in entries:
        match entry:
            case {"ParameterKey": str(name), "ParameterValue": value}:
                found.append((name, value))
            case {"ParameterKey": str(_), "UsePreviousValue": True}:
                pass
            case _:
                raise Refused(f"--parameters {path}: {_ALLOWED}")
    try:
        return _pairs(found)
    except ValueError as error:
        raise Refused(f"--parameters {path}: {error}") from None


def _texts(values: Mapping[str, object], path: Path) -> dict[str, str]:
    texts = {}
    for name, value in values.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, str):
            texts[name] = value
        else:
            raise Refused(f"--parameters {path}: the value of {name} must be a text, a number, true or false")
    return texts


def _once(name: str, given: Mapping[str, str]) -> None:
    if name in given:
        raise Refused(f"{name} is given twice")


def _refuse_another_setting(name: str, value: str, parameters: Mapping[str, Parameter]) -> None:
    """Refuse `Redact=email MaxInFlight=8`, as plain SAM would take it: here it would be one value."""
    for other in re.findall(r"\s(\w+)=", value):
        if other in parameters:
            raise Refused(
                f"--set {name}: {other}= in its value looks like another setting. Give --set once for each "
                f"(shipctl deploy --set {name}=… --set {other}=…), or such a value in a file of --parameters"
            )


def _near(name: str, parameters: Mapping[str, Parameter]) -> str:
    lower = {each.lower(): each for each in parameters}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    return f": is {lower[near[0]]} meant?" if near else ": docs/configuration.md lists them"
