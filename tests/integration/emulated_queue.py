"""Read the emulated queue's own list of messages, which shows messages without receiving them."""

from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from moto.sqs.models import Message

REGION = "eu-central-1"


def messages_of(url: str) -> "list[Message]":
    """Return every message of a queue, received, delayed or neither."""
    return list(sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[url.rpartition("/")[2]]._messages)


def let_time_pass(url: str) -> None:
    """Let enough time pass to make every message that was not deleted visible again."""
    for message in messages_of(url):
        message.visible_at = 0.0
        message.delayed_until = 0.0
