"""Whether log events arrive, and what of them waits and why."""

from collections.abc import Iterator

from loginformant_shipper.dead_letters.replay import MAY_PASS
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import Metric

from shipctl.dlq.meanings import meaning_of
from shipctl.dlq.spans import ago
from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import current_troubles
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.send_test import send_one
from shipctl.terminal import counted


def check_delivery(installation: Installation) -> Iterator[Finding]:
    """Find what keeps log events from being delivered now."""
    troubles = current_troubles(installation)
    for current in troubles:
        yield fault(f"{current.meaning.what}, {current.when}", current.meaning.to_do)
    if troubles:
        return
    passed = [trouble for trouble in installation.troubles if trouble.reason in MAY_PASS]
    if passed:
        last = passed[-1]
        yield notice(f"it is over: {last.reason} {ago(last.time)}, and since then log events were delivered")
    else:
        yield ok("no trouble in the last 15 minutes")


def check_backlog(installation: Installation) -> Iterator[Finding]:
    """Find what waits in the queues, and why."""
    stack = installation.stack
    waiting, parked = installation.counts(False), installation.counts(True)
    if parked.total:
        yield from _for_a_person(installation, Function.REPLAY, "--parked")
        yield fault(
            f"{counted(parked.total, 'message')} in the parked queue: they need a person",
            stack.command("dlq", "show", "--parked"),
        )
    if not waiting.total:
        yield ok("the dead-letter queue is empty")
    elif installation.trigger.is_on:
        for finding in _for_a_person(installation, Function.REPLAY) if not parked.total else ():
            yield notice(f"{finding.what}: tried again from time to time, then parked", finding.remedy)
        yield notice(
            f"dead-letter queue: {waiting.words}; it empties itself as soon as LogInformant takes them",
            stack.command("dlq", "stats"),
        )
    else:
        yield from _for_a_person(installation, Function.SHIPPER)
        yield fault(
            f"dead-letter queue: {waiting.words}; nobody replays them", stack.command("dlq", "replay")
        )


def _for_a_person(installation: Installation, function: Function, *parked: str) -> Iterator[Finding]:
    """Yield the reasons that no time cures, for which a function stored log events in the last day."""
    command = installation.stack.command
    stored = installation.day.by_reason(Metric.EVENTS_DEAD_LETTERED, function)
    lately = {trouble.reason for trouble in installation.troubles if trouble.function is function}
    for reason in sorted({*stored, *lately} - {*MAY_PASS, Reason.UNDETERMINED}):
        yield fault(
            f"{reason}: {meaning_of(reason).what}",
            "; ".join(
                (
                    command("dlq", "show", *parked, "--reason", reason),
                    command("dlq", "export", f"{reason}.jsonl", *parked, "--reason", reason),
                    command("dlq", "purge", *parked, "--reason", reason),
                )
            ),
        )


def check_sending(installation: Installation) -> Iterator[Finding]:
    """Find out whether one log arrives."""
    outcome = send_one(installation.stack)
    if outcome.is_delivered:
        yield ok(f"one log was delivered in {outcome.seconds:.1f} s: key and address are good")
    else:
        yield fault(f"one log was not delivered: {outcome.why}", installation.stack.command("dlq", "stats"))
