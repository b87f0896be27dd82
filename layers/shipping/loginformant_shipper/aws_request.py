"""Make a signed request to an AWS API without botocore.

Importing botocore and creating a client would take most of a cold start. This module handles only the common
case: credentials in the environment, as Lambda sets them, and an endpoint that is certain. In all other cases
    it raises `NotPossible`, and the caller uses botocore.

Throttling, 5xx responses and broken connections are retried once after a random pause. A timeout is not
retried, since the caller needs the remaining time.
"""

import hashlib
import hmac
import os
import random
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import urllib3

from loginformant_shipper.connections import connection_pool, tls_context
from loginformant_shipper.events import JsonObject
from loginformant_shipper.settings import SettingsError, proxy_url_for

MAX_PAUSE_SECONDS = 1.0
"""The maximum pause before the second attempt, as in botocore's standard mode (boto3 guide, "Retries")."""

_CERTAIN_REGION = re.compile(r"(?:us-gov|us|ca|mx|sa|eu|il|me|af|ap)-[a-z]{4,9}-\d\d?")
"""Regions of the partitions `aws` and `aws-us-gov`, whose endpoints end with `amazonaws.com`. Regions in
China, of the European sovereign cloud (`eusc-`) and of isolated partitions (`us-iso-`, `eu-iso-`) do not
match."""

_FOR_BOTOCORE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "ALL_PROXY",
    "all_proxy",
)
"""Environment variables that only botocore supports."""

_FOR_BOTOCORE_WITH_TLS = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")

_THROTTLING = re.compile(rb"Throttl|TooManyRequests|LimitExceeded|SlowDown")
_TIMED_OUT = (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.ReadTimeoutError)


class NotPossible(Exception):
    """The request must be made with botocore. No request was sent."""


class NotAnswered(Exception):
    """The request was sent, and was rejected or had no usable response. The text says why."""


class Throttled(NotAnswered):
    """The last request was throttled."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of an AWS API."""

    service: str
    """The service's name in endpoints and signatures."""
    endpoint_variable: str
    """The environment variable for a custom endpoint ("Service-specific endpoints", AWS SDKs and Tools
    Reference Guide)."""
    target: str
    """The value of the header `X-Amz-Target` in the JSON protocol."""


GET_SECRET_VALUE = Operation("secretsmanager", "SECRETS_MANAGER", "secretsmanager.GetSecretValue")
GET_PARAMETER = Operation("ssm", "SSM", "AmazonSSM.GetParameter")
LIST_TAGS_FOR_RESOURCE = Operation("logs", "CLOUDWATCH_LOGS", "Logs_20140328.ListTagsForResource")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials with which requests are signed."""

    access_key: str
    secret_key: str
    token: str = ""


def call(
    operation: Operation,
    parameters: JsonObject,
    region: str | None = None,
    *,
    connect_seconds: float,
    read_seconds: float,
    attempts: int,
    tls: ssl.SSLContext | None = None,
) -> JsonObject:
    """Make a request to an AWS API and return the response.

    Args:
        operation: The operation to call.
        parameters: The members of the request.
        region: The region. None: the region of the environment.
        connect_seconds: The timeout of each attempt to connect.
        read_seconds: The timeout of each wait for data.
        attempts: The maximum number of requests.
        tls: The TLS context to use. None: a new one.

    Raises:
        NotPossible: The request must be made with botocore.
        NotAnswered: The request was sent, and was rejected or had no usable response.
        Throttled: The last request was throttled.
    """
    environ = os.environ
    credentials = _credentials(environ)
    region = region or environ.get("AWS_DEFAULT_REGION", "")
    endpoint = _endpoint(operation, region, environ)
    host = urlsplit(endpoint).netloc
    body = orjson.dumps(parameters)
    timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
    with _pool(endpoint, environ, tls) as pool:
        for attempt in range(1, attempts + 1):
            is_throttled = False
            headers = signed_headers(credentials, operation, region, host, body, datetime.now(UTC))
            try:
                answer = pool.urlopen(
                    "POST", "/", body, headers, retries=False, redirect=False, timeout=timeout
                )
            except _TIMED_OUT as error:
                raise NotAnswered(f"{endpoint} did not answer in time") from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                trouble = f"{type(error).__name__} at {endpoint}"
            else:
                if answer.status == 200:
                    return _object(answer.data)
                trouble = _refusal(answer)
                is_throttled = _THROTTLING.search(answer.data) is not None
                if answer.status < 500 and not is_throttled:
                    break
            if attempt < attempts:
                time.sleep(random.uniform(0, MAX_PAUSE_SECONDS))
    raise Throttled(trouble) if is_throttled else NotAnswered(trouble)


def signed_headers(
    credentials: Credentials, operation: Operation, region: str, host: str, body: bytes, now: datetime
) -> dict[str, str]:
    """Return the headers of a signed request to `/` ("Create a signed AWS API request", IAM User Guide)."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": moment,
        **({"x-amz-security-token": credentials.token} if credentials.token else {}),
        "x-amz-target": operation.target,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{operation.service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, "
        f"Signature={key.hex()}"
    )
    return headers


