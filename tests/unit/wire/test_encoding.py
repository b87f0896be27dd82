"""The attributes of a dead-letter message are read as they were written."""

import pytest
from loginformant_shipper.wire.encoding import ReplayState, read_replay_state

MOMENT = "2026-11-03T10:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("0", ReplayState()),
        ("12", ReplayState(12)),
        (f"2 since {MOMENT}", ReplayState(2, MOMENT)),
        ("0 narrowed", ReplayState(0, None, True)),
        (f"2 since {MOMENT} narrowed", ReplayState(2, MOMENT, True)),
    ],
)
def test_the_state_of_replays_is_read_as_it_was_written(text: str, state: ReplayState) -> None:
    assert str(state) == text
    assert read_replay_state(text) == state


@pytest.mark.parametrize(
    "text",
    ["", "  ", "x", "-1", "²", "one since", f"since {MOMENT}", "9" * 400, f"x since {MOMENT} narrowed"],
)
def test_an_invalid_state_of_replays_is_read_as_the_initial_state(text: str) -> None:
    assert read_replay_state(text) == ReplayState()


@pytest.mark.parametrize("text", ["3 since", f"3 {MOMENT}", f"3 until {MOMENT}"])
def test_an_incomplete_time_of_refusal_is_ignored(text: str) -> None:
    assert read_replay_state(text) == ReplayState(3)
