"""How often each of millions of log events was seen, one byte for each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    """Counts by event number; a count stops at 255."""

    accepted: bytearray = field(default_factory=bytearray)
    unanswered: bytearray = field(default_factory=bytearray)
    """How often it was accepted in a request whose answer got lost."""

    def count(self, numbers: Iterable[int], column: bytearray) -> None:
        for number in numbers:
            if number >= len(column):
                column.extend(bytes(max(number + 1 - len(column), 1 << 20)))
            column[number] = min(column[number] + 1, 255)

    def write(self, path: Path) -> None:
        length = max(len(self.accepted), len(self.unanswered))
        path.write_bytes(self.accepted.ljust(length, b"\0") + self.unanswered.ljust(length, b"\0"))

    @classmethod
    def read(cls, path: Path) -> "Tally":
        both = bytearray(path.read_bytes())
        return cls(both[: len(both) // 2], both[len(both) // 2 :])
