"""The progress file of a backfill, from which an interrupted one continues."""

import json
import os
from pathlib import Path

import pytest
from shipctl.backfill.history import Past
from shipctl.backfill.progress import Progress, ProgressFile, Totals, default_path
from shipctl.errors import CommandError

WHAT = {"logGroup": "orders", "since": 1}


def past(identifier: str, timestamp: int) -> Past:
    return Past(identifier, timestamp, None, "a", "placed")


def test_written_progress_is_read_back(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "state.json", WHAT)
    assert file.read() is None
    progress = Progress(7, {"a": 7, "b": 9}, 3, Totals(5, 1, 2, 1))
    file.write(progress)
    assert ProgressFile(tmp_path / "state.json", WHAT).read() == progress
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


def test_a_failed_write_keeps_the_previous_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ProgressFile(tmp_path / "state.json", WHAT)
    file.write(Progress(7))

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match=r"state.json cannot be written: No space left on device"):
        file.write(Progress(8))
    assert file.read() == Progress(7)
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_only_ids_at_or_after_the_position_are_kept() -> None:
    progress = Progress(1)
    progress.settle([past("a", 1), past("b", 4), past("c", 4)])
    progress.advance(4)
    assert (progress.position, progress.done) == (4, {"b": 4, "c": 4})
    assert not progress.is_left(past("c", 4))
    assert progress.is_left(past("d", 4))
    progress.advance(2)
    assert progress.position == 4


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "what": {}}'])
def test_a_file_of_another_kind_is_not_overwritten(content: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"state\.json (is not a progress file|belongs to another)"):
        ProgressFile(path, WHAT).read()


def test_progress_of_another_backfill_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    ProgressFile(path, WHAT).write(Progress(7))
    with pytest.raises(CommandError, match="belongs to another backfill"):
        ProgressFile(path, WHAT | {"since": 2}).read()
    assert default_path(WHAT) != default_path(WHAT | {"since": 2})


def test_a_second_backfill_at_the_same_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    with (
        ProgressFile(path, WHAT).locked(),
        pytest.raises(CommandError, match="another shipctl backfill is running"),
        ProgressFile(path, WHAT).locked(),
    ):
        pass
    with ProgressFile(path, WHAT).locked():
        pass


def test_the_file_holds_no_log_text(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "state.json", WHAT)
    progress = Progress(1)
    progress.settle([past("a", 1)])
    file.write(progress)
    assert "placed" not in (tmp_path / "state.json").read_text()
    assert json.loads((tmp_path / "state.json").read_text())["progress"]["done"] == {"a": 1}
