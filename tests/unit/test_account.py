from collections import Counter

import pytest
from loginformant_shipper.account import Account, AccountError
from loginformant_shipper.delivery import Failure
from loginformant_shipper.filtering import Cause
from loginformant_shipper.reasons import Reason
from loginformant_shipper.subscription import SourceRecord

REJECTED = Failure(Reason.REJECTED, 400, "look at your logs")
UNAVAILABLE = Failure(Reason.UNAVAILABLE, 503)


def full_account() -> Account:
    return Account(
        received=31,
        dropped=Counter({Cause.OWN: 1, Cause.BLANK: 2}),
        delivered=4,
        dead_lettered=Counter({REJECTED: 5, UNAVAILABLE: 3}),
        returned=Counter({UNAVAILABLE: 16}),
        returned_records=dict.fromkeys([SourceRecord("8"), SourceRecord("7")]),
        requests=6,
    )


def test_the_answer_is_counted_in_log_events() -> None:
    assert full_account().answer() == {
        "received": 31,
        "filtered": 3,
        "delivered": 4,
        "deadLettered": 8,
        "returned": 16,
        "requests": 6,
    }


def test_an_account_closes_when_every_event_is_in_one_column() -> None:
    full_account().close()
    Account().close()


@pytest.mark.parametrize("column", ["received", "delivered"])
@pytest.mark.parametrize("difference", [1, -1])
def test_one_event_too_many_or_too_few_is_an_error(column: str, difference: int) -> None:
    account = full_account()
    setattr(account, column, getattr(account, column) + difference)
    with pytest.raises(AccountError, match="log events were received"):
        account.close()


@pytest.mark.parametrize("column", ["dropped", "dead_lettered", "returned"])
def test_so_it_is_for_what_was_dropped_or_failed(column: str) -> None:
    account = full_account()
    getattr(account, column)[next(iter(getattr(account, column)))] += 1
    with pytest.raises(AccountError):
        account.close()


def test_records_to_return_as_lambda_wants_them() -> None:
    assert full_account().batch_item_failures() == [{"itemIdentifier": "8"}, {"itemIdentifier": "7"}]
    assert Account().batch_item_failures() == []
