"""Read and switch the event source mapping between the dead-letter queue and the replay function."""

from typing import NamedTuple

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.stack import Stack

ON = ("Enabled", "Enabling", "Creating", "Updating")
"""States in which the mapping receives messages, or soon will ("Event source mapping", AWS Lambda API
Reference)."""


class Trigger(NamedTuple):
    """The event source mapping between the dead-letter queue and the replay function."""

    identifier: str
    """The mapping's UUID; empty if there is no mapping."""
    state: str
    """The mapping's state, such as `Enabled` or `Disabled`."""

    @property
    def is_on(self) -> bool:
        """Return whether Lambda reads the queue, or is about to."""
        return self.state in ON


NO_TRIGGER = Trigger("", "not there")


def read_trigger(stack: Stack) -> Trigger:
    """Return the event source mapping of replay, or `NO_TRIGGER` if there is none. Raises `CommandError`."""
    function = Function.REPLAY.name_in(stack)
    queue = stack.output("DeadLetterQueueUrl").rpartition("/")[2]
    with aws_errors("Reading the event source mapping of replay"):
        client = stack.session.client("lambda", config=client_config())
        mappings = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    for mapping in mappings:
        if mapping.get("EventSourceArn", "").endswith(f":{queue}"):
            return Trigger(mapping.get("UUID", ""), mapping.get("State", ""))
    return NO_TRIGGER


def switch(stack: Stack, on: bool) -> Trigger:
    """Enable or disable the event source mapping, and return its previous state. Raises `CommandError`."""
    trigger = read_trigger(stack)
    if not trigger.identifier:
        raise CommandError(
            "the event source mapping of replay, which belongs to the stack, does not exist: deploy again"
        )
    if trigger.is_on is not on:
        with aws_errors("Changing the event source mapping of replay"):
            client = stack.session.client("lambda", config=client_config())
            client.update_event_source_mapping(UUID=trigger.identifier, Enabled=on)
    return trigger
