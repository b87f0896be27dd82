"""An AWS account at the other end: its session, and its errors as one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loginformant_shipper import __version__

from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

CONNECT_SECONDS = 5
READ_SECONDS = 60


def session(region: str | None, profile: str | None) -> "boto3.Session":
    """Return a session as the AWS CLI would have it; `None` is what environment and configuration files say.

    Raises `CommandError` if there is no such profile, or no region.
    """
    import boto3  # only here and below: its import is slow, and not every command needs an account

    with aws_errors("Reading the AWS configuration"):
        opened = boto3.Session(region_name=region, profile_name=profile)
    if not opened.region_name:
        raise CommandError(
            "no AWS region: give --region, set AWS_REGION, or put a region into the profile (aws configure)"
        )
    return opened


def client_config() -> "Config":
    """For every client of a command: a person waits, so it gives up soon."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra=f"shipctl/{__version__}",
    )


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn each error of AWS within the block into a `CommandError`.

    `doing` says what the command was doing: the beginning of the line that the user is shown.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"{doing}: {explain(error)}") from error


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
    "ThrottlingException": "AWS limits the rate of requests; try again in a moment",
    "Throttling": "AWS limits the rate of requests; try again in a moment",
}
"""What an error code means. "Common Error Types" in the API references of AWS's services."""


def explain(error: "BotoCoreError | ClientError") -> str:
    """Return what went wrong and what to do, in a few words and on one line."""
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _refusal(error)
    match error:
        case aws.NoCredentialsError():
            return "no AWS credentials: give --profile, sign in (aws sso login), or set AWS_ACCESS_KEY_ID"
        case aws.SSOError() | aws.TokenRetrievalError() | aws.LoginError():
            return f"the AWS sign-in is not valid or has expired; {_SIGN_IN_AGAIN}"
        case aws.ProfileNotFound():
            return f"{error}: aws configure list-profiles shows those there are"
        case aws.ConnectionError() | aws.ConnectTimeoutError():
            return f"{_sentence(error)}: check the network, the proxy and the --region"
    return _sentence(error)


def _refusal(error: "ClientError") -> str:
    code = error.response.get("Error", {}).get("Code", "")
    message = _sentence(error.response.get("Error", {}).get("Message", ""))
    known = _REFUSALS.get(code)
    if known is None:
        return f"{code}: {message}" if message else code
    # AWS's own words name the identity, the action and the resource, which nobody can guess.
    return f"{known}: {message}" if message else known


def _sentence(words: object) -> str:
    return " ".join(str(words).split()).rstrip(".")
