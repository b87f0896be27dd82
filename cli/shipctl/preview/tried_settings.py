"""The settings of a preview: those of a stack, with some replaced by options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from loginformant_shipper.names import Detector, Level
from loginformant_shipper.settings import Settings, SettingsError, load_settings
from loginformant_shipper.settings_check.environments import variable_of

from shipctl.errors import CommandError
from shipctl.option_blocks import optional
from shipctl.stack import Stack

TRIED_PANEL = "Settings to try instead of the stack's (see docs/filtering.md)"

NOT_OF_INTEREST = {
    "API_KEY_PARAMETER_NAME": "none",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.invalid/000000000000/none",
}
"""Required settings that do not affect what is shown."""

FILTERS = ("MinimumLevel", "IncludePattern", "ExcludePattern", "SamplePercent")
SHOWN = ("DefaultLevel", *FILTERS, "Redact", "RedactPattern", "Properties", "LeaveOutProperties")
"""The parameters of a stack that affect which logs are sent and what they contain."""


def _tried(option: str, words: str, metavar: str, **more: Any) -> Any:
    return optional(option, metavar, words, TRIED_PANEL, **more)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An option for each of these settings. An empty value unsets it."""

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
        """Return the given settings by the names of the stack's parameters."""
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
    """Return the settings of a preview.

    Args:
        stack: The stack whose settings are used. None: the defaults.
        tried: Settings that replace those of the stack, by the names of its parameters.
        region: The AWS region of the log events.

    Raises:
        CommandError: A setting is invalid, or the stack's settings cannot be read.
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
    """Replace the name of the environment variable in an error by that of the option or parameter."""
    for name in SHOWN:
        variable = variable_of(name)
        if error.startswith(f"{variable} "):
            if name in tried:
                return error.replace(variable, f"--{variable.lower().replace('_', '-')}", 1)
            return f"{error.replace(variable, name, 1)}: use the shipctl with which the stack was deployed"
    return error


def not_applied(stack: Stack | None, tried: Mapping[str, str]) -> str:
    """Return how these settings differ from those of the stack; empty if they are the same."""
    if stack is None:
        filters = "filters, sampling, redaction and properties"
        if tried:
            return f"only the given options are applied; for {filters} of a stack, give --stack NAME"
        return f"{filters} of a stack are not applied: to apply them, give --stack NAME"
    if stack.parameters.get("TagProperties"):
        return "TagProperties is not applied, since the tags of log groups are not read"
    return ""
