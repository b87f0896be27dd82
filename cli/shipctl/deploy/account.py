"""The account that is deployed to: found, and found usable, before anything else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipctl.account import aws_errors, client_config, session

if TYPE_CHECKING:
    import boto3


@dataclass(frozen=True)
class Account:
    """An AWS account, and who one is in it."""

    id: str
    arn: str
    session: "boto3.Session"

    @property
    def region(self) -> str:
        """Return the region of the session."""
        return self.session.region_name

    def client(self, service: Any) -> Any:
        """Return a client that gives up soon: a person waits."""
        return self.session.client(service, config=client_config())


def find_account(region: str | None, profile: str | None) -> Account:
    """Return the account of the credentials at hand. Raises `CommandError` without them, or a region."""
    opened = session(region, profile)
    with aws_errors("Looking whose AWS credentials these are"):
        caller = opened.client("sts", config=client_config()).get_caller_identity()
    return Account(caller["Account"], caller["Arn"], opened)
