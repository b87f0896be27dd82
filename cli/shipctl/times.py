"""Points in time as people give them to a command, and as CloudWatch Logs counts them."""

import re
from datetime import UTC, datetime, timedelta

import typer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def moment(text: str, now: datetime | None = None) -> datetime:
    """Return the moment that `text` names: so long ago (`90s`, `15m`, `1h`, `2d`, `1w`), or a date or time.

    Dates and times are ISO 8601; where they name no time zone they are UTC. Raises `typer.BadParameter`.
    """
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time; write 90s, 15m, 1h, 2d or 1w (so long ago), or 2026-11-03T09:00 (UTC)"
        ) from None


def milliseconds(time: datetime) -> int:
    """Return the milliseconds since 1970 at a moment, without the rounding of floats."""
    return (time - EPOCH) // timedelta(milliseconds=1)
