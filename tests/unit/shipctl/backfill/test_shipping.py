"""A backfill saves its progress before it begins the next batch."""

import signal
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from shipctl.backfill.history import Past
from shipctl.backfill.progress import Progress
from shipctl.backfill.records import FIRST_EVENTS, MAX_EVENTS, records_of
from shipctl.backfill.shipping import ship_history
from shipctl.dlq.signals import Stop
from shipctl.errors import CommandError
from shipctl.installation.record_function import Answer, FunctionFailed, Why

WHY = Why("unavailable", 503, "down")


def past(number: int, stream: str = "a") -> Past:
    return Past(str(number), 1000 + number, None, stream, "placed")


def answer(delivered: int = 0, refused: int = 0, left: Sequence[str] = (), **failures: int) -> Answer:
    return Answer(0, delivered, refused, 0, 0, 1, frozenset(left), {WHY: refused} if refused else {})


@dataclass
class Run:
    """Run a backfill and record `shipped`, the function's batches, and `kept`, the saved progress."""

    progress: Progress = field(default_factory=lambda: Progress(1000))
    stop: Stop = field(default_factory=Stop)
    shipped: list[list[Past]] = field(default_factory=list)
    kept: list[Progress] = field(default_factory=list)
    behave: Callable[[list[Past]], Answer] = lambda batch: answer(delivered=len(batch))
    _batch: list[Past] = field(default_factory=list)

    def __call__(self, *pages: Sequence[Past], rate: int | None = None, force: bool = False) -> str:
        def records(events: Sequence[Past]) -> Mapping[str, Mapping[str, Any]]:
            self._batch = list(events)
            return records_of(events, "", "orders")

        def function(records: Mapping[str, Mapping[str, Any]]) -> Answer:
            assert self.kept[-1].in_hand == len(self._batch), "kept before the function is invoked"
            self.shipped.append(self._batch)
            return self.behave(self._batch)

        return ship_history(
            pages,
            self.progress,
            records_of=records,
            function=function,
            keep=lambda progress: self.kept.append(deepcopy(progress)),
            stop=self.stop,
            rate=rate,
            force=force,
            until=10**6,
            tell=lambda progress: None,
        )


def test_a_small_batch_goes_first_and_then_full_batches() -> None:
    run = Run()
    events = [past(number) for number in range(FIRST_EVENTS + MAX_EVENTS + 50)]
    assert run(events[:-7], [], events[-7:]) == ""
    assert [len(batch) for batch in run.shipped] == [FIRST_EVENTS, MAX_EVENTS, 43, 7]
    assert [event for batch in run.shipped for event in batch] == events
    assert (run.progress.complete, run.progress.position, run.progress.done) == (True, 10**6, {})
    assert run.kept[-1] == run.progress
    assert run.progress.totals.delivered == len(events)


def test_only_returned_log_events_are_shipped_again() -> None:
    run = Run()
    events = [past(0, "a"), past(1, "b"), past(2, "a")]
    answers = [answer(delivered=1, left=["0"]), answer(delivered=2)]
    run.behave = lambda batch: answers.pop(0)
    assert run(events) == ""
    assert run.shipped == [events, [events[0], events[2]]]
    assert run.progress.totals.delivered == 3


def test_a_backfill_stops_if_the_shipper_accepts_nothing() -> None:
    run = Run()
    run.behave = lambda batch: answer(left=["0"])
    assert "the shipper accepted nothing" in run([past(0)], [past(1)])
    assert run.progress.is_left(past(0))
    assert len(run.shipped) == 1


def test_a_backfill_stops_if_nothing_is_delivered_unless_forced() -> None:
    run = Run()
    run.behave = lambda batch: answer(refused=len(batch))
    trouble = run([past(0)], [past(1)])
    assert trouble.startswith("nothing was delivered: unavailable 503 (down); 1 log event stored")
    assert not run.progress.is_left(past(0)), "it waits in the queue"
    assert not run.progress.complete
    forced = Run(behave=run.behave)
    assert forced([past(0)], [past(1)], force=True) == ""
    assert forced.progress.totals.dead_lettered == 2


def test_a_signal_stops_after_the_current_batch_and_the_next_run_continues() -> None:
    run = Run()
    events = [past(number) for number in range(FIRST_EVENTS + 10)]

    def stopped(batch: list[Past]) -> Answer:
        run.stop.wish(signal.SIGINT)
        return answer(delivered=len(batch))

    run.behave = stopped
    assert run(events) == ""
    assert [len(batch) for batch in run.shipped] == [FIRST_EVENTS]
    assert (run.progress.complete, run.kept[-1].in_hand) == (False, 0)
    after = Run(progress=run.kept[-1])
    assert after(events) == ""
    assert after.shipped == [events[FIRST_EVENTS:]]
    assert after.progress.totals.delivered == len(events)


@pytest.mark.parametrize("failure", [FunctionFailed("timed out"), KeyboardInterrupt()])
def test_a_batch_with_an_unknown_result_is_shipped_again(failure: BaseException) -> None:
    run = Run()

    def fails(batch: list[Past]) -> Answer:
        raise failure

    run.behave = fails
    with pytest.raises((CommandError, KeyboardInterrupt)):
        run([past(0), past(1)])
    assert run.kept[-1].in_hand == 2
    after = Run(progress=run.kept[-1])
    after([past(0), past(1)])
    assert after.shipped == [[past(0), past(1)]]


def test_a_batch_that_the_function_did_not_get_is_not_uncertain() -> None:
    run = Run()

    def refused(batch: list[Past]) -> Answer:
        raise CommandError("Invoking shipper: access denied")

    run.behave = refused
    with pytest.raises(CommandError, match="access denied"):
        run([past(0)])
    assert run.kept[-1].in_hand == 0
    assert run.progress.is_left(past(0))


def test_a_rate_is_kept_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    clock = [0.0]
    monkeypatch.setattr("shipctl.backfill.shipping.time.monotonic", lambda: clock[0])

    def wait(seconds: float) -> None:
        clock[0] += max(seconds, 0.0)

    monkeypatch.setattr(run.stop, "wait", wait)
    run([past(number) for number in range(100)], rate=10)
    assert [len(batch) for batch in run.shipped] == [10] * 10
    assert clock[0] == pytest.approx(10.0)
