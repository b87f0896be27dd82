"""One deployment for the tests of a module, which sets `AutoReplay` with `REPLAYS_ITSELF`."""

from collections.abc import Iterator

import pytest

from local.ingest_api import LOCAL_KEY, ingest_api
from local.stack import PROJECT, deployed_stack
from tests.e2e.broken_stack.trial import LOG_GROUP, Trial, quicker


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Trial]:
    replays_itself: bool = request.module.REPLAYS_ITSELF
    adapt = quicker(tmp_path_factory.mktemp("quicker"))
    log = PROJECT / ".build" / "local" / f"{request.module.__name__.rpartition('.')[2]}.log"
    with ingest_api() as api:
        parameters = {
            "ApiKey": LOCAL_KEY,
            "IngestUrl": api.url,
            "LogGroups": "/app/*",
            "SubscribeRequestsPerSecond": "5",
            "AutoReplay": str(replays_itself).lower(),
        }
        with deployed_stack(parameters, log=log, adapt=adapt) as stack:
            stack.account.client("logs").create_log_group(logGroupName=LOG_GROUP)
            trial = Trial(stack, api, replays_itself)
            assert trial.shipctl("subscriptions", "reconcile").exit_code == 0
            yield trial
