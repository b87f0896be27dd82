"""Steps that write logs and wait until they arrive."""

import json
import time
import uuid
from collections import Counter

from smoke.world import Failed, World

SECONDS = 180.0
WRITE_AGAIN_SECONDS = 15.0
MANY = 10_000
LARGE = 1_000_000
"""The size of a large log event in bytes; the limit is 1 MB ("PutLogEvents", CloudWatch Logs API
Reference)."""
NEW_LOG_GROUP_SECONDS = 17 * 60.0
"""The timeout for a new log group: the interval of the schedule, if no trail records management events."""


def plain(world: World) -> tuple[int, str]:
    """Write a line with an email address, and check that it arrives redacted."""
    mark = f"smoke {uuid.uuid4()}"
    begin = world.write([f"{mark} of someone@example.com"])
    found = _arrival(world, mark)
    if "example.com" in found[0] or "[redacted:email]" not in found[0]:
        raise Failed(f"the address was not redacted: {found[0]!r}")
    return 1, f"after {found[1] - begin:.1f} s, redacted"


def structured(world: World) -> tuple[int, str]:
    """Write a JSON log."""
    mark = f"smoke {uuid.uuid4()}"
    begin = world.write([json.dumps({"level": "error", "message": mark})])
    found = _arrival(world, mark)
    if found[0] != mark:
        raise Failed(f"the message is {found[0]!r}, not that of the JSON object")
    return 1, f"after {found[1] - begin:.1f} s"


def large(world: World) -> tuple[int, str]:
    """Write a log event of the maximum size."""
    mark = f"smoke {uuid.uuid4()} "
    begin = world.write([mark + "x" * (LARGE - len(mark))])
    found = _arrival(world, mark)
    return 1, f"{LARGE:,} bytes after {found[1] - begin:.1f} s"


def many(world: World) -> tuple[int, str]:
    """Write 10,000 lines at once, and count them."""
    mark = uuid.uuid4().hex[:12]
    begin = world.write([f"smoke {mark} line {number}" for number in range(MANY)])

    def arrived() -> Counter[str]:
        return Counter(message for message in world.ingest.arrived() if mark in message)

    world.wait_for("10,000 lines", SECONDS, lambda: len(arrived()) >= MANY)
    last = max(time for message, time in world.ingest.arrived().items() if mark in message)
    return len(arrived()), f"{len(arrived()):,} lines, the last after {last - begin:.1f} s"


def new_log_group(world: World) -> tuple[int, str]:
    """Create a log group, and wait until the subscriber has subscribed it."""
    name = f"/smoke/{world.name}/new"
    logs = world.client("logs")
    logs.create_log_group(logGroupName=name)

    def is_subscribed() -> bool:
        return bool(logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"])

    seconds = world.wait_for(f"a filter on {name}", NEW_LOG_GROUP_SECONDS, is_subscribed)
    until_in_force(world, name)
    return 1, f"subscribed after {seconds:.0f} s, and its logs arrive"


def until_in_force(world: World, log_group: str = "") -> float:
    """Write lines until one arrives, and return how many seconds that took.

    A new filter takes effect after a while. Log events that are written earlier are not sent.
    """
    mark, last = f"smoke {uuid.uuid4()}", float("-inf")

    def has_arrived() -> bool:
        nonlocal last
        if time.monotonic() - last > WRITE_AGAIN_SECONDS:
            last = time.monotonic()
            world.write([mark], log_group)
        return any(message.startswith(mark) for message in world.ingest.arrived())

    return world.wait_for(f"a log of {log_group or world.log_group}", SECONDS, has_arrived)


def _arrival(world: World, mark: str) -> tuple[str, float]:
    """Wait for the message that begins with the mark. Return its beginning and when it arrived."""

    def found() -> list[tuple[str, float]]:
        return [each for each in world.ingest.arrived().items() if each[0].startswith(mark.strip())]

    world.wait_for(f"the log {mark.strip()!r}", SECONDS, lambda: bool(found()))
    return found()[0]
