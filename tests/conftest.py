"""What holds for all tests: no deadlines, and which of them share a worker."""

import pytest
from hypothesis import settings

# No test depends on timing, be the machine ever so busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)  # before the hook that reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one file on one worker, and so all that use the one deployment."""
    for item in items:
        shares_a_deployment = "deployment" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("deployment" if shares_a_deployment else str(item.path)))
