"""Apply the SAM transform to the template, for tools that deploy plain CloudFormation.

In Terraform, use it with `aws_cloudformation_stack`; in CDK, with `CfnInclude`. The parameters CodeBucket and
CodePrefix say where the code is. Upload the archives there before you deploy the template.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shipctl.deploy.artefacts import Artefacts

_BUCKET = "code-bucket"
"""The placeholder for the bucket while the transform is applied."""
_PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "Description": "S3 bucket in the region of the stack with the archives of the folder code.",
        "AllowedPattern": "[a-z0-9.-]{3,63}",
        "ConstraintDescription": "The name of an S3 bucket.",
    },
    "CodePrefix": {
        "Type": "String",
        "Default": "",
        "Description": "Prefix of the archives in the bucket, such as loginformant-shipper/.",
        "AllowedPattern": "([a-zA-Z0-9!_.*'()/-]*/)?",
        "ConstraintDescription": "Empty, or a prefix that ends with a slash.",
    },
}


class _NoManagedPolicies:
    """An empty list of AWS managed policies, since the stack uses none."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(built: Artefacts, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return a built template with the SAM transform applied.

    Args:
        built: The output of `sam build`.
        paths: The paths `code/DIGEST.zip` by the logical id of the function or layer.
    """
    from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

    names = {logical_id: path.rpartition("/")[2] for logical_id, path in paths.items()}
    source = built.template_with({each: f"s3://{_BUCKET}/{name}" for each, name in names.items()})
    with _some_region():
        template: dict[str, Any] = transform(source, {}, _NoManagedPolicies())
    for resource in template["Resources"].values():
        for location in ("Code", "Content"):
            _put_address(resource["Properties"].get(location))
        resource.get("Metadata", {}).pop("SamResourceId", None)
        if not resource.get("Metadata", True):
            del resource["Metadata"]
    template["Parameters"] = _PARAMETERS | template["Parameters"]
    template["Metadata"] = {
        name: value
        for name, value in template["Metadata"].items()
        if name.startswith("AWS::CloudFormation::")
    }
    return template


def _put_address(location: Any) -> None:
    if isinstance(location, dict) and location.get("S3Bucket") == _BUCKET:
        location["S3Bucket"] = {"Ref": "CodeBucket"}
        location["S3Key"] = {"Fn::Sub": "${CodePrefix}" + location["S3Key"]}


@contextmanager
def _some_region() -> Iterator[None]:
    """Set a region for the block, since the transform requires one."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before
