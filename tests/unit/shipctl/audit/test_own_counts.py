"""The functions' own counts are read from answers of CloudWatch Logs Insights."""

import pytest
from shipctl.audit import own_counts
from shipctl.errors import CommandError

from tests.unit.shipctl import fake_installation as fake


def test_an_answer_without_the_expected_columns_is_one_error_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator or a changed API must not cause a traceback."""
    monkeypatch.setattr(own_counts, "_rows", lambda *_: [{"@message": "x", "@timestamp": "y"}])
    with pytest.raises(
        CommandError, match=r"lacks the log group or the time: its columns are @message, @timestamp"
    ):
        list(own_counts.read(fake.stack(), ["/a"], 0, 60, 60))


def test_counts_are_read_by_log_group_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "logGroup.name": "/a",
        "Source": "awslogs",
        "bin(1h)": "1970-01-01 01:00:00.000",
        "received": "3.0",
    }
    monkeypatch.setattr(own_counts, "_rows", lambda *_: [row])
    [found] = own_counts.read(fake.stack(), ["/a"], 0, 60, 60)
    assert found == own_counts.Row("/a", "awslogs", 60, 3, 0, 0, 0)
