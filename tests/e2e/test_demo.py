"""`make run` to its end, as in a new clone of the project."""

import pytest

from local.picture import IN_THE_PICTURE, IN_THE_README, excerpt, printed_by_run

pytestmark = [pytest.mark.e2e, pytest.mark.trial]


def test_make_run_succeeds_and_prints_what_the_picture_and_the_readme_show() -> None:
    printed = printed_by_run()
    shown = [line.plain for line in excerpt(printed, IN_THE_PICTURE)]
    assert shown[-1].startswith("✓ ")
    assert shown[-1].endswith("none lost, none twice")
    assert "wait" in excerpt(printed, IN_THE_README)[2].plain
