"""The settings check: CloudFormation calls it before it changes any resource that uses the settings."""

import os
from typing import TYPE_CHECKING, Any

from loginformant_shipper.settings_check.custom_resource import check_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Respond to a request of CloudFormation."""
    check_settings(event, os.environ["AWS_REGION"], _stack_status)


def _stack_status(stack_id: str) -> str:
    import boto3

    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return str(stack["StackStatus"])
