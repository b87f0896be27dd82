"""Tags are read once for a log group, within bounds, and never delay or stop logs."""

from collections.abc import Callable, Mapping
from threading import Event

import boto3
import pytest
from loginformant_shipper import log_group_tags
from loginformant_shipper.events import Origin
from loginformant_shipper.log_group_tags import (
    FAILURE_KEPT_SECONDS,
    KEPT_SECONDS,
    MAX_LOG_GROUPS,
    MAX_REQUESTS_PER_MINUTE,
    LogGroupTags,
    read_tags_of_log_group,
)

ARNS = "arn:aws:logs:eu-west-1:123456789012:log-group:"
ORDERS = Origin("123456789012", "/aws/lambda/orders", "stream")
TAGS = {"team": "shop", "environment": "test", "cost": "7"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Reader:
    """Answers with tags and keeps the ARNs that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Mapping[str, str] | Exception = TAGS

    def __call__(self, arn: str) -> Mapping[str, str]:
        self.asked.append(arn)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def tags(clock: Clock, reader: Reader) -> LogGroupTags:
    return LogGroupTags(("team", "environment", "owner"), ARNS, reader, clock)


def test_the_wanted_tags_of_a_log_group_are_returned(tags: LogGroupTags, reader: Reader) -> None:
    assert tags.of(ORDERS) == {"team": "shop", "environment": "test"}
    assert reader.asked == [f"{ARNS}/aws/lambda/orders"]


def test_tags_are_read_once_and_kept_for_some_time(tags: LogGroupTags, reader: Reader, clock: Clock) -> None:
    for _ in range(5):
        tags.of(ORDERS)
    assert len(reader.asked) == 1
    clock.now += KEPT_SECONDS + 1
    reader.answer = {"team": "orders"}
    tags.begin_invocation()
    assert tags.of(ORDERS) == {"team": "shop", "environment": "test"}  # until the new ones are read
    wait_until(lambda: tags.of(ORDERS) == {"team": "orders"})
    assert len(reader.asked) == 2


def test_a_failure_is_remembered_and_logs_are_shipped_without_tags(
    tags: LogGroupTags, reader: Reader, clock: Clock
) -> None:
    reader.answer = PermissionError("logs:ListTagsForResource is not allowed")
    assert tags.of(ORDERS) == tags.of(ORDERS) == {}
    assert len(reader.asked) == 1
    clock.now += FAILURE_KEPT_SECONDS + 1
    reader.answer = TAGS
    wait_until(lambda: tags.of(ORDERS) == {"team": "shop", "environment": "test"})


@pytest.mark.parametrize("origin", [ORDERS._replace(owner="210987654321"), ORDERS._replace(owner="")])
def test_no_request_is_sent_for_a_log_group_of_another_account(
    tags: LogGroupTags, reader: Reader, origin: Origin
) -> None:
    assert tags.of(origin) == {}
    assert reader.asked == []


def test_no_request_is_sent_if_no_tags_are_wanted(reader: Reader) -> None:
    assert LogGroupTags((), ARNS, reader).of(ORDERS) == {}
    assert LogGroupTags(("team",), "", reader).of(ORDERS) == {}
    assert reader.asked == []


def test_the_number_of_requests_a_minute_is_bounded(tags: LogGroupTags, reader: Reader, clock: Clock) -> None:
    for number in range(MAX_REQUESTS_PER_MINUTE + 10):
        tags.of(ORDERS._replace(log_group=f"group-{number}"))
    assert len(reader.asked) == MAX_REQUESTS_PER_MINUTE
    clock.now += 61
    tags.begin_invocation()
    assert tags.of(ORDERS) != {}


def test_an_invocation_does_not_wait_for_tags_that_do_not_come(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_group_tags, "MAX_WAIT_SECONDS", 0.01)
    may_answer = Event()

    def slow(arn: str) -> Mapping[str, str]:
        may_answer.wait(10)
        return TAGS

    tags = LogGroupTags(("team",), ARNS, slow, clock)
    assert tags.of(ORDERS) == {}
    may_answer.set()
    wait_until(lambda: tags.of(ORDERS) == {"team": "shop"})


def test_the_number_of_remembered_log_groups_is_bounded(tags: LogGroupTags, clock: Clock) -> None:
    for number in range(MAX_LOG_GROUPS + 50):
        clock.now += 60 / MAX_REQUESTS_PER_MINUTE + 0.1
        tags.begin_invocation()
        tags.of(ORDERS._replace(log_group=f"group-{number}"))
    assert len(tags._known) <= MAX_LOG_GROUPS


def wait_until(holds: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(500):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to hold")


class TestReading:
    """Tags are read with one request without botocore, or with botocore where that is not possible."""

    @pytest.fixture
    def arn(self, aws: None) -> str:
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName="/aws/lambda/orders", tags=TAGS)
        return f"{ARNS}/aws/lambda/orders"

    def test_tags_are_read_without_botocore(self, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("botocore.session.get_session", None)
        assert read_tags_of_log_group(arn) == TAGS

    def test_tags_are_read_with_botocore_if_necessary(
        self, arn: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_AUTH_SCHEME_PREFERENCE", "sigv4")
        assert read_tags_of_log_group(arn) == TAGS
