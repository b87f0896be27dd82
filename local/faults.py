"""Faults that tests and demonstrations inject into the local ingest API."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local.ingest_contract import Log


class Manner(StrEnum):
    """How a response is sent."""

    ANSWER = "answer"
    """A well-formed response."""
    HANG = "hang"
    """No response; the connection stays open until the API stops."""
    DRIP = "drip"
    """One byte of the response at a time, `pause` seconds apart."""
    RESET = "reset"
    """The connection is reset (RST) before a byte of the response."""
    RESET_MIDWAY = "reset_midway"
    """The connection is reset (RST) after half of the response."""
    CUT = "cut"
    """The connection is closed (FIN) after half of the response."""
    GARBAGE = "garbage"
    """Bytes that are not HTTP, then the connection is closed."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault for the next `times` valid requests that meet all conditions.

    `status` is the status of the response. 200 accepts the logs, any other status rejects them, unless
    `keeps_logs` says that they are accepted although the response is bad or lost. `headers` are added to the
    response, or replace headers with the same name (`Date`). `body` replaces its body.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    manner: Manner = Manner.ANSWER
    delay: float = 0.0
    """Seconds between the request and the response."""
    interim: int = 0
    """The number of interim responses (103) before the response."""
    pause: float = 0.05
    """Seconds between two bytes of `Manner.DRIP`."""
    keeps_logs: bool = False

    times: int | None = 1
    """The number of requests; None for all of them."""
    skip: int = 0
    """The number of such requests to skip first."""
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
        """Return whether the logs count as accepted."""
        return self.keeps_logs or (self.status == 200 and self.manner in (Manner.ANSWER, Manner.DRIP))

    def befalls(self, logs: list[Log], size: int) -> bool:
        """Return whether a request with these logs and a body of `size` bytes meets the conditions."""
        return (
            (self.over_bytes is None or size > self.over_bytes)
            and (self.over_logs is None or len(logs) > self.over_logs)
            and (self.marker is None or any(self.marker in log["message"] for log in logs))
        )

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Fault":
        """Return a fault from a JSON object with these fields. Raises `ValueError` or `TypeError`."""
        return cls(**value)
