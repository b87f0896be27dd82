"""Read the environment variables into validated settings."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from urllib3.util import parse_url

from loginformant_shipper.names import Detector, Level
from loginformant_shipper.patterns import Pattern, compile_pattern

KIB = 1024
MIB = 1024 * KIB

QUEUE_CONNECT_SECONDS = 2.0
QUEUE_READ_SECONDS = 5.0
QUEUE_ATTEMPTS = 3
QUEUE_WORST_CASE_SECONDS = QUEUE_ATTEMPTS * (QUEUE_CONNECT_SECONDS + QUEUE_READ_SECONDS) + 3.0
"""The maximum duration of one request to the dead-letter queue: every attempt times out, and botocore's
standard retry mode waits up to 1 s and then up to 2 s between them (boto3 guide, "Retries")."""

RESERVE_MARGIN_SECONDS = 1.0
"""The time for telemetry and the response after the last request to the queue."""

MEMORY_OF_ONE_PROCESSOR = 1769
"""The memory in MB with which a function has the equivalent of one vCPU. CPU power is proportional to memory
("Configure Lambda function memory", AWS Lambda Developer Guide)."""

NO_STACK = "local"
"""The stack's name if the code runs outside a stack."""

DEFAULT_INGEST_URL = "https://app.loginformant.com"

PROPERTIES_OF_THE_SHIPPER = frozenset(
    {
        "accountId",
        "continued",
        "eventId",
        "eventIds",
        "logGroup",
        "logStream",
        "originalTimestamp",
        "region",
        "requestId",
    }
)
"""Names that `PROPERTIES` cannot set, since the shipper sets them itself."""

PROPERTIES_TO_LEAVE_OUT = PROPERTIES_OF_THE_SHIPPER - {"continued", "originalTimestamp"}
"""The names that `LEAVE_OUT_PROPERTIES` can have. The other two are rare, and describe changes of a log."""

_PROPERTY = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]{0,63})\s*=\s*([^\x00-\x1f\x7f]{0,256}?)\s*")
_TAG = re.compile(r"[A-Za-z0-9_.:/=+@-]{1,128}")
_PERCENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,6})?")

_Value = TypeVar("_Value")


