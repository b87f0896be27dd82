"""Build the environment variables of each function from the stack's parameters, as the template does.

`tests/unit/settings_check/test_environments.py` compares them with the template.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

ENVIRONMENT_MAX_BYTES = 4096
"""The maximum size of all variables of a function ("Lambda quotas", AWS Lambda Developer Guide)."""

_SHIPPER_PARAMETERS = (
    "IngestUrl",
    "DefaultLevel",
    "MinimumLevel",
    "IncludePattern",
    "ExcludePattern",
    "SamplePercent",
    "Redact",
    "RedactPattern",
    "Properties",
    "TagProperties",
    "LeaveOutProperties",
    "BatchMaxLogs",
    "BatchMaxBytes",
    "MaxInFlight",
    "RequestTimeoutSeconds",
    "MaxDecompressedBytes",
)
_SUBSCRIBER_PARAMETERS = (
    "LogGroups",
    "ExcludeLogGroups",
    "SubscriptionFilterPattern",
    "SubscribeAccount",
    "SubscribeRequestsPerSecond",
)
_LEFT_OUT_IF_EMPTY = ("HttpsProxy", "NoProxy")
_REPLAY_PARAMETERS = ("MaxReplays",)
_CA_BUNDLE = dict.fromkeys(("CA_BUNDLE", "AWS_CA_BUNDLE"), "/opt/ca-bundle.pem")

_ACCOUNT = "0" * 12
_LONGEST_QUEUE_NAME = "x" * 80
_LONGEST_FUNCTION_NAME = "x" * 64
_LONGEST_SECRET_NAME = "ApiKeySecret-" + "x" * 12 + "-" + "x" * 6


@dataclass(frozen=True, slots=True)
class Place:
    """The region and the name of a stack."""

    region: str
    stack_name: str


def variable_of(parameter: str) -> str:
    """Return the environment variable of a parameter, such as `MAX_IN_FLIGHT` for `MaxInFlight`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()


PARAMETER_OF = {
    variable_of(name): name
    for name in (
        "ApiKeySecretArn",
        "ApiKeyParameterName",
        *_SHIPPER_PARAMETERS,
        *_REPLAY_PARAMETERS,
        *_SUBSCRIBER_PARAMETERS,
        *_LEFT_OUT_IF_EMPTY,
    )
}
"""The parameters by environment variable."""


def environments(parameters: Mapping[str, str], place: Place) -> dict[str, dict[str, str]]:
    """Return the environment variables of each function that uses settings, by the function's logical id.

    Values that the stack creates (URLs of queues, ARNs) are not known in advance. Values of the maximum
    length are used instead.
    """
    shipper = {
        "STACK_NAME": place.stack_name,
        **_given(parameters, _SHIPPER_PARAMETERS),
        **{variable_of(name): parameters[name] for name in _LEFT_OUT_IF_EMPTY if parameters.get(name)},
        **(_CA_BUNDLE if parameters.get("CaBundleLayerArn") else {}),
        **_own_log_groups(place),
        **_api_key(parameters, place),
        "DEAD_LETTER_QUEUE_URL": _queue_url(place),
        "LOG_GROUP_ARNS": f"arn:aws-us-gov:logs:{place.region}:{_ACCOUNT}:log-group:",
        "FUNCTION_TIMEOUT_SECONDS": "120",
    }
    subscriber = {
        "STACK_NAME": place.stack_name,
        **_given(parameters, _SUBSCRIBER_PARAMETERS),
        **_own_log_groups(place),
        "SUBSCRIPTION_FILTER_NAME": f"{place.stack_name}-subscriber",
        "SHIPPER_FUNCTION_ARN": (
            f"arn:aws-us-gov:lambda:{place.region}:{_ACCOUNT}:function:{_LONGEST_FUNCTION_NAME}"
        ),
    }
    replay = shipper | _given(parameters, _REPLAY_PARAMETERS) | {"PARKED_QUEUE_URL": _queue_url(place)}
    return {"ShipperFunction": shipper, "ReplayFunction": replay, "SubscriberFunction": subscriber}


def environment_bytes(environment: Mapping[str, str]) -> int:
    r"""Return the size of an environment as Lambda measures it: the size of its compact JSON.

    Lambda's error message quotes it: `… exceeded the 4KB limit. String measured: {"A":"[{\"arn\": …`
    (github-aws-runners/terraform-aws-github-runner, issue 3594).
    """
    return len(json.dumps(dict(environment), separators=(",", ":"), ensure_ascii=False).encode())


def _given(parameters: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {variable_of(name): parameters[name] for name in names if name in parameters}


def _own_log_groups(place: Place) -> dict[str, str]:
    functions = ("shipper", "replay", "subscriber", "settings-check")
    return {"OWN_LOG_GROUPS": ",".join(f"/loginformant/{place.stack_name}/{each}" for each in functions)}


def _api_key(parameters: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return one of the two variables for the API key.

    A rule of the template ensures that only one is set.
    """
    if name := parameters.get("ApiKeyParameterName"):
        return {"API_KEY_PARAMETER_NAME": name}
    new = f"arn:aws-us-gov:secretsmanager:{place.region}:{_ACCOUNT}:secret:{_LONGEST_SECRET_NAME}"
    return {"API_KEY_SECRET_ARN": parameters.get("ApiKeySecretArn") or new}


def _queue_url(place: Place) -> str:
    return f"https://sqs.{place.region}.amazonaws.com.cn/{_ACCOUNT}/{_LONGEST_QUEUE_NAME}"
