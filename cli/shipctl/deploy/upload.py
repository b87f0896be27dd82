"""Upload the artefacts to an S3 bucket from which CloudFormation and Lambda read them.

The template is larger than the 51,200 bytes that CloudFormation accepts in a request; in S3 it may have 1 MB
("CreateChangeSet", AWS CloudFormation API Reference).
"""

import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from shipctl.account import aws_errors, explain
from shipctl.deploy.account import Account
from shipctl.deploy.artefacts import Artefacts, archive_of, name_of
from shipctl.errors import CommandError

_PREFIX = "loginformant-shipper"

_WAITS_FOR_ANOTHER = (1.0, 2.0, 4.0)
"""Seconds between attempts, while another deployment creates the same bucket."""


def upload(account: Account, artefacts: Artefacts, bucket: str | None) -> str:
    """Upload the code and the template under their digests, and return the template's URL.

    Objects that already exist are not uploaded again.

    Args:
        account: The account to upload to.
        artefacts: The template and its code.
        bucket: An existing bucket. None: shipctl's own bucket, which is created if it does not exist.

    Raises:
        CommandError: The bucket cannot be used, or S3 rejects a request.
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
    return f"{_address_for_cloudformation(account, client.meta.endpoint_url)}/{name}/{key}"


def _address_for_cloudformation(account: Account, endpoint: str) -> str:
    """Return the address of S3 in the URL of the template, which CloudFormation reads.

    The URL is path-style, as in the AWS SAM CLI (aws-sam-cli, samcli/lib/package/s3_uploader.py).
    CloudFormation expects the location of an S3 bucket ("CreateChangeSet", AWS CloudFormation API Reference).
    So it gets the regional address even if requests from here go to another one of AWS: with FIPS, with dual
    stack or of a VPC endpoint, whose name only the VPC may know.

    Args:
        account: The account.
        endpoint: The address to which the requests from here go. If it is not one of AWS, it is an emulator's
            and is returned.
    """
    from botocore.config import Config

    plain = Config(
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # botocore-stubs lack it
        s3={"us_east_1_regional_endpoint": "regional"},
    )
    regional = account.session.client("s3", config=plain).meta.endpoint_url
    suffix = regional.removeprefix(f"https://s3.{account.region}")
    return regional if (urlsplit(endpoint).hostname or "").endswith(suffix) else endpoint


def own_bucket(account: Account) -> str:
    """Return the name of the bucket that shipctl creates for code and templates."""
    return f"{_PREFIX}-{account.id}-{account.region}"


def _have_bucket(client: Any, name: str, account: Account, *, may_be_made: bool) -> None:
    """Check that the bucket can be used, and create it if allowed.

    If another deployment creates it at the same time, S3 answers OperationAborted (409) until that is done
    ("List of error codes", Amazon S3 API Reference).
    """
    from botocore.exceptions import ClientError

    for seconds in _WAITS_FOR_ANOTHER:
        try:
            _find_or_make_bucket(client, name, account, may_be_made=may_be_made)
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != "OperationAborted":
                raise
        time.sleep(seconds)
    _find_or_make_bucket(client, name, account, may_be_made=may_be_made)


def _find_or_make_bucket(client: Any, name: str, account: Account, *, may_be_made: bool) -> None:
    """Make one attempt of `_have_bucket`.

    Every request names the expected owner. If someone else has created a bucket with the predictable name of
    shipctl's bucket, nothing is deployed from it ("Verifying bucket ownership with bucket owner condition",
    Amazon S3 User Guide).
    """
    from botocore.exceptions import ClientError

    try:
        found = client.head_bucket(Bucket=name, ExpectedBucketOwner=account.id)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 403:
            raise CommandError(
                f"bucket {name} belongs to another account, or you may not access it: name another with "
                "--bucket"
            ) from error
        if status != 404:
            raise
        if not may_be_made:
            raise CommandError(f"bucket {name} does not exist: check --bucket, or omit it") from error
        _make_bucket(client, name, account.region)
        return
    region = found.get("BucketRegion") or account.region
    if region != account.region:
        raise CommandError(
            f"bucket {name} is in {region}: name one in {account.region}, the region of the stack"
        )


def _make_bucket(client: Any, name: str, region: str) -> None:
    """Create a bucket with the default settings of S3.

    By default, new buckets block public access and encrypt their objects ("Default settings for new S3
    buckets FAQ", Amazon S3 User Guide). For us-east-1, S3 does not accept a location constraint.

    If another deployment has created the bucket since it was looked for, S3 answers BucketAlreadyOwnedByYou,
    in us-east-1 200 ("CreateBucket", Amazon S3 API Reference; aws/aws-parallelcluster#7325).
    """
    from botocore.exceptions import ClientError

    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=name, **where)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDenied":
            # Without permission, or since the organization allows only names in the account's own namespace
            # ("Namespaces for general purpose buckets", Amazon S3 User Guide).
            raise CommandError(
                f"it does not exist, and you may not create it: {explain(error)}. Name an existing bucket "
                "with --bucket"
            ) from error
        if code != "BucketAlreadyOwnedByYou":
            raise


def _exists(client: Any, bucket: str, key: str, account: Account) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account.id)
    except ClientError as error:
        # Without permission to list the bucket, S3 answers 403 for an object that does not exist
        # ("HeadObject", Amazon S3 API Reference).
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
            raise
        return False
    return True


def _put(client: Any, bucket: str, key: str, content: Callable[[], bytes], account: Account) -> None:
    """Upload an object unless it exists.

    A bucket policy can refuse requests that do not name an encryption, which this one does not
    (serverless/serverless#6546).
    """
    from botocore.exceptions import ClientError

    if _exists(client, bucket, key, account):
        return
    try:
        client.put_object(Bucket=bucket, Key=key, Body=content(), ExpectedBucketOwner=account.id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        raise CommandError(
            f"{explain(error)}. If the policy of the bucket requires that requests name an encryption, name "
            "another bucket with --bucket, or deploy as docs/packaged-stack.md describes"
        ) from error