class SettingsError(Exception):
    """An invalid setting. The text names the variable, its value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the shipper and of replay, validated."""

    stack_name: str
    """The value of the metrics' dimension `Stack`."""
    ingest_url: str
    """The base URL of the ingest API, without a trailing slash."""
    api_key_secret_arn: str | None
    api_key_parameter_name: str | None
    dead_letter_queue_url: str
    parked_queue_url: str | None
    """The URL of the parked queue; None for the shipper."""
    max_replays: int
    """The number of rejections in replay after which a log is parked."""
    own_log_groups: frozenset[str]
    """The log groups of the stack's functions, which are not shipped, since that would be a loop."""
    batch_max_logs: int
    batch_max_bytes: int
    max_in_flight: int
    request_timeout_seconds: float
    """The timeout of one request, including name resolution and the TLS handshake."""
    max_decompressed_bytes: int
    default_level: Level
    minimum_level: Level
    """The lowest level that is shipped."""
    include_pattern: Pattern | None
    exclude_pattern: Pattern | None
    sample_percent: float
    """The percentage of logs below Warning that is shipped, from 0 to 100."""
    redact: tuple[Detector, ...]
    redact_pattern: Pattern | None
    properties: Mapping[str, str]
    """Properties to add to every log."""
    tag_properties: tuple[str, ...]
    """Names of log group tags to add to every log as properties."""
    left_out_properties: frozenset[str]
    """Properties of the shipper that are omitted."""
    log_group_arns: str
    """The prefix of the ARNs of log groups in this account and region; empty if it is not known."""
    region: str
    processor_share: float
    """The function's share of one processor, up to 1."""
    function_timeout_seconds: float
    """The timeout of the function."""
    proxy_url: str | None = field(repr=False)
    """The URL of the proxy for the ingest API, from HTTPS_PROXY and NO_PROXY. It may contain a password."""
    ca_bundle: str | None
    """The path of a PEM file with certificate authorities to trust in addition to the public ones."""


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables (docs/configuration.md).

    A blank variable counts as not set, since CloudFormation sets a variable to an empty text if its parameter
    is empty.

    Raises:
        SettingsError: A value is invalid; only the first one is reported.
    """
    secret_arn = environ.get("API_KEY_SECRET_ARN", "").strip() or None
    parameter_name = environ.get("API_KEY_PARAMETER_NAME", "").strip() or None
    if (secret_arn is None) == (parameter_name is None):
        raise SettingsError(
            "exactly one of API_KEY_SECRET_ARN and API_KEY_PARAMETER_NAME must be set, but "
            + ("neither is" if secret_arn is None else "both are")
        )
    ingest_url = _read(environ, "INGEST_URL", DEFAULT_INGEST_URL, _base_address)
    settings = Settings(
        stack_name=stack_name_in(environ),
        ingest_url=ingest_url,
        api_key_secret_arn=secret_arn,
        api_key_parameter_name=parameter_name,
        dead_letter_queue_url=_read(environ, "DEAD_LETTER_QUEUE_URL", None, _queue_url),
        parked_queue_url=_read(
            environ, "PARKED_QUEUE_URL", "", lambda text: _queue_url(text) if text else None
        ),
        max_replays=_read(environ, "MAX_REPLAYS", "3", _whole_number(1, 100)),
        own_log_groups=_own_log_groups(environ),
        batch_max_logs=_read(environ, "BATCH_MAX_LOGS", "500", _whole_number(1, 500)),
        batch_max_bytes=_read(environ, "BATCH_MAX_BYTES", str(MIB), _whole_number(KIB, 64 * MIB)),
        max_in_flight=_read(environ, "MAX_IN_FLIGHT", "8", _whole_number(1, 64)),
        request_timeout_seconds=_read(environ, "REQUEST_TIMEOUT_SECONDS", "10", _whole_number(1, 600)),
        max_decompressed_bytes=_read(
            environ, "MAX_DECOMPRESSED_BYTES", str(64 * MIB), _whole_number(MIB, 1024 * MIB)
        ),
        default_level=_read(environ, "DEFAULT_LEVEL", Level.INFORMATION.value, _level),
        minimum_level=_read(environ, "MINIMUM_LEVEL", Level.DEBUG.value, _level),
        include_pattern=_read(environ, "INCLUDE_PATTERN", "", _pattern),
        exclude_pattern=_read(environ, "EXCLUDE_PATTERN", "", _pattern),
        sample_percent=_read(environ, "SAMPLE_PERCENT", "100", _percent),
        redact=_read(environ, "REDACT", "", _detectors),
        redact_pattern=_read(environ, "REDACT_PATTERN", "", _pattern),
        properties=_read(environ, "PROPERTIES", "", _properties),
        tag_properties=_read(environ, "TAG_PROPERTIES", "", _tags),
        left_out_properties=_read(environ, "LEAVE_OUT_PROPERTIES", "", _left_out),
        log_group_arns=environ.get("LOG_GROUP_ARNS", "").strip(),
        region=environ.get("AWS_REGION", "").strip(),
        processor_share=_read(
            environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(MEMORY_OF_ONE_PROCESSOR), _processor_share
        ),
        function_timeout_seconds=_read(environ, "FUNCTION_TIMEOUT_SECONDS", "120", _whole_number(1, 900)),
        proxy_url=proxy_url_for(environ, urlsplit(ingest_url).hostname or ""),
        ca_bundle=environ.get("CA_BUNDLE", "").strip() or None,
    )
    room = settings.function_timeout_seconds - QUEUE_WORST_CASE_SECONDS - RESERVE_MARGIN_SECONDS
    if settings.request_timeout_seconds > room:
        raise SettingsError(
            f"REQUEST_TIMEOUT_SECONDS is {settings.request_timeout_seconds:g}; it must be at most {room:g}, "
            "so that one request and storing in the dead-letter queue fit into FUNCTION_TIMEOUT_SECONDS, "
            f"which is {settings.function_timeout_seconds:g}"
        )
    return settings


def stack_name_in(environ: Mapping[str, str]) -> str:
    """Return the name of the stack in which the code runs, or `NO_STACK` outside a stack."""
    return environ.get("STACK_NAME", "").strip() or NO_STACK


def _read(
    environ: Mapping[str, str], name: str, default: str | None, convert: Callable[[str], _Value]
) -> _Value:
    text = environ.get(name, "").strip() or default
    if text is None:
        raise SettingsError(f"{name} is not set")
    try:
        return convert(text)
    except ValueError as allowed:
        raise SettingsError(f"{name} is {text!r}; it must be {allowed}") from None


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"a whole number from {least} to {most}")

    return convert


def _level(text: str) -> Level:
    try:
        return Level(text)
    except ValueError:
        raise ValueError("one of " + ", ".join(level.value for level in Level)) from None


def _pattern(text: str) -> Pattern | None:
    return compile_pattern(text) if text else None


def _processor_share(text: str) -> float:
    return min(_whole_number(1, 1024 * 1024)(text) / MEMORY_OF_ONE_PROCESSOR, 1.0)


def _percent(text: str) -> float:
    if _PERCENT.fullmatch(text) and float(text) <= 100:
        return float(text)
    raise ValueError("a number from 0 to 100, with at most six decimals")


def _detectors(text: str) -> tuple[Detector, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return tuple(dict.fromkeys(map(Detector, names)))
    except ValueError:
        raise ValueError("one or more, separated by commas, of " + ", ".join(Detector)) from None


def _properties(text: str) -> Mapping[str, str]:
    properties: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        found = _PROPERTY.fullmatch(part)
        if not found or found[1] in PROPERTIES_OF_THE_SHIPPER or found[1] in properties:
            raise ValueError(
                "NAME=VALUE pairs separated by commas. A name consists of letters, digits and _.-, occurs "
                f"once, and is not one of {', '.join(sorted(PROPERTIES_OF_THE_SHIPPER))}. {part.strip()!r} "
                "is not allowed"
            )
        properties[found[1]] = found[2]
    return properties


def _tags(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if not _TAG.fullmatch(name) or name in PROPERTIES_OF_THE_SHIPPER or names.count(name) > 1:
            raise ValueError(
                "names of tags separated by commas. A name consists of letters, digits and _.:/=+@-, occurs "
                f"once, and is not one of {', '.join(sorted(PROPERTIES_OF_THE_SHIPPER))}. {name!r} is not "
                "allowed"
            )
    return names


def _left_out(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if names <= PROPERTIES_TO_LEAVE_OUT:
        return names
    raise ValueError("one or more, separated by commas, of " + ", ".join(sorted(PROPERTIES_TO_LEAVE_OUT)))


def _base_address(text: str) -> str:
    address = _split(text)
    plain = address.scheme == "http" and _is_loopback(address.hostname or "")
    if (
        (address.scheme == "https" or plain)
        and address.hostname
        and not (address.username or address.password or address.query or address.fragment)
    ):
        return text.rstrip("/")
    raise ValueError(
        "https://HOST, without a user name, query or fragment (http:// is allowed only for a loopback "
        "address, since the API key must not be sent unencrypted)"
    )


def proxy_url_for(environ: Mapping[str, str], host: str) -> str | None:
    """Return the URL of the proxy for HTTPS requests to a host, or None, from HTTPS_PROXY and NO_PROXY.

    Raises:
        SettingsError: HTTPS_PROXY is not the URL of a proxy.
    """
    proxy = environ.get("HTTPS_PROXY", environ.get("https_proxy", "")).strip()
    if not proxy:
        return None
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # only here: it is slow to import

    exceptions = environ.get("NO_PROXY", environ.get("no_proxy", ""))
    if _is_loopback(host) or proxy_bypass_environment(host, {"no": exceptions}):
        return None
    address = _split(proxy)
    if address.scheme in ("http", "https") and address.hostname:
        return proxy
    raise SettingsError("HTTPS_PROXY must be http://HOST:PORT or https://HOST:PORT")


def _split(text: str) -> SplitResult:
    """Return the parts of a URL; all are empty if its host or port is invalid."""
    try:
        parse_url(text)  # as the request will be parsed
        address = urlsplit(text)
        _ = address.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return address


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _queue_url(text: str) -> str:
    address = _split(text)
    if address.scheme in ("http", "https") and address.hostname and address.path.count("/") >= 2:
        return text
    raise ValueError("the URL of an SQS queue, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")


def _own_log_groups(environ: Mapping[str, str]) -> frozenset[str]:
    listed = environ.get("OWN_LOG_GROUPS", "").split(",")
    names = {name.strip() for name in (*listed, environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""))}
    return frozenset(names - {""})
