"""The types of what a command reads: log events by stream, and the end of reading."""

from typing import NamedTuple

from loginformant_shipper.events import ControlMessage, SubscriptionMessage, Undecodable


class Streams(NamedTuple):
    """Log events of several streams that were read together. Their logs are shown sorted by timestamp."""

    messages: tuple[SubscriptionMessage, ...]


class LimitReached(NamedTuple):
    """Reading ended because the limit of log events was reached. There may be more."""

    events: int


Piece = Streams | ControlMessage | Undecodable | LimitReached
