"""Validate parameters. Each error is one line that names the parameter, its value and what is allowed."""

import re
from collections.abc import Callable, Iterator, Mapping

from loginformant_shipper.settings import SettingsError, load_settings
from loginformant_shipper.settings_check.environments import (
    ENVIRONMENT_MAX_BYTES,
    PARAMETER_OF,
    Place,
    environment_bytes,
    environments,
)
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings

_IN_THE_STACKS_REGION = (
    "CaBundleLayerArn",
    "NotificationTopicArn",
    "KinesisStreamArn",
    "KinesisKmsKeyArn",
    "KmsKeyArn",
)
"""Parameters with an ARN that must be in the stack's region."""

_WHOLE_NUMBERS = (
    "KinesisBatchSize",
    "KinesisBatchingWindowSeconds",
    "KinesisParallelizationFactor",
    "LogRetentionDays",
    "MemorySize",
)
"""Whole numbers that no function reads. CloudFormation's type Number allows 4.5, too."""

_VARIABLES = re.compile(r"\b(" + "|".join(sorted(PARAMETER_OF, key=len, reverse=True)) + r")\b")


_PLACE_IN_THE_STREAM = ("KinesisStartingPosition", "KinesisStartingTimestamp")


def validate_change(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the errors of an update, one line each, even if the new parameters are valid for a new stack.

    The starting position of an event source mapping cannot be changed in place: "Update requires:
    Replacement" ("AWS::Lambda::EventSourceMapping", AWS CloudFormation Template Reference). CloudFormation
    creates the new mapping before it deletes the old one, but Lambda allows only one for a function and a
    source.

    Args:
        old: The current parameters of the stack.
        new: The requested parameters.
    """
    moved = [name for name in _PLACE_IN_THE_STREAM if old.get(name, "") != new.get(name, "")]
    source = _source_of_records(old)
    if moved and "KinesisStartingPosition" in old and source and source == _source_of_records(new):
        told = old.get("KinesisStartingTimestamp") or "nothing"
        # An organization's stream would be deleted, with what was not shipped, and with the ARN to which the
        # stacks of other regions write.
        other_way = (
            ""
            if old.get("OrganizationId")
            else "; or deploy without a stream first, and then with the new values"
        )
        return [
            f"{' and '.join(moved)} cannot be changed while the same stream is read in the same way. Set "
            f"KinesisStartingPosition back to {old['KinesisStartingPosition']} and KinesisStartingTimestamp "
            f"to {told}{other_way}"
        ]
    return []


def _source_of_records(parameters: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return the stream (an organization's stream is the stack's own), and whether a consumer reads it."""
    stream = "its own" if parameters.get("OrganizationId") else parameters.get("KinesisStreamArn")
    return (stream, parameters.get("KinesisEnhancedFanOut") == "true") if stream else None


def validate_parameters(parameters: Mapping[str, str], place: Place) -> list[str]:
    """Return the errors of a stack's parameters, one line each; empty if they are valid.

    Args:
        parameters: Values by name, without `ApiKey`. Missing parameters have the code's defaults.
        place: The region and the name of the stack.
    """
    return [
        *_not_whole(parameters),
        *_elsewhere(parameters, place),
        *_without_time(parameters),
        *_refused_by_the_code(parameters, place),
        *_too_large(parameters, place),
    ]


def _not_whole(parameters: Mapping[str, str]) -> Iterator[str]:
    for name in _WHOLE_NUMBERS:
        if (value := parameters.get(name, "")) and not re.fullmatch("[0-9]+", value):
            yield f"{name} is {value!r}; it must be a whole number"


def _elsewhere(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    for name in _IN_THE_STACKS_REGION:
        arn = parameters.get(name, "").split(":")
        if len(arn) > 3 and arn[3] != place.region:
            yield f"{name} is in region {arn[3]}; it must be in the stack's own region, {place.region}"
    # A secret is read in its own region, with a key of that region.
    key = parameters.get("ApiKeyKmsKeyArn", "").split(":")
    secret = parameters.get("ApiKeySecretArn", "").split(":")
    region = secret[3] if len(secret) > 3 else place.region
    if len(key) > 3 and key[3] != region:
        yield f"ApiKeyKmsKeyArn is in region {key[3]}; it must be in {region}, the region of the API key"


def _without_time(parameters: Mapping[str, str]) -> Iterator[str]:
    """Check the timestamp, which AT_TIMESTAMP requires (CreateEventSourceMapping, Lambda API Reference)."""
    position, time = parameters.get("KinesisStartingPosition"), parameters.get("KinesisStartingTimestamp")
    if (position == "AT_TIMESTAMP") != bool(time):
        yield (
            f"KinesisStartingTimestamp is {time or ''!r}; it must be a time if KinesisStartingPosition is "
            f"AT_TIMESTAMP, and empty otherwise; KinesisStartingPosition is {position}"
        )


def _refused_by_the_code(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    """Load the functions' settings with each parameter alone, so that all errors are found, then with all."""
    told = False
    for name in sorted(set(parameters) & set(PARAMETER_OF.values())):
        for complaint in _complaints({name: parameters[name]}, place):
            told = True
            yield complaint
    if not told:
        yield from _complaints(parameters, place)


def _complaints(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    functions = environments(parameters, place)
    loaders: list[tuple[str, Callable[[Mapping[str, str]], object]]] = [
        ("ReplayFunction", load_settings),  # includes all settings of the shipper
        ("SubscriberFunction", load_subscription_settings),
    ]
    for function, load in loaders:
        try:
            load(functions[function])
        except SettingsError as error:
            yield _VARIABLES.sub(lambda found: PARAMETER_OF[found[1]], str(error))


def _too_large(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    functions = environments(parameters, place)
    del functions["ShipperFunction"]  # never larger than the environment of replay
    for function, environment in functions.items():
        size = environment_bytes(environment)
        if size > ENVIRONMENT_MAX_BYTES:
            named = {name: PARAMETER_OF[name] for name in environment if name in PARAMETER_OF}
            largest = sorted(named, key=lambda name: len(environment[name]), reverse=True)[:3]
            sizes = ", ".join(f"{named[name]} {len(environment[name].encode()):,}" for name in largest)
            yield (
                f"the settings of {function} have {size:,} bytes, but AWS Lambda allows "
                f"{ENVIRONMENT_MAX_BYTES:,}: shorten the longest ({sizes})"
            )