def _credentials(environ: Mapping[str, str]) -> Credentials:
    """Return the credentials in Lambda's environment variables, which SnapStart does not set."""
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not (access_key and secret_key):
        raise NotPossible("no credentials in the environment")
    _refuse(_FOR_BOTOCORE, environ)
    if os.path.isfile(os.path.expanduser(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")):
        raise NotPossible("a configuration file")
    token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN") or ""
    return Credentials(access_key, secret_key, token)


def _refuse(variables: tuple[str, ...], environ: Mapping[str, str]) -> None:
    for name in variables:
        if environ.get(name):
            raise NotPossible(name)


def _endpoint(operation: Operation, region: str, environ: Mapping[str, str]) -> str:
    configured = environ.get(f"AWS_ENDPOINT_URL_{operation.endpoint_variable}")
    configured = configured or environ.get("AWS_ENDPOINT_URL")
    if configured and region:
        address = urlsplit(configured)
        if address.scheme in ("http", "https") and address.path in ("", "/") and "@" not in address.netloc:
            return configured
    elif _CERTAIN_REGION.fullmatch(region):
        return f"https://{operation.service}.{region}.amazonaws.com"
    raise NotPossible("an endpoint that only botocore can determine")


def _pool(
    endpoint: str, environ: Mapping[str, str], tls: ssl.SSLContext | None
) -> urllib3.HTTPConnectionPool:
    address = urlsplit(endpoint)
    try:
        if address.scheme == "https":
            _refuse(_FOR_BOTOCORE_WITH_TLS, environ)
            proxy_url = proxy_url_for(environ, address.hostname or "")
            return connection_pool(endpoint, proxy_url, tls or tls_context(None))
        _refuse(("HTTP_PROXY", "http_proxy"), environ)
        return connection_pool(endpoint, None, None)
    except (SettingsError, urllib3.exceptions.HTTPError, ValueError) as error:
        raise NotPossible(str(error)) from error


def _object(answer: bytes) -> JsonObject:
    with suppress(ValueError):
        value = orjson.loads(answer)
        if isinstance(value, dict):
            return value
    raise NotAnswered("the response is not a JSON object")


def _refusal(answer: urllib3.BaseHTTPResponse) -> str:
    """Return the error in a response (`__type` and `message` in the "AWS JSON 1.1 protocol" of Smithy)."""
    with suppress(ValueError):
        match orjson.loads(answer.data):
            case {"__type": str(name), **rest}:
                text = rest.get("message") or rest.get("Message") or ""
                return f"HTTP {answer.status}, {name.rpartition('#')[2]}: {text}"
    return f"HTTP {answer.status}"
