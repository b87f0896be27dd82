"""Says why parameters cannot work, in one line each, in the words of the one who sets them."""

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
"""Each is used by a service of the stack's own region, which looks for it there and nowhere else."""

_WHOLE_NUMBERS = (
    "KinesisBatchSize",
    "KinesisBatchingWindowSeconds",
    "KinesisParallelizationFactor",
    "LogRetentionDays",
    "MemorySize",
)
"""Those that no function reads. CloudFormation's type Number takes 4.5, too."""

_VARIABLES = re.compile(r"\b(" + "|".join(sorted(PARAMETER_OF, key=len, reverse=True)) + r")\b")


_PLACE_IN_THE_STREAM = ("KinesisStartingPosition", "KinesisStartingTimestamp")


def validate_change(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return what of a change cannot work although both settings can, one line for each trouble.

    Lambda has one event source mapping for a function and a source, CloudFormation makes the new one before
    it removes the old one, and the starting position cannot be changed in place: "Update requires:
    Replacement" ("AWS::Lambda::EventSourceMapping", AWS CloudFormation Template Reference).

    Args:
        old: The parameters of the stack as it is.
        new: Those that it is to have.
    """
    moved = [name for name in _PLACE_IN_THE_STREAM if old.get(name, "") != new.get(name, "")]
    source = _source_of_records(old)
    if moved and "KinesisStartingPosition" in old and source and source == _source_of_records(new):
        told = old.get("KinesisStartingTimestamp") or "nothing"
        return [
            f"{' and '.join(moved)} cannot change while the same stream is read in the same way: Lambda "
            f"keeps its place in it. Set KinesisStartingPosition back to {old['KinesisStartingPosition']} "
            f"and KinesisStartingTimestamp to {told}; or read no stream first, and then set both"
        ]
    return []


def _source_of_records(parameters: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return the stream, and whether a consumer reads it; that of an organization is the stack's own."""
    stream = "its own" if parameters.get("OrganizationId") else parameters.get("KinesisStreamArn")
    return (stream, parameters.get("KinesisEnhancedFanOut") == "true") if stream else None


def validate_parameters(parameters: Mapping[str, str], place: Place) -> list[str]:
    """Return what is wrong with a stack's parameters, one line for each trouble; nothing if they can work.

    Args:
        parameters: Values by name, without `ApiKey`. Those that are absent have the code's defaults.
        place: Where the stack is.
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
        yield f"ApiKeyKmsKeyArn is in region {key[3]}; it must be in that of what it encrypts, {region}"


def _without_time(parameters: Mapping[str, str]) -> Iterator[str]:
    """Lambda wants the time with this position, and with no other (CreateEventSourceMapping, Lambda API)."""
    position, time = parameters.get("KinesisStartingPosition"), parameters.get("KinesisStartingTimestamp")
    if (position == "AT_TIMESTAMP") != bool(time):
        yield (
            f"KinesisStartingTimestamp is {time or ''!r}; it must be a time where KinesisStartingPosition is "
            f"AT_TIMESTAMP, and empty where it is not; that is {position}"
        )


def _refused_by_the_code(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    """Each parameter alone, so that all troubles are told at once; then all together."""
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
        ("ReplayFunction", load_settings),  # it has all that the shipper has, and more
        ("SubscriberFunction", load_subscription_settings),
    ]
    for function, load in loaders:
        try:
            load(functions[function])
        except SettingsError as error:
            yield _VARIABLES.sub(lambda found: PARAMETER_OF[found[1]], str(error))


def _too_large(parameters: Mapping[str, str], place: Place) -> Iterator[str]:
    functions = environments(parameters, place)
    del functions["ShipperFunction"]  # never larger than that of replay
    for function, environment in functions.items():
        size = environment_bytes(environment)
        if size > ENVIRONMENT_MAX_BYTES:
            named = {name: PARAMETER_OF[name] for name in environment if name in PARAMETER_OF}
            largest = sorted(named, key=lambda name: len(environment[name]), reverse=True)[:3]
            sizes = ", ".join(f"{named[name]} {len(environment[name].encode()):,}" for name in largest)
            yield (
                f"the settings of {function} take {size:,} bytes, and AWS Lambda allows "
                f"{ENVIRONMENT_MAX_BYTES:,}: shorten the longest ({sizes})"
            )
