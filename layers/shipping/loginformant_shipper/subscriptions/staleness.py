"""End a run that is stale: CloudFormation removes the stack, or the function has got other settings.

CloudFormation does not wait for invocations that are under way. A scheduled run may create filters again that
the deletion of the stack has removed, and so may the first deployment if CloudFormation cancels it because
another resource failed (aws/aws-cdk, issue 26139). A cancelled update keeps running beside that of its
rollback (aws/aws-cdk, issue 31541).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loginformant_shipper.settings import SettingsError
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings
from loginformant_shipper.telemetry import logger

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CHECK_SECONDS = 2.0
"""How long the result of a check is valid."""

NOTICED_SECONDS = CHECK_SECONDS + 8.0
"""How long a request of CloudFormation waits before it changes anything. By then stale runs have noticed, and
their last requests have ended, unless AWS takes longer than usual to answer one."""


def is_removal(status: str) -> bool:
    """Return whether CloudFormation removes a stack with this status, or has removed it.

    A creation that fails ends in `ROLLBACK_…` ("Stack status codes", AWS CloudFormation User Guide). An
    update that removes filters changes the settings of the function first.
    """
    return status.startswith(("DELETE_", "ROLLBACK_"))


@dataclass(frozen=True)
class Installation:
    """The stack and the function as they are now. Its functions raise the errors of botocore."""

    stack_status: Callable[[], str]
    """Returns the status of the stack."""
    variables: Callable[[], Mapping[str, str]]
    """Returns the environment variables that the function is configured with."""


@dataclass
class StalenessCheck:
    """Finds out whether a run is stale.

    A run whose state cannot be read is not: logs are worth more than a filter less. The role of a stack that
    is being created may be allowed to read it only some seconds later.
    """

    environ: Mapping[str, str]
    """The environment variables of the run."""
    installation: Installation
    now: Callable[[], float]
    _is_stale: bool = field(default=False, init=False)
    _valid_until: float = field(default=float("-inf"), init=False)
    _was_unreadable: bool = field(default=False, init=False)

    def is_stale(self) -> bool:
        """Return whether the run is stale. Reads it at most every `CHECK_SECONDS`."""
        if not self._is_stale and self.now() >= self._valid_until:
            reason = self._reason()
            if reason:
                self._is_stale = True
                logger.info("the run ends without further changes", reason=reason)
            self._valid_until = self.now() + CHECK_SECONDS
        return self._is_stale

    def _reason(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            status = self.installation.stack_status()
            variables = self.installation.variables()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and _is_gone(error):
                return "the stack is deleted"
            if not self._was_unreadable:
                logger.warning("the state of the stack could not be read", error=str(error))
            self._was_unreadable = True
            return ""
        if is_removal(status):
            return f"the status of the stack is {status}"
        return "the function has got other settings" if self._has_changed(variables) else ""

    def _has_changed(self, variables: Mapping[str, str]) -> bool:
        try:
            current = load_subscription_settings({**self.environ, **variables})
        except SettingsError:
            return True
        return current != load_subscription_settings(self.environ)


def _is_gone(error: "ClientError") -> bool:
    """Return whether the error says that the stack or the function does not exist."""
    code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return code == "ResourceNotFoundException" or (code == "ValidationError" and "does not exist" in text)
