"""Check that log events are delivered, and which wait in the queues."""

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
    """Report what currently prevents delivery."""
    troubles = current_troubles(installation)
    for current in troubles:
        yield fault(f"{current.meaning.what}, {current.when}", current.meaning.to_do)
    if troubles:
        return
    passed = [trouble for trouble in installation.troubles if trouble.reason in MAY_PASS]
    if passed:
        last = passed[-1]
        yield notice(f"resolved: {last.reason} {ago(last.time)}; log events have been delivered since")
    else:
        yield ok("no failures in the last 15 minutes")


def check_backlog(installation: Installation) -> Iterator[Finding]:
    """Report the messages in the queues, and why they are there."""
    stack = installation.stack
    waiting, parked = installation.counts(False), installation.counts(True)
    if parked.total:
        yield from _for_a_person(installation, Function.REPLAY, "--parked")
        yield fault(
            f"{counted(parked.total, 'message')} in the parked queue: not retried automatically",
            stack.command("dlq", "show", "--parked"),
        )
    if not waiting.total:
        yield ok("the dead-letter queue is empty")
    elif installation.trigger.is_on:
        for finding in _for_a_person(installation, Function.REPLAY) if not parked.total else ():
            yield notice(f"{finding.what}: retried several times, then parked", finding.remedy)
        yield notice(
            f"dead-letter queue: {waiting.words}; replayed as soon as LogInformant accepts them",
            stack.command("dlq", "stats"),
        )
    else:
        yield from _for_a_person(installation, Function.SHIPPER)
        yield fault(
            f"dead-letter queue: {waiting.words}; not replayed automatically", stack.command("dlq", "replay")
        )


def _for_a_person(installation: Installation, function: Function, *parked: str) -> Iterator[Finding]:
    """Yield permanent failures for which a function stored log events in the last day."""
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
                    command("dlq", "purge", *parked, "--exported", f"{reason}.jsonl"),
                )
            ),
        )


def check_sending(installation: Installation) -> Iterator[Finding]:
    """Ship one test log, and report whether it was delivered."""
    outcome = send_one(installation.stack)
    if outcome.is_delivered:
        yield ok(
            f"one test log was delivered in {outcome.seconds:.1f} s: the key and the address are correct"
        )
    else:
        yield fault(
            f"the test log was not delivered: {outcome.why}", installation.stack.command("dlq", "stats")
        )
