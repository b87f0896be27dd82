"""Where log events were lost, and which repairs count."""

from shipctl.audit.findings import Counts, Filtering, State, Window, is_trouble, look

WINDOW = Window(0, 165, 180)
STEADY = dict.fromkeys(range(0, 170, 5), 10)
GAP = {minute: number for minute, number in STEADY.items() if not 60 <= minute < 70}


def counts(**columns: dict[int, int]) -> Counts:
    return Counts(**{"incoming": STEADY, "forwarded": STEADY, "received": STEADY} | columns)


PLAIN = Filtering()


def state(found: Counts, filtering: Filtering = PLAIN) -> State:
    return look("orders", found, filtering, WINDOW).state


def test_a_log_group_whose_logs_all_arrived_is_complete() -> None:
    finding = look("orders", counts(), PLAIN, WINDOW)
    assert (finding.state, finding.gaps, is_trouble(finding)) == (State.COMPLETE, (), False)


def test_a_gap_in_forwarding_is_reported_as_not_forwarded() -> None:
    finding = look("orders", counts(forwarded=GAP, received=GAP), PLAIN, WINDOW)
    assert (finding.state, finding.missing) == (State.NOT_FORWARDED, 20)
    assert [(gap.since, gap.until) for gap in finding.gaps] == [(59, 67)]
    assert is_trouble(finding)


def test_forwarded_logs_that_were_not_counted_are_reported_as_not_received() -> None:
    assert state(counts(received=GAP)) is State.NOT_RECEIVED


def test_all_logs_are_missing_where_none_were_forwarded() -> None:
    finding = look("orders", counts(forwarded={}, received={}), PLAIN, WINDOW)
    assert (finding.state, finding.missing) == (State.NOT_FORWARDED, sum(STEADY.values()) - 10)


def test_a_backfill_repairs_a_gap_in_forwarding() -> None:
    gap = {"forwarded": GAP, "received": GAP}
    assert state(counts(**gap, backfilled={179: 20})) is State.REPAIRED
    assert state(counts(**gap, backfilled={179: 19})) is State.NOT_FORWARDED


def test_a_replay_repairs_logs_of_crashed_invocations() -> None:
    assert state(counts(received=GAP, kept={5: 7}, replayed={150: 27})) is State.REPAIRED
    assert state(counts(received=GAP, kept={5: 7}, replayed={150: 7})) is State.NOT_RECEIVED


def test_a_filter_pattern_explains_fewer_forwarded_than_logged_events() -> None:
    by_pattern = Filtering(by_pattern=True)
    assert state(counts(forwarded=GAP, received=GAP), by_pattern) is State.COMPLETE
    assert state(counts(received=GAP), by_pattern) is State.NOT_RECEIVED


def test_nothing_is_known_with_a_pattern_if_what_was_forwarded_is_not_known() -> None:
    unknown = Filtering(is_known=False, by_pattern=True)
    finding = look("orders", counts(forwarded={}, received=GAP), unknown, WINDOW)
    assert (finding.state, finding.missing, finding.gaps) == (State.NOT_COMPARED, None, ())
    assert not is_trouble(finding)
    assert state(counts(forwarded={}), unknown) is State.COMPLETE
    assert state(counts(received=GAP), unknown) is State.NOT_RECEIVED, "at least this was forwarded"


def test_logged_and_received_events_are_compared_under_an_account_policy() -> None:
    unknown = Filtering(is_known=False)
    assert state(counts(forwarded={}), unknown) is State.COMPLETE
    assert state(counts(forwarded={}, received=GAP), unknown) is State.NOT_ARRIVED


def test_waiting_events_are_those_stored_but_not_replayed() -> None:
    assert counts(kept={1: 5}, replayed={9: 3}).waiting == 2
    assert counts(kept={1: 5}, replayed={9: 8}).waiting == 0
    assert counts(kept={1: 5}, replayed={9: 8}).recovered == 3
