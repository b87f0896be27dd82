from collections import Counter

import pytest
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.ledger import MAX_LOG_GROUPS_TOLD, Ledger, LedgerError
from loginformant_shipper.names import FilterCause

REJECTED = Failure(Reason.REJECTED, 400, "look at your logs")
UNAVAILABLE = Failure(Reason.UNAVAILABLE, 503)


def full_account() -> Ledger:
    return Ledger(
        received=31,
        dropped=Counter({FilterCause.OWN: 1, FilterCause.BLANK: 2}),
        delivered=4,
        dead_lettered=Counter({REJECTED: 5, UNAVAILABLE: 3}),
        returned=Counter({UNAVAILABLE: 16}),
        returned_records=dict.fromkeys([SourceRecord("8"), SourceRecord("7")]),
        requests=6,
    )


def test_the_answer_counts_log_events() -> None:
    assert full_account().answer() == {
        "received": 31,
        "filtered": 3,
        "delivered": 4,
        "deadLettered": 8,
        "returned": 16,
        "requests": 6,
    }


def test_a_ledger_closes_when_every_event_is_in_one_column() -> None:
    full_account().close()
    Ledger().close()


@pytest.mark.parametrize("column", ["received", "delivered"])
@pytest.mark.parametrize("difference", [1, -1])
def test_one_event_too_many_or_too_few_is_an_error(column: str, difference: int) -> None:
    ledger = full_account()
    setattr(ledger, column, getattr(ledger, column) + difference)
    with pytest.raises(LedgerError, match="log events were received"):
        ledger.close()


@pytest.mark.parametrize("column", ["dropped", "dead_lettered", "returned"])
def test_one_dropped_or_failed_event_too_many_is_an_error(column: str) -> None:
    ledger = full_account()
    getattr(ledger, column)[next(iter(getattr(ledger, column)))] += 1
    with pytest.raises(LedgerError):
        ledger.close()


def test_records_to_return_have_the_format_of_lambda() -> None:
    assert full_account().batch_item_failures() == [{"itemIdentifier": "8"}, {"itemIdentifier": "7"}]
    assert Ledger().batch_item_failures() == []


def test_log_groups_are_listed_up_to_a_bound_and_every_log_event_is_counted() -> None:
    ledger = Ledger()
    for number in range(MAX_LOG_GROUPS_TOLD + 3):
        ledger.log_groups[f"/group/{number}"].received = 2
        ledger.log_groups[f"/group/{number}"].filtered = 1
    ledger.log_groups["/busy"].received = 9
    ledger.add_delivered([("/busy", 5), ("/group/102", 1)])
    told = ledger.by_log_group()
    assert told[0] == {"name": "/busy", "received": 9, "delivered": 5}
    assert len(told) == MAX_LOG_GROUPS_TOLD + 1
    assert told[-1] == {"name": "", "received": 8, "filtered": 4, "delivered": 1}
    assert ledger.delivered == 6


def test_a_long_name_of_a_log_group_is_cut() -> None:
    ledger = Ledger()
    ledger.log_groups["x" * 1000].received = 1
    assert ledger.by_log_group() == [{"name": "x" * 512, "received": 1}]
