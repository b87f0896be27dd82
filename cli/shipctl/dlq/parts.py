"""What nobody could read and fits no message: the shipper stores it in parts, which are put together here."""

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
    """One of the messages that hold what could not be read."""

    letter: Letter
    whole: str
    """Id of what it is a part of."""
    number: int
    """From 1 on."""
    of: int
    text: str


class Whole(NamedTuple):
    """What could not be read, in order."""

    parts: tuple[Part, ...]
    """Those that were found, each once."""
    missing: tuple[int, ...]
    """Numbers of the others."""
    text: str

    @property
    def name(self) -> str:
        """`3 parts`, or `2 of 3 parts; missing: 2`."""
        if not self.missing:
            return f"{len(self.parts)} parts"
        missing = ", ".join(map(str, self.missing))
        return f"{len(self.parts)} of {self.parts[0].of} parts; missing among these messages: {missing}"


def part_of(letter: Letter) -> Part | None:
    """Return the part that a message holds; None for any other message."""
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
    """Return what the parts belong to, in the order of the parts; one that is there twice counts once."""
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
