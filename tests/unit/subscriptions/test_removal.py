"""No filters are created once CloudFormation removes what the stack has created."""

from io import StringIO

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from loginformant_shipper.subscriptions.removal import (
    CHECK_SECONDS,
    NOTICED_SECONDS,
    RemovalCheck,
    is_removal,
)

from tests.unit.subscriptions.test_logs_api import Clock

ALLOWED = (
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
REMOVALS = (
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)


@pytest.mark.parametrize("status", ALLOWED)
def test_filters_may_be_created_in_a_stack_that_stays(status: str) -> None:
    assert not is_removal(status)


@pytest.mark.parametrize("status", REMOVALS)
def test_no_filters_may_be_created_while_resources_are_removed(status: str) -> None:
    assert is_removal(status)


class Stack:
    """A stack whose status can be read, and how often it was."""

    def __init__(self, status: str = "UPDATE_COMPLETE") -> None:
        self.status: str | Exception = status
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if isinstance(self.status, Exception):
            raise self.status
        return self.status


def test_the_status_is_read_again_after_a_while() -> None:
    stack, clock = Stack(), Clock()
    check = RemovalCheck(stack.read, clock.now)
    for _ in range(10):
        assert check.allows_filters()
    assert stack.reads == 1
    stack.status = "DELETE_IN_PROGRESS"
    clock.sleep(CHECK_SECONDS)
    assert not check.allows_filters()
    assert stack.reads == 2


def test_a_removal_waits_longer_than_a_status_is_valid() -> None:
    assert NOTICED_SECONDS > CHECK_SECONDS


def test_a_removal_is_noticed_once(log: StringIO) -> None:
    stack, clock = Stack("DELETE_IN_PROGRESS"), Clock()
    check = RemovalCheck(stack.read, clock.now)
    for _ in range(10):
        assert not check.allows_filters()
        clock.sleep(CHECK_SECONDS)
    assert stack.reads == 1
    assert log.getvalue().count("no more filters are created") == 1


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "DescribeStacks"),
        EndpointConnectionError(endpoint_url="https://cloudformation"),
    ],
)
def test_filters_are_created_if_the_status_cannot_be_read(error: Exception, log: StringIO) -> None:
    """A permissions boundary may deny it, or the role of a new stack is not in effect yet."""
    stack, clock = Stack(), Clock()
    stack.status = error
    check = RemovalCheck(stack.read, clock.now)
    for _ in range(10):
        assert check.allows_filters()
        clock.sleep(CHECK_SECONDS)
    assert log.getvalue().count("the status of the stack could not be read") == 1
    stack.status = "ROLLBACK_IN_PROGRESS"
    assert not check.allows_filters()
