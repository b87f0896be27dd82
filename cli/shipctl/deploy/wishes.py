"""The values that the user requests with `--set`, `--unset` and `--parameters`."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from shipctl.deploy.parameters import Parameter
from shipctl.deploy.refused import Refused

_SECRET = (
    "prompts for it or reads it from standard input, so that it is not stored in a shell history or a file"
)


def read_wishes(
    parameters: Mapping[str, Parameter],
    file: Path | None,
    settings: Iterable[str],
    unset: Iterable[str],
) -> dict[str, str]:
    """Return the requested values by parameter. Parameters that are not requested keep their values.

    Args:
        parameters: All parameters of the template, by name.
        file: The file of --parameters: a JSON object `{"NAME": "VALUE"}`, or a list as for the AWS CLI.
        settings: The values of --set, `NAME=VALUE`. They override the file.
        unset: The names of --unset, which are set to their defaults. They override the file.

    Raises:
        Refused: A parameter does not exist, is given twice or is secret, or one --set contains two settings.
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
            raise Refused(f"{name} cannot be given here: --api-key {_SECRET}")
    return wishes


def read_file(path: Path) -> dict[str, str]:
    """Return the values in a file of parameters.

    Raises `Refused` if it cannot be read or has another format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--parameters {path}: {error}") from None
    try:
        # Numbers are kept as they are written: 12.50 must not become 12.5.
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


_ALLOWED = 'it must contain {"NAME": "VALUE", …} or [{"ParameterKey": "NAME", "ParameterValue": "VALUE"}, …]'


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} is given twice")
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
            raise Refused(
                f"--parameters {path}: the value of {name} must be a string, a number, true or false"
            )
    return texts


def _once(name: str, given: Mapping[str, str]) -> None:
    if name in given:
        raise Refused(f"{name} is given twice")


def _refuse_another_setting(name: str, value: str, parameters: Mapping[str, Parameter]) -> None:
    """Reject `Redact=email MaxInFlight=8`: the SAM CLI reads two settings, but here it would be one value."""
    for other in re.findall(r"\s(\w+)=", value):
        if other in parameters:
            raise Refused(
                f"--set {name}: its value contains {other}=, which looks like another setting. Give --set "
                f"once for each setting (shipctl deploy --set {name}=… --set {other}=…). If the text is "
                "part of the value, give it in a file with --parameters"
            )


def _near(name: str, parameters: Mapping[str, Parameter]) -> str:
    lower = {each.lower(): each for each in parameters}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    return f": did you mean {lower[near[0]]}?" if near else ": see docs/configuration.md for all parameters"
