"""Format durations and times for people."""

from datetime import UTC, datetime

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return a duration in its two largest units, such as `3 d 4 h`, `12 min` or `40 s`; never negative."""
    rest = max(int(seconds), 0)
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        parts.append(f"{count} {unit}" if count else "")
    first = next((place for place, part in enumerate(parts) if part), len(parts) - 1)
    shown = parts[first : first + 2] if first < 2 else parts[first : first + 1]
    return " ".join(part for part in shown if part) or "0 s"


def ago(time: datetime) -> str:
    """Return how long ago a time was, such as `3 d 4 h ago`."""
    return f"{span((datetime.now(UTC) - time).total_seconds())} ago"


def utc(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
