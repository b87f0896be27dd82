"""The subscriber function: creates and removes subscription filters according to the stack's parameters.

It is invoked by CloudFormation, by EventBridge when a log group is created, by a schedule, and by its own
invocations to continue after a timeout.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from loginformant_shipper.subscriptions.logs_api import client_config
from loginformant_shipper.subscriptions.staleness import Installation
from loginformant_shipper.subscriptions.subscriber import Dependencies, handle

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Reconcile log groups. Return how many were checked, subscribed and unsubscribed, and had problems."""
    import boto3

    def invoke_later(rest: dict[str, Any]) -> None:
        boto3.client("lambda").invoke(
            FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps(rest)
        )

    return handle(
        event,
        Dependencies(
            os.environ,
            boto3.client("logs", config=client_config()),
            invoke_later,
            lambda: context.get_remaining_time_in_millis() / 1000,
            _installation(context.function_name),
        ),
    )


def _installation(function: str) -> Installation:
    import boto3

    @cache
    def cloudformation() -> "CloudFormationClient":
        return boto3.client("cloudformation", config=client_config())

    @cache
    def aws_lambda() -> "LambdaClient":
        return boto3.client("lambda", config=client_config())

    def stack_status() -> str:
        (stack,) = cloudformation().describe_stacks(StackName=os.environ["STACK_NAME"])["Stacks"]
        return stack["StackStatus"]

    def variables() -> Mapping[str, str]:
        found = aws_lambda().get_function_configuration(FunctionName=function)
        return found.get("Environment", {}).get("Variables", {})

    return Installation(stack_status, variables)
