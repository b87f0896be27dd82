"""Parse the times that users give to commands."""

import re
from datetime import UTC, datetime, timedelta

import typer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def moment(text: str, now: datetime | None = None) -> datetime:
    """Return the time that `text` describes.

    Args:
        text: A duration before now (`90s`, `15m`, `1h`, `2d`, `1w`), or an ISO 8601 date or time, in UTC
            unless it has a time zone.
        now: The current time. None: the time of the clock.

    Raises:
        typer.BadParameter: The text has another format.
    """
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time: give a duration before now (90s, 15m, 1h, 2d, 1w) or a UTC time "
            "(2026-11-03T09:00)"
        ) from None


def milliseconds(time: datetime) -> int:
    """Return a time in milliseconds since 1970, without rounding errors of floats."""
    return (time - EPOCH) // timedelta(milliseconds=1)
