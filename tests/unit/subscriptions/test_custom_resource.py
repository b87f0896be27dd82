"""The protocol of custom resources: CloudFormation is answered, and the response URL stays secret."""

from typing import Any

import pytest
from loginformant_shipper.subscriptions.custom_resource import NotAnswered, Request, answer, read_request

from tests.unit.subscriptions.conftest import SECRET, Answers


def event(url: str = "http://127.0.0.1:9/x", **others: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "RequestId": "request-1",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/my-stack/1a2b",
        "ResponseURL": url,
        "ResourceType": "Custom::Subscriptions",
        "LogicalResourceId": "Subscriptions",
        "ResourceProperties": {},
    } | others


def request(url: str, **others: Any) -> Request:
    found = read_request(event(url, **others))
    assert found is not None
    return found


def test_a_successful_request_is_answered_with_success(answers: Answers) -> None:
    answer(request(answers.url))
    assert answers.documents == [
        {
            "Status": "SUCCESS",
            "Reason": "done",
            "PhysicalResourceId": "my-stack-Subscriptions",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/my-stack/1a2b",
            "RequestId": "request-1",
            "LogicalResourceId": "Subscriptions",
        }
    ]
    assert answers.content_types == [""], "the URL is signed without a content type"


def test_a_failure_has_a_reason_within_the_size_limit(answers: Answers) -> None:
    answer(request(answers.url), "ü" * 9000)
    assert answers.documents[0]["Status"] == "FAILED"
    assert len(answers.bodies[0]) < 4096 * 2
    answer(request(answers.url), "x" * 9000)
    assert len(answers.bodies[1]) < 4096


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_the_physical_id_is_kept(kind: str, answers: Answers) -> None:
    answer(request(answers.url, RequestType=kind, PhysicalResourceId="as-it-was"))
    assert answers.documents[0]["PhysicalResourceId"] == "as-it-was"


def test_a_failed_answer_is_sent_again(answers: Answers) -> None:
    answers.statuses = [503, 500]
    pauses: list[float] = []
    answer(request(answers.url), sleep=pauses.append)
    assert len(answers.bodies) == 3
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize("status", [403, 503])
def test_errors_do_not_contain_the_response_url(status: int, answers: Answers) -> None:
    answers.statuses = [status] * 4
    wanted = request(answers.url)
    with pytest.raises(NotAnswered) as failed:
        answer(wanted, sleep=lambda seconds: None)
    assert (
        str(failed.value)
        == f"the response to the Create request of CloudFormation could not be sent: status {status}"
    )
    assert SECRET not in repr(wanted)
    chain = failed.value.__context__, failed.value.__cause__
    assert chain == (None, None)


def test_an_unreachable_host_raises_not_answered() -> None:
    with pytest.raises(NotAnswered, match="could not be sent: ConnectionRefusedError"):
        answer(request("http://127.0.0.1:9/x"), sleep=lambda seconds: None)


@pytest.mark.parametrize(
    "other",
    [{}, {"reconcile": "new"}, {"RequestType": "Create"}, {"RequestType": "Read", "ResponseURL": "x"}],
)
def test_other_events_are_not_requests(other: dict[str, Any]) -> None:
    assert read_request(other) is None
