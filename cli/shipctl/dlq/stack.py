"""The stack that a command works on: its queues and its replay function, by the stack's outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipctl.account import aws_errors, client_config, session
from shipctl.dlq.queue import Queue
from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3

DEFAULT_STACK = "loginformant-shipper"


@dataclass(frozen=True)
class Stack:
    name: str
    session: "boto3.Session"
    outputs: Mapping[str, str]

    @property
    def region(self) -> str:
        return self.session.region_name

    @property
    def replay_function(self) -> str:
        """Name of the replay function. Raises `CommandError`."""
        return self._output("ReplayFunctionName")

    def dead_letter_queue(self) -> Queue:
        """Raises `CommandError`."""
        return self._queue("DeadLetterQueueUrl")

    def parked_queue(self) -> Queue:
        """Raises `CommandError`."""
        return self._queue("ParkedQueueUrl")

    def queue(self, parked: bool) -> Queue:
        """The parked queue or the dead-letter queue. Raises `CommandError`."""
        return self.parked_queue() if parked else self.dead_letter_queue()

    def _queue(self, output: str) -> Queue:
        return Queue(self.session.client("sqs", config=client_config()), self._output(output))

    def _output(self, name: str) -> str:
        value = self.outputs.get(name)
        if value is None:
            raise CommandError(
                f"stack {self.name} has no output {name}: is it a LogInformant shipper, and up to date "
                "(make deploy)?"
            )
        return value


def find_stack(name: str, region: str | None, profile: str | None) -> Stack:
    """The stack of that name; region and profile as in the AWS CLI. Raises `CommandError`."""
    account = session(region, profile)
    doing = f"Looking for stack {name}"
    with aws_errors(doing):
        from botocore.exceptions import ClientError

        client = account.client("cloudformation", config=client_config())
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            # DescribeStacks has no error of its own for it ("DescribeStacks", CloudFormation API reference).
            if "does not exist" in error.response["Error"].get("Message", ""):
                raise CommandError(
                    f"there is no stack {name} in {account.region_name}: "
                    "check --stack, --region and --profile"
                ) from error
            raise
    outputs = stacks[0].get("Outputs", [])
    return Stack(name, account, {output["OutputKey"]: output["OutputValue"] for output in outputs})


def is_replayed_automatically(stack: Stack) -> bool:
    """Whether the dead-letter queue invokes the replay function by itself (`AutoReplay`).

    False also where that cannot be asked: it is worth a remark, and no trouble.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    function = stack.outputs.get("ReplayFunctionName")
    queue = stack.outputs.get("DeadLetterQueueUrl", "").rpartition("/")[2]
    if not function or not queue:
        return False
    client = stack.session.client("lambda", config=client_config())
    try:
        mappings = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    except (BotoCoreError, ClientError):
        return False
    return any(
        mapping.get("EventSourceArn", "").endswith(f":{queue}")
        and mapping.get("State") in ("Enabled", "Enabling", "Creating", "Updating")
        for mapping in mappings
    )
