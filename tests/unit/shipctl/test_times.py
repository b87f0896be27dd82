"""Times on the command line are durations before now, dates, or times."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from shipctl.times import moment

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_duration_is_subtracted_from_now(text: str, ago: timedelta) -> None:
    assert moment(text, NOW) == NOW - ago


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-03", datetime(2026, 11, 3, tzinfo=UTC)),
        ("2026-11-03T09:00", datetime(2026, 11, 3, 9, tzinfo=UTC)),
        ("2026-11-03T09:00:30Z", datetime(2026, 11, 3, 9, 0, 30, tzinfo=UTC)),
        ("2026-11-03T09:00+02:00", datetime(2026, 11, 3, 7, tzinfo=UTC)),
    ],
)
def test_a_date_or_time_is_utc_unless_it_has_a_zone(text: str, time: datetime) -> None:
    assert moment(text, NOW) == time


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "1 h", "1y", "yesterday", "2026-13-01", "999999999w"])
def test_other_text_is_refused_with_the_allowed_forms(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time: give a duration before now"):
        moment(text, NOW)
