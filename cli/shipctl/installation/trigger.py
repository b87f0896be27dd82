"""What invokes replay: the event source mapping between the dead-letter queue and the function."""

from typing import NamedTuple

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.stack import Stack

ON = ("Enabled", "Enabling", "Creating", "Updating")
"""States in which it takes messages, or soon will ("Event source mapping", AWS Lambda API Reference)."""


class Trigger(NamedTuple):
    """The event source mapping between the dead-letter queue and the replay function."""

    identifier: str
    """Empty where there is none."""
    state: str
    """`Enabled`, `Disabled` and the like."""

    @property
    def is_on(self) -> bool:
        """Return whether Lambda reads the queue, or is about to."""
        return self.state in ON


NO_TRIGGER = Trigger("", "not there")


def read_trigger(stack: Stack) -> Trigger:
    """Return the trigger of replay; `NO_TRIGGER` where there is none. Raises `CommandError`."""
    function = Function.REPLAY.name_in(stack)
    queue = stack.output("DeadLetterQueueUrl").rpartition("/")[2]
    with aws_errors("Reading the trigger of replay"):
        client = stack.session.client("lambda", config=client_config())
        mappings = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    for mapping in mappings:
        if mapping.get("EventSourceArn", "").endswith(f":{queue}"):
            return Trigger(mapping.get("UUID", ""), mapping.get("State", ""))
    return NO_TRIGGER


def switch(stack: Stack, on: bool) -> Trigger:
    """Let the dead-letter queue invoke replay, or not; returns what it was. Raises `CommandError`."""
    trigger = read_trigger(stack)
    if not trigger.identifier:
        raise CommandError("replay has no trigger: it belongs to the stack; deploy it again")
    if trigger.is_on is not on:
        with aws_errors("Switching the trigger of replay"):
            client = stack.session.client("lambda", config=client_config())
            client.update_event_source_mapping(UUID=trigger.identifier, Enabled=on)
    return trigger
