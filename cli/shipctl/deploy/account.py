"""The AWS account to deploy to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipctl.account import client_config, configuration_errors, session
from shipctl.stack import aws_command

if TYPE_CHECKING:
    import boto3


@dataclass(frozen=True)
class Account:
    """An AWS account and the identity of the caller."""

    id: str
    arn: str
    session: "boto3.Session"
    profile: str | None = None
    """The AWS profile that the user gave."""

    @property
    def region(self) -> str:
        """Return the region of the session."""
        return self.session.region_name

    def aws_command(self, *words: str) -> str:
        """Return a shell command that runs a command of the AWS CLI in this account and region."""
        return aws_command(*words, region=self.region, profile=self.profile)

    def client(self, service: Any) -> Any:
        """Return a client with short timeouts, since a person waits."""
        return self.session.client(service, config=client_config())


def find_account(region: str | None, profile: str | None) -> Account:
    """Return the account of the current credentials.

    Raises `CommandError` without credentials or a region.
    """
    opened = session(region, profile)
    with configuration_errors("Reading the identity of the AWS credentials"):
        caller = opened.client("sts", config=client_config()).get_caller_identity()
    return Account(caller["Account"], caller["Arn"], opened, profile)
