"""The soak's queues in memory hide refused log events until their replay is due."""

from itertools import islice

from local.ingest_api import ingest_api
from tests.soak.shipping import Shipping
from tests.soak.traffic import ALWAYS, EVERY, payloads


def test_a_refused_log_is_hidden_and_replayed_when_it_is_due() -> None:
    ((numbers, event),) = islice(payloads(40), 1)
    assert [number for number in numbers if number % EVERY == 0] == [0]
    with ingest_api() as api:
        api.fault(ALWAYS)
        now = 0.0
        shipping = Shipping(api.url, clock=lambda: now)
        assert shipping.ship(event)["delivered"] == 39
        requests = len(api.requests)
        shipping.replay()
        assert (shipping.refused, len(api.requests)) == ([0], requests)
        [(until, _)] = shipping.hidden
        now = until
        shipping.replay()
        assert (shipping.refused, len(api.requests)) == ([0], requests + 1)
        assert not shipping.waiting
