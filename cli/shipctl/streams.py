"""What a command reads: log events, stream by stream, and what comes beside them."""

from typing import NamedTuple

from loginformant_shipper.events import ControlMessage, SubscriptionMessage, Undecodable


class Streams(NamedTuple):
    """Log events of one time: logs of several streams belong in the order of their timestamps."""

    messages: tuple[SubscriptionMessage, ...]


class LimitReached(NamedTuple):
    """Reading ended since so many log events were read; there may be more."""

    events: int


Piece = Streams | ControlMessage | Undecodable | LimitReached
