"""Sessions and client settings for an AWS account, and its errors in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loginformant_shipper import __version__

from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

CONNECT_SECONDS = 5
READ_SECONDS = 60


def session(region: str | None, profile: str | None) -> "boto3.Session":
    """Return a session that is configured like the AWS CLI.

    Args:
        region: The AWS region. None: the region of the environment or the configuration files.
        profile: The name of a profile. None: the profile of the environment, or the default profile.

    Raises:
        CommandError: There is no such profile, or no region is configured.
    """
    import boto3  # only here and below: its import is slow, and not every command needs an account
    from botocore.session import Session

    from shipctl.role_cache import keep_roles

    with configuration_errors("Reading the AWS configuration"):
        core = Session()
        opened = boto3.Session(region_name=region, profile_name=profile, botocore_session=core)
        keep_roles(core)
    if not opened.region_name:
        raise CommandError(
            "no AWS region: give --region, set AWS_REGION, or add a region to the profile (aws configure)"
        )
    return opened


def client_config() -> "Config":
    """Return the configuration of all clients of a command, with short timeouts, since a person waits."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra=f"shipctl/{__version__}",
    )


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn each AWS error within the block into a `CommandError`.

    Args:
        doing: What the command is doing, such as "Reading the alarms". The error message begins with it.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise CommandError(f"{doing}: {explain(error)}") from error
    except EOFError as error:  # of the question that botocore asks for a profile with `mfa_serial`
        raise CommandError(
            f"{doing}: the profile requires an MFA code, and there is no terminal to ask for it. Run the "
            "command in a terminal first: other commands then use the same session until it expires"
        ) from error


@contextmanager
def configuration_errors(doing: str) -> Iterator[None]:
    """Turn each AWS error within the block, and each of the configuration, into a `CommandError`.

    For the first request of a command and the creation of its client. botocore lets errors through of what
    the configuration names: a `credential_process` that does not exist or prints no JSON
    (boto/botocore#2779), a token file that does not exist, an endpoint without a scheme.

    Args:
        doing: As in `aws_errors`.
    """
    try:
        with aws_errors(doing):
            yield
    except (OSError, ValueError) as error:
        raise CommandError(f"{doing}: check the AWS configuration: {_sentence(error)}") from error


_THROTTLED = ("ThrottlingException", "Throttling", "ThrottledException", "RequestLimitExceeded")
_WITHIN_AWS = ("ServiceException", "InternalFailure", "InternalError", "ServiceUnavailable")
"""Codes of errors within AWS."""


def is_about_the_request(error: BaseException | None) -> bool:
    """Return whether an error is one of the request, and not of the stack.

    The request failed for the caller's credentials or permissions, the rate of requests, the network, or
    within AWS.
    """
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return error is not None
    code = error.response.get("Error", {}).get("Code", "")
    return code in _REFUSALS or code in _WITHIN_AWS


def is_temporary(error: BaseException | None) -> bool:
    """Return whether a later attempt may succeed without a change of anything.

    AWS limits the rate of requests, has an error of its own, or cannot be reached.
    """
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code in _THROTTLED or int(status) >= 500
    return isinstance(error, (aws.ConnectionError, aws.HTTPClientError)) and not isinstance(
        error, aws.SSLError
    )


def is_refused(error: BaseException | None) -> bool:
    """Return whether AWS has certainly not done what was requested.

    AWS answered with a client error, or the request was never sent. After any other error, such as a server
    error or a connection that was closed, AWS may have done it.
    """
    from botocore import exceptions as aws

    match error:
        case aws.ClientError():
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            return int(status) < 500 or error.response["Error"].get("Code") in _REFUSALS
        case aws.SSLError():  # in the handshake, or later
            return "CERTIFICATE_VERIFY_FAILED" in str(error)
        case aws.HTTPClientError() | aws.IncompleteReadError():
            return False
    return isinstance(error, aws.BotoCoreError)


_SIGN_IN_AGAIN = "sign in again (aws sso login, aws login), or renew the credentials"
_CHECK_CREDENTIALS = "check the access key and the --profile in use"

_REFUSALS = {
    "AccessDenied": "access denied",
    "AccessDeniedException": "access denied",
    "UnauthorizedOperation": "access denied",
    "ExpiredToken": f"the AWS credentials have expired; {_SIGN_IN_AGAIN}",
    "ExpiredTokenException": f"the AWS credentials have expired; {_SIGN_IN_AGAIN}",
    "InvalidClientTokenId": f"AWS does not know these credentials; {_CHECK_CREDENTIALS}",
    "UnrecognizedClientException": f"AWS does not know these credentials; {_CHECK_CREDENTIALS}",
    "InvalidSignatureException": f"AWS does not accept the signature; {_CHECK_CREDENTIALS} and the clock",
    "SignatureDoesNotMatch": f"AWS does not accept the signature; {_CHECK_CREDENTIALS} and the clock",
    "RequestExpired": "the clock of this machine is wrong, or the request took too long",
    **dict.fromkeys(_THROTTLED, "AWS limits the rate of requests; try again in a moment"),
}
"""Messages by error code ("Common Error Types" in the API references of the AWS services)."""


def explain(error: Exception) -> str:
    """Return one line that says what went wrong and what to do."""
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    if isinstance(error, aws.ClientError):
        return _refusal(error)
    if isinstance(error, getattr(aws, "LoginError", ())):  # not in all versions that pyproject.toml allows
        return f"the AWS sign-in is not valid or has expired; {_SIGN_IN_AGAIN}"
    match error:
        case aws.NoCredentialsError():
            return "no AWS credentials: give --profile, sign in (aws sso login), or set AWS_ACCESS_KEY_ID"
        case aws.RefreshWithMFAUnsupportedError():
            return "the session with MFA has expired: run the command again, which asks for a new MFA code"
        case aws.SSOError() | aws.TokenRetrievalError():
            return f"the AWS sign-in is not valid or has expired; {_SIGN_IN_AGAIN}"
        case ResponseParserError():
            return "what answered is not AWS: check the network, the proxy and AWS_ENDPOINT_URL"
        case aws.ProfileNotFound():
            return f"{error}: to list the profiles, run aws configure list-profiles"
        case aws.SSLError():
            return f"{_sentence(error)}: check AWS_CA_BUNDLE, the proxy and the clock"
        case aws.ConnectionError() | aws.ConnectTimeoutError():
            return f"{_sentence(error)}: check the network, the proxy and the --region"
    return _sentence(error)


def _refusal(error: "ClientError") -> str:
    code = error.response.get("Error", {}).get("Code", "")
    message = _sentence(error.response.get("Error", {}).get("Message", ""))
    known = _REFUSALS.get(code)
    if known is None:
        return f"{code}: {message}" if message else code
    # The message from AWS names the identity, the action and the resource.
    return f"{known}: {message}" if message else known


def _sentence(words: object) -> str:
    return " ".join(str(words).split()).rstrip(".")
