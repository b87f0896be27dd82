"""Puts what is to be deployed into a bucket, where CloudFormation and Lambda read it.

The template has more than the 51,200 bytes that CloudFormation takes directly; in S3 it may have 1 MB
("CreateChangeSet", AWS CloudFormation API Reference).
"""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from shipctl.account import aws_errors
from shipctl.deploy.account import Account
from shipctl.deploy.artefacts import Artefacts, archive_of, name_of
from shipctl.errors import CommandError

_PREFIX = "loginformant-shipper"


def upload(account: Account, artefacts: Artefacts, bucket: str | None) -> str:
    """Upload code and template, each under its digest, unless they are there. Returns the template's URL.

    Args:
        account: Where to.
        artefacts: What.
        bucket: A bucket that is there. None: one of our own, which is made if need be.

    Raises:
        CommandError: S3 refuses something.
    """
    client = account.client("s3")
    name = bucket or own_bucket(account)
    with aws_errors(f"Looking for bucket {name}"):
        _have_bucket(client, name, account, may_be_made=bucket is None)
    with aws_errors(f"Uploading to bucket {name}"):
        addresses = {}
        for logical_id, code in artefacts.code():
            key = f"{_PREFIX}/{name_of(code)}.zip"
            _put(client, name, key, partial(archive_of, code), account)
            addresses[logical_id] = f"s3://{name}/{key}"
        template = json.dumps(artefacts.template_with(addresses), ensure_ascii=False).encode()
        key = f"{_PREFIX}/{hashlib.sha256(template).hexdigest()}.template.json"
        _put(client, name, key, lambda: template, account)
    # The bucket in the path, as the AWS SAM CLI has it (aws-sam-cli, samcli/lib/package/s3_uploader.py).
    return f"{client.meta.endpoint_url}/{name}/{key}"


def own_bucket(account: Account) -> str:
    """Return the name of the bucket that is made for code and templates."""
    return f"{_PREFIX}-{account.id}-{account.region}"


def _have_bucket(client: Any, name: str, account: Account, *, may_be_made: bool) -> None:
    """Find the bucket, or make it.

    Every call names the owner that is expected: whoever guesses the name of our bucket and takes it first has
    no say in what is deployed ("Verifying bucket ownership with bucket owner condition", Amazon S3 User
    Guide).
    """
    from botocore.exceptions import ClientError

    try:
        found = client.head_bucket(Bucket=name, ExpectedBucketOwner=account.id)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 403:
            raise CommandError(
                f"bucket {name} belongs to another account, or you may not use it: name one with --bucket"
            ) from error
        if status != 404:
            raise
        if not may_be_made:
            raise CommandError(f"there is no bucket {name}: check --bucket, or leave it out") from error
        _make_bucket(client, name, account.region)
        return
    region = found.get("BucketRegion") or account.region
    if region != account.region:
        raise CommandError(f"bucket {name} is in {region}: name one in {account.region}, where the stack is")


def _make_bucket(client: Any, name: str, region: str) -> None:
    """Make a bucket, as private as S3 makes them.

    New buckets block public access and encrypt what is in them ("Default settings for new S3 buckets FAQ",
    Amazon S3 User Guide). us-east-1 is where a bucket is that names no other place.
    """
    if region == "us-east-1":
        client.create_bucket(Bucket=name)
    else:
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})


def _put(client: Any, bucket: str, key: str, content: Callable[[], bytes], account: Account) -> None:
    from botocore.exceptions import ClientError

    try:
        client.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account.id)
    except ClientError as error:
        # 403 is what S3 says of an object that is not there to those who may not list the bucket
        # ("HeadObject", Amazon S3 API Reference).
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
            raise
        client.put_object(Bucket=bucket, Key=key, Body=content(), ExpectedBucketOwner=account.id)
