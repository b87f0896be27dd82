"""A run is stale when the stack is removed, or when the function has got other settings."""

from collections.abc import Mapping
from io import StringIO

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from loginformant_shipper.subscriptions.staleness import (
    CHECK_SECONDS,
    NOTICED_SECONDS,
    Installation,
    StalenessCheck,
    is_removal,
)

from tests.unit.subscriptions.logs_account import ENVIRON
from tests.unit.subscriptions.test_logs_api import Clock

THAT_STAY = (
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
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
)
SETTINGS = ENVIRON | {"LOG_GROUPS": "/aws/lambda/*"}
OF_LAMBDA = {"AWS_LAMBDA_LOG_GROUP_NAME": "/loginformant/shipper/subscriber"}
"""Variables that Lambda adds."""


@pytest.mark.parametrize("status", THAT_STAY)
def test_a_stack_that_stays_is_not_removed(status: str) -> None:
    assert not is_removal(status)


@pytest.mark.parametrize("status", REMOVALS)
def test_a_deletion_and_the_rollback_of_a_creation_are_removals(status: str) -> None:
    assert is_removal(status)


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


class Stack:
    """A stack and its function, and how often they were read."""

    def __init__(self) -> None:
        self.status: str | Exception = "UPDATE_COMPLETE"
        self.settings: Mapping[str, str] = SETTINGS
        self.reads = 0
        self.clock = Clock()

    def read(self) -> str:
        self.reads += 1
        if isinstance(self.status, Exception):
            raise self.status
        return self.status

    def check(self) -> StalenessCheck:
        installation = Installation(self.read, lambda: self.settings)
        return StalenessCheck(SETTINGS | OF_LAMBDA, installation, self.clock.now)


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_the_state_is_read_again_after_a_while(stack: Stack) -> None:
    check = stack.check()
    assert [check.is_stale() for _ in range(10)] == [False] * 10
    assert stack.reads == 1
    stack.status = "DELETE_IN_PROGRESS"
    stack.clock.sleep(CHECK_SECONDS)
    assert check.is_stale()
    assert stack.reads == 2


def test_cloudformation_waits_longer_than_a_check_is_valid() -> None:
    assert NOTICED_SECONDS > CHECK_SECONDS


def test_a_stale_run_stays_stale_and_says_so_once(stack: Stack, log: StringIO) -> None:
    stack.status = "DELETE_IN_PROGRESS"
    check = stack.check()
    for _ in range(10):
        assert check.is_stale()
        stack.clock.sleep(CHECK_SECONDS)
    assert stack.reads == 1
    assert log.getvalue().count("the run ends without further changes") == 1


@pytest.mark.parametrize(
    ("settings", "is_stale"),
    [
        (SETTINGS, False),
        (SETTINGS | {"LOG_GROUPS": "/ecs/*"}, True),
        (SETTINGS | {"SUBSCRIPTION_FILTER_PATTERN": "ERROR"}, True),
        (SETTINGS | {"LOG_GROUPS": "a b"}, True),
        (SETTINGS | {"POWERTOOLS_LOG_LEVEL": "DEBUG"}, False),
        ({}, False),  # Lambda does not return variables that it could not decrypt.
    ],
)
def test_a_run_is_stale_if_the_function_has_other_settings(
    settings: dict[str, str], is_stale: bool, stack: Stack
) -> None:
    stack.settings = settings
    assert stack.check().is_stale() is is_stale


@pytest.mark.parametrize(
    "error",
    [
        refusal("ValidationError", "Stack with id shipper does not exist"),
        refusal("ResourceNotFoundException", "Function not found"),
    ],
)
def test_a_run_of_a_stack_that_is_gone_is_stale(error: ClientError, stack: Stack) -> None:
    stack.status = error
    assert stack.check().is_stale()


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDenied", "not allowed"),
        refusal("Throttling", "Rate exceeded"),
        EndpointConnectionError(endpoint_url="https://cloudformation"),
    ],
)
def test_a_run_goes_on_while_its_state_cannot_be_read(error: Exception, stack: Stack, log: StringIO) -> None:
    """A permissions boundary may deny it, or the role of a new stack is not in effect yet."""
    stack.status = error
    check = stack.check()
    for _ in range(10):
        assert not check.is_stale()
        stack.clock.sleep(CHECK_SECONDS)
    assert log.getvalue().count("the state of the stack could not be read") == 1
    stack.status = "ROLLBACK_IN_PROGRESS"
    assert check.is_stale()
