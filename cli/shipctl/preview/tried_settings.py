"""The settings by which logs are shown: those of a stack, with what is tried instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from loginformant_shipper.names import Detector, Level
from loginformant_shipper.settings import Settings, SettingsError, load_settings
from loginformant_shipper.settings_check.environments import variable_of

from shipctl.errors import CommandError
from shipctl.option_blocks import optional
from shipctl.stack import Stack

TRIED_PANEL = "Settings to try, in place of the stack's (see docs/filtering.md)"

NOT_OF_INTEREST = {
    "API_KEY_PARAMETER_NAME": "none",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.invalid/000000000000/none",
}
"""Settings that must be there, and that change nothing of what is shown."""

FILTERS = ("MinimumLevel", "IncludePattern", "ExcludePattern", "SamplePercent")
SHOWN = ("DefaultLevel", *FILTERS, "Redact", "RedactPattern", "Properties", "LeaveOutProperties")
"""The parameters of a stack that say which logs are sent, and what of them."""


def _tried(option: str, words: str, metavar: str, **more: Any) -> Any:
    return optional(option, metavar, words, TRIED_PANEL, **more)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An option for each of these settings; '' is as if it were not set."""

    default_level: Annotated[
        Level | None,
        _tried(
            "--default-level",
            "The level of logs in which no rule finds one (DefaultLevel).",
            "LEVEL",
            case_sensitive=False,
        ),
    ] = None
    minimum_level: Annotated[
        Level | None,
        _tried(
            "--minimum-level",
            "Send only logs with this level or a higher one (MinimumLevel).",
            "LEVEL",
            case_sensitive=False,
        ),
    ] = None
    include_pattern: Annotated[
        str | None,
        _tried(
            "--include-pattern", "Send only logs whose message contains a match (IncludePattern).", "PATTERN"
        ),
    ] = None
    exclude_pattern: Annotated[
        str | None,
        _tried(
            "--exclude-pattern",
            "Do not send logs whose message contains a match (ExcludePattern).",
            "PATTERN",
        ),
    ] = None
    sample_percent: Annotated[
        str | None,
        _tried(
            "--sample-percent", "Send this percentage of the logs below Warning (SamplePercent).", "NUMBER"
        ),
    ] = None
    redact: Annotated[
        str | None,
        _tried("--redact", f"Detectors, separated by commas: {', '.join(Detector)} (Redact).", "NAMES"),
    ] = None
    redact_pattern: Annotated[
        str | None, _tried("--redact-pattern", "Redact what matches this pattern (RedactPattern).", "PATTERN")
    ] = None
    properties: Annotated[
        str | None,
        _tried(
            "--properties",
            "Properties to add to every log: NAME=VALUE, separated by commas (Properties).",
            "TEXT",
        ),
    ] = None
    leave_out_properties: Annotated[
        str | None,
        _tried(
            "--leave-out-properties",
            "Properties of the shipper that are not added (LeaveOutProperties).",
            "NAMES",
        ),
    ] = None

    def parameters(self) -> Mapping[str, str]:
        """Return what was given, by the names of the stack's parameters."""
        given = {
            "DefaultLevel": self.default_level,
            "MinimumLevel": self.minimum_level,
            "IncludePattern": self.include_pattern,
            "ExcludePattern": self.exclude_pattern,
            "SamplePercent": self.sample_percent,
            "Redact": self.redact,
            "RedactPattern": self.redact_pattern,
            "Properties": self.properties,
            "LeaveOutProperties": self.leave_out_properties,
        }
        return {name: str(value) for name, value in given.items() if value is not None}


def settings_for(stack: Stack | None, tried: Mapping[str, str], region: str) -> Settings:
    """Return the stack's settings, or the defaults without one, with those that are tried in their place.

    Both by the names of parameters. Raises `CommandError`.
    """
    parameters = stack.parameters if stack else {}
    chosen = {name: tried.get(name, parameters.get(name, "")) for name in SHOWN}
    environ = NOT_OF_INTEREST | {variable_of(name): value for name, value in chosen.items()}
    own = [value for name, value in stack.outputs.items() if name.endswith("LogGroupName")] if stack else []
    try:
        return load_settings(environ | {"AWS_REGION": region, "OWN_LOG_GROUPS": ",".join(own)})
    except SettingsError as error:
        raise CommandError(_explained(str(error), tried)) from None


def _explained(error: str, tried: Mapping[str, str]) -> str:
    """Name the option, or the parameter, in the place of the variable."""
    for name in SHOWN:
        variable = variable_of(name)
        if error.startswith(f"{variable} "):
            if name in tried:
                return error.replace(variable, f"--{variable.lower().replace('_', '-')}", 1)
            return f"{error.replace(variable, name, 1)}: use the shipctl that the stack was deployed with"
    return error


def not_applied(stack: Stack | None, tried: Mapping[str, str]) -> str:
    """Return what a reader has to know of these settings; empty where they are those of a stack as it is."""
    if stack is None:
        filters = "filters, sampling, redaction and properties"
        if tried:
            return f"only what is given here is applied, and not {filters} of a stack: --stack NAME does"
        return f"{filters} of a stack are not applied: --stack NAME applies them"
    if stack.parameters.get("TagProperties"):
        return "TagProperties are left out: the tags of log groups are not read"
    return ""
