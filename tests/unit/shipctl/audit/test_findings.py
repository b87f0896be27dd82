"""Where log events were lost, and what repairs it."""

from shipctl.audit.findings import Counts, Filtering, State, Window, is_trouble, look

WINDOW = Window(0, 165, 180)
STEADY = dict.fromkeys(range(0, 170, 5), 10)
GAP = {minute: number for minute, number in STEADY.items() if not 60 <= minute < 70}


def counts(**columns: dict[int, int]) -> Counts:
    return Counts(**{"incoming": STEADY, "forwarded": STEADY, "received": STEADY} | columns)


PLAIN = Filtering()


def state(found: Counts, filtering: Filtering = PLAIN) -> State:
    return look("orders", found, filtering, WINDOW).state


def test_what_arrived_is_complete() -> None:
    finding = look("orders", counts(), PLAIN, WINDOW)
    assert (finding.state, finding.gaps, is_trouble(finding)) == (State.COMPLETE, (), False)


def test_what_was_not_forwarded_is_in_the_log_group_only() -> None:
    finding = look("orders", counts(forwarded=GAP, received=GAP), PLAIN, WINDOW)
    assert (finding.state, finding.missing) == (State.NOT_FORWARDED, 20)
    assert [(gap.since, gap.until) for gap in finding.gaps] == [(59, 67)]
    assert is_trouble(finding)


def test_what_was_forwarded_and_not_counted_crashed() -> None:
    assert state(counts(received=GAP)) is State.NOT_RECEIVED


def test_a_log_group_that_was_never_forwarded_is_missing_whole() -> None:
    finding = look("orders", counts(forwarded={}, received={}), PLAIN, WINDOW)
    assert (finding.state, finding.missing) == (State.NOT_FORWARDED, sum(STEADY.values()) - 10)


def test_a_backfill_repairs_what_was_not_forwarded() -> None:
    gap = {"forwarded": GAP, "received": GAP}
    assert state(counts(**gap, backfilled={179: 20})) is State.REPAIRED
    assert state(counts(**gap, backfilled={179: 19})) is State.NOT_FORWARDED


def test_a_replay_repairs_what_crashed() -> None:
    assert state(counts(received=GAP, kept={5: 7}, replayed={150: 27})) is State.REPAIRED
    assert state(counts(received=GAP, kept={5: 7}, replayed={150: 7})) is State.NOT_RECEIVED


def test_with_a_filter_pattern_less_is_forwarded_than_logged() -> None:
    by_pattern = Filtering(by_pattern=True)
    assert state(counts(forwarded=GAP, received=GAP), by_pattern) is State.COMPLETE
    assert state(counts(received=GAP), by_pattern) is State.NOT_RECEIVED
    assert state(counts(received=GAP), Filtering(False, True)) is State.COMPLETE


def test_with_an_account_policy_logged_and_received_are_compared() -> None:
    unknown = Filtering(is_known=False)
    assert state(counts(forwarded={}), unknown) is State.COMPLETE
    assert state(counts(forwarded={}, received=GAP), unknown) is State.NOT_ARRIVED


def test_what_waits_is_what_was_stored_and_not_replayed() -> None:
    assert counts(kept={1: 5}, replayed={9: 3}).waiting == 2
    assert counts(kept={1: 5}, replayed={9: 8}).waiting == 0
    assert counts(kept={1: 5}, replayed={9: 8}).recovered == 3
