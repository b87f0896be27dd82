"""How the local ingest API misbehaves when a test or a demonstration asks it to."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local.ingest_contract import Log


class Manner(StrEnum):
    """How an answer is given."""

    ANSWER = "answer"
    """A well-formed response."""
    HANG = "hang"
    """No answer, the connection stays open until the API stops."""
    DRIP = "drip"
    """One byte of the response at a time, `pause` seconds apart."""
    RESET = "reset"
    """The connection is reset (RST) before a byte of the response."""
    RESET_MIDWAY = "reset_midway"
    """The connection is reset (RST) after half of the response."""
    CUT = "cut"
    """The connection is closed (FIN) after half of the response."""
    GARBAGE = "garbage"
    """Bytes that are no HTTP, then the connection is closed."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to the next `times` requests that are valid and meet every condition given here.

    `status` is the answer's; 200 accepts the logs as usual and any other refuses them, unless `keeps_logs`
    says that they were accepted although the answer is bad or lost. `headers` go into the answer, replacing
    its own of that name (`Date`); `body` replaces its body.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    manner: Manner = Manner.ANSWER
    delay: float = 0.0
    """Seconds between the request and the answer."""
    interim: int = 0
    """So many interim answers (103) are written before the answer."""
    pause: float = 0.05
    """Seconds between two bytes of `Manner.DRIP`."""
    keeps_logs: bool = False

    times: int | None = 1
    """None: for every such request."""
    skip: int = 0
    """So many such requests are left alone first."""
    marker: str | None = None
    """Condition: the message of some log contains this text."""
    over_bytes: int | None = None
    """Condition: the request body is longer than this."""
    over_logs: int | None = None
    """Condition: the request holds more logs than this."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "manner", Manner(self.manner))

    @property
    def accepts(self) -> bool:
        """Whether the logs count as accepted."""
        return self.keeps_logs or (self.status == 200 and self.manner in (Manner.ANSWER, Manner.DRIP))

    def befalls(self, logs: list[Log], size: int) -> bool:
        """Whether a request with these logs and a body of `size` bytes meets the conditions."""
        return (
            (self.over_bytes is None or size > self.over_bytes)
            and (self.over_logs is None or len(logs) > self.over_logs)
            and (self.marker is None or any(self.marker in log["message"] for log in logs))
        )

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Fault":
        """Return a fault from a JSON object with these fields. Raises `ValueError` or `TypeError`."""
        return cls(**value)
