"""Join the parts of undecodable payloads that the shipper split because they exceed the size of a message."""

import base64
import re
from collections.abc import Iterable
from typing import NamedTuple

import orjson
from loginformant_shipper.events import Undecodable
from loginformant_shipper.wire.encoding import PART_OF_UNREADABLE
from loginformant_shipper.wire.payload_json import read_payload

from shipctl.dlq.letters import Letter
from shipctl.reading import MAX_BYTES

_NUMBERED = re.compile(r"\[part (\d{1,6}) of (\d{1,6})\] (.*)", re.DOTALL)


class Part(NamedTuple):
    """One part of an undecodable payload."""

    letter: Letter
    whole: str
    """The id of the payload to which the part belongs."""
    number: int
    """The number of the part, from 1."""
    of: int
    text: str


class Whole(NamedTuple):
    """An undecodable payload with its parts in order."""

    parts: tuple[Part, ...]
    """The parts that were found, without duplicates."""
    missing: tuple[int, ...]
    """The numbers of the parts that were not found."""
    text: str

    @property
    def name(self) -> str:
        """Return a description, such as `3 parts` or `2 of 3 parts; missing: 2`."""
        if not self.missing:
            return f"{len(self.parts)} parts"
        missing = ", ".join(map(str, self.missing))
        return f"{len(self.parts)} of {self.parts[0].of} parts; missing among these messages: {missing}"


def part_of(letter: Letter) -> Part | None:
    """Return the part in a message; None if the message is not a part."""
    for decoded in letter.decoded:
        if isinstance(decoded, Undecodable) and (read := _read(decoded.body)):
            whole, number, of, text = read
            return Part(letter, whole, number, of, text)
    return None


def _read(body: str) -> tuple[str, int, int, str] | None:
    try:
        data = base64.b64decode(orjson.loads(body)["awslogs"]["data"])
        payload = read_payload(data, MAX_BYTES, lambda raw: raw)
    except (ValueError, TypeError, KeyError):
        return None
    match payload:
        case {"messageType": kind, "logEvents": [{"id": str(whole), "message": str(message)}]} if (
            kind == PART_OF_UNREADABLE and (found := _NUMBERED.fullmatch(message))
        ):
            return whole, int(found[1]), int(found[2]), found[3]
    return None


def put_together(parts: Iterable[Part]) -> list[Whole]:
    """Return the payloads to which the parts belong, in the order of their first parts."""
    found: dict[tuple[str, int], dict[int, Part]] = {}
    for part in parts:
        found.setdefault((part.whole, part.of), {})[part.number] = part
    return [
        Whole(
            tuple(of_one[number] for number in sorted(of_one)),
            tuple(number for number in range(1, of + 1) if number not in of_one),
            "".join(of_one[number].text for number in sorted(of_one)),
        )
        for (_, of), of_one in found.items()
    ]
