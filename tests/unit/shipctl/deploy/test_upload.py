"""The bucket is found or created, also if another deployment creates it at the same time."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from shipctl.account import aws_errors
from shipctl.deploy import upload as module
from shipctl.deploy.account import Account
from shipctl.errors import CommandError

BUCKET = "loginformant-shipper-123456789012-eu-west-1"
CREATED = {
    "Bucket": BUCKET,
    "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
}

Answers = Callable[[Stubber], None]


def an_account(region: str = "eu-west-1") -> Account:
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name=region)
    return Account("123456789012", "arn", session)


def missing(stub: Stubber) -> None:
    stub.add_client_error("head_bucket", "404", http_status_code=404)


def found(stub: Stubber) -> None:
    stub.add_response(
        "head_bucket", {"BucketRegion": "eu-west-1"}, {"Bucket": BUCKET, "ExpectedBucketOwner": ANY}
    )


def created(stub: Stubber) -> None:
    stub.add_response("create_bucket", {}, CREATED)


def refused(code: str, status: int) -> Answers:
    def answer(stub: Stubber) -> None:
        stub.add_client_error("create_bucket", code, "words of AWS", status, expected_params=CREATED)

    return answer


OWNED = refused("BucketAlreadyOwnedByYou", 409)
ABORTED = refused("OperationAborted", 409)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits, which take no time."""
    waits: list[float] = []
    monkeypatch.setattr("shipctl.deploy.upload.time.sleep", waits.append)
    return waits


def have_bucket(*answers: Answers, may_be_made: bool = True) -> None:
    account = an_account()
    client = account.client("s3")
    with Stubber(client) as stub:
        for answer in answers:
            answer(stub)
        with aws_errors(f"Looking for bucket {BUCKET}"):
            module._have_bucket(client, module.own_bucket(account), account, may_be_made=may_be_made)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("answers", "waited"),
    [
        ([found], []),
        ([missing, created], []),
        ([missing, OWNED], []),
        ([missing, ABORTED, found], [1.0]),
        ([missing, ABORTED, missing, ABORTED, missing, OWNED], [1.0, 2.0]),
        ([missing, ABORTED, missing, created], [1.0]),
    ],
)
def test_two_first_deployments_at_the_same_time_share_the_bucket(
    answers: list[Answers], waited: list[float], waits: list[float]
) -> None:
    have_bucket(*answers)
    assert waits == waited


def test_a_bucket_that_cannot_be_created_for_a_while_is_an_error(waits: list[float]) -> None:
    """S3 also answers so for some time after a bucket of that name was deleted."""
    with pytest.raises(CommandError, match=f"Looking for bucket {BUCKET}: OperationAborted: words of AWS"):
        have_bucket(*[missing, ABORTED] * 4)
    assert waits == [1.0, 2.0, 4.0]


def test_if_the_bucket_may_not_be_created_another_can_be_named(waits: list[float]) -> None:
    with pytest.raises(CommandError) as error:
        have_bucket(missing, refused("AccessDenied", 403))
    assert "you may not create it: access denied: words of AWS. Name an existing bucket" in str(error.value)


def test_a_named_bucket_is_not_created() -> None:
    with pytest.raises(CommandError, match="does not exist: check --bucket, or omit it"):
        have_bucket(missing, may_be_made=False)


def test_a_refused_upload_names_another_way_to_deploy() -> None:
    """A bucket policy can require x-amz-server-side-encryption, which shipctl does not send."""
    account = an_account()
    client = account.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "403", http_status_code=403)
        stub.add_client_error("put_object", "AccessDenied", "explicit deny in a resource-based policy", 403)
        with pytest.raises(
            CommandError, match=r"explicit deny in a resource-based policy\. If .*packaged-stack"
        ):
            module._put(client, BUCKET, "k", lambda: b"1", account)


def test_an_object_that_exists_is_not_uploaded_again() -> None:
    account = an_account()
    client = account.client("s3")
    content: Any = pytest.fail
    with Stubber(client) as stub:
        stub.add_response(
            "head_object", {}, {"Bucket": BUCKET, "Key": "k", "ExpectedBucketOwner": account.id}
        )
        module._put(client, BUCKET, "k", content, account)


@pytest.mark.parametrize(
    ("region", "environment", "address"),
    [
        ("eu-west-1", {}, "https://s3.eu-west-1.amazonaws.com"),
        ("us-east-1", {}, "https://s3.us-east-1.amazonaws.com"),
        ("cn-north-1", {}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://s3.us-east-1.amazonaws.com"),
        ("us-east-2", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://s3.us-east-2.amazonaws.com"),
        ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://s3.us-gov-west-1.amazonaws.com"),
        ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://s3.eu-west-1.amazonaws.com"),
        (
            "eu-west-1",
            {"AWS_ENDPOINT_URL_S3": "https://bucket.vpce-0a1b2c.s3.eu-west-1.vpce.amazonaws.com"},
            "https://s3.eu-west-1.amazonaws.com",
        ),
        ("eu-west-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ("eu-west-1", {"AWS_ENDPOINT_URL_S3": "https://s3.internal:4566"}, "https://s3.internal:4566"),
    ],
)
def test_cloudformation_reads_the_template_from_the_regional_address_of_s3(
    region: str, environment: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever address of AWS the requests from here go to; an emulator has only its own."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    account = an_account(region)
    endpoint = account.client("s3").meta.endpoint_url
    assert module._address_for_cloudformation(account, endpoint) == address
