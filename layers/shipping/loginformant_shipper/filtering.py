"""Which logs are not shipped: a log that is dropped here is counted, with all its events."""

from collections.abc import Set as AbstractSet

from loginformant_shipper.stacktraces import Log
from loginformant_shipper.subscription import Origin


def is_own(origin: Origin | None, own_log_groups: AbstractSet[str]) -> bool:
    """Whether the events are this stack's own: shipping those would make new ones, without end."""
    return origin is not None and origin.log_group in own_log_groups


def is_blank(log: Log) -> bool:
    """Whether the log says nothing: the ingest API demands a message."""
    return not log.parsed.text.strip()
