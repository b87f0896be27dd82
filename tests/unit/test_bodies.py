"""The bodies of log objects equal those in `bodies/` byte for byte, for every sample event.

An optimization must not change them. After an intended change, write them again:
`python -m tests.unit.test_bodies`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.levels import decide_log
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.wire.decoding import decode

from events.wrap import wrap

EVENTS = Path(__file__).parents[2] / "events"
KEPT = Path(__file__).parent / "bodies"
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))


def bodies_of(name: str) -> Iterator[bytes]:
    payload = json.loads((EVENTS / f"{name}.json").read_bytes())
    for message in decode(wrap(payload), 64 * 1024 * 1024):
        if isinstance(message, SubscriptionMessage):
            where = frame(message.origin, "eu-west-1", {"team": "shop"})
            for log in join(message.events):
                yield log_object(log, decide_log(log, message.origin.log_group).level, where)


@pytest.mark.parametrize("name", NAMES)
def test_bodies_equal_those_that_are_kept(name: str) -> None:
    assert list(bodies_of(name)) == (KEPT / f"{name}.jsonl").read_bytes().splitlines()


def write() -> None:
    """Write the current bodies to `bodies/`."""
    KEPT.mkdir(exist_ok=True)
    for name in NAMES:
        (KEPT / f"{name}.jsonl").write_bytes(b"".join(body + b"\n" for body in bodies_of(name)))


if __name__ == "__main__":
    write()
