"""Create no more filters once CloudFormation removes what the stack has created.

CloudFormation does not wait for other invocations before it requests that the filters be removed: a scheduled
run may be under way, or the first deployment, which CloudFormation cancels if another resource fails
(aws/aws-cdk, issue 26139). A filter that such an invocation creates after the removal would stay.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from loginformant_shipper.telemetry import logger

CHECK_SECONDS = 2.0
"""The minimum number of seconds between two requests for the status of the stack."""

NOTICED_SECONDS = CHECK_SECONDS + 3.0
"""How long a removal waits before it begins. A status read just before is no longer valid then, and the
requests that followed it have ended."""


def is_removal(status: str) -> bool:
    """Return whether CloudFormation removes resources in this status of a stack, or has removed them.

    "Understand stack creation events" and "Stack status codes", AWS CloudFormation User Guide: a creation
    that fails ends in `ROLLBACK_…`; an update removes resources in `…_CLEANUP_IN_PROGRESS`.
    """
    return status.startswith(("DELETE_", "ROLLBACK_")) or status.endswith("_CLEANUP_IN_PROGRESS")


@dataclass
class RemovalCheck:
    """Finds out whether an invocation may create filters.

    While the status of the stack cannot be read, filters are created: logs are worth more than a filter less.
    The role of a stack that is being created may be allowed to read it only some seconds later.
    """

    stack_status: Callable[[], str]
    """Returns the status of the stack."""
    now: Callable[[], float]
    _valid_until: float = field(default=float("-inf"), init=False)
    _is_removal: bool = field(default=False, init=False)
    _was_unreadable: bool = field(default=False, init=False)

    def allows_filters(self) -> bool:
        """Return whether filters may be created. What was read is valid for `CHECK_SECONDS`."""
        from botocore.exceptions import BotoCoreError, ClientError

        if self._is_removal or self.now() < self._valid_until:
            return not self._is_removal
        try:
            status = self.stack_status()
        except (BotoCoreError, ClientError) as error:
            if not self._was_unreadable:
                logger.warning("the status of the stack could not be read", error=str(error))
            self._was_unreadable = True
        else:
            self._is_removal = is_removal(status)
            if self._is_removal:
                logger.info("no more filters are created: CloudFormation removes resources", status=status)
        self._valid_until = self.now() + CHECK_SECONDS
        return not self._is_removal
