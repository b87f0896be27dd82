import pytest
from loginformant_shipper.filtering import is_blank, is_own
from loginformant_shipper.parsing import parse
from loginformant_shipper.stacktraces import Log

from tests.unit.sample_data import ORDERS, log_event


def test_events_of_the_stack_s_own_log_groups_are_not_shipped() -> None:
    assert is_own(ORDERS, {ORDERS.log_group, "/other"})
    assert not is_own(ORDERS, {ORDERS.log_group + "-2", "/aws/lambda"})


def test_what_has_no_log_group_is_not_our_own() -> None:
    assert not is_own(None, {ORDERS.log_group})


@pytest.mark.parametrize(("message", "blank"), [("", True), (" \r\n\t", True), (" .", False), ("0", False)])
def test_a_log_that_is_nothing_but_white_space_is_blank(message: str, blank: bool) -> None:
    assert is_blank(Log((log_event(message=message),), parse(message), None, None)) is blank
