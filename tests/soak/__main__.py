"""`make soak`: the pipeline at the highest rate that it sustains, with faults, for ten minutes.

One invocation after the other, in this process, against the local ingest API in another one; the queues are
in memory, and what waits in the dead-letter queue is replayed on the way. Fails if memory, threads or sockets
grow, or if a log event is lost, or doubled without a reason. Writes docs/soak.md and docs/soak.svg.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
import urllib3

from local.faults import Fault
from tests.soak.plot import draw
from tests.soak.samples import Sample, growth, halves, sampling
from tests.soak.shipping import Shipping
from tests.soak.tally import Tally
from tests.soak.traffic import (
    ALWAYS,
    EVERY,
    FAULTS,
    SECONDS_BETWEEN_FAULTS,
    fault_rows,
    payloads,
)

PROJECT = Path(__file__).parents[2]
TALLY = PROJECT / ".build" / "soak" / "tally"
EVENTS_IN_A_PAYLOAD = 2000
MAX_WAITING = 20
"""With this many messages in the dead-letter queue, replay runs before more is shipped."""
ROUNDS_AT_THE_END = 1000
MIN_MINUTES = 2 * len(FAULTS) * SECONDS_BETWEEN_FAULTS / 60
"""The halves are compared, so each of them needs a whole round of the faults."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Account(NamedTuple):
    sent: int
    delivered: int
    """Log events that arrived, however often."""
    dead_lettered: int
    """How many went through the dead-letter queue."""
    refused: int
    """How many the ingest API always refuses: they wait, hidden, or are parked."""
    doubled: int
    lost: int
    unexplained: int
    """Doubled, although every answer came."""


@app.command()
def main(
    minutes: Annotated[
        float, typer.Option(min=MIN_MINUTES, help="How long to ship: each half has every fault.")
    ] = 10.0,
    write: Annotated[bool, typer.Option(help="Write docs/soak.md and docs/soak.svg.")] = True,
) -> None:
    """Ship for a long time with failures, and check whether anything grows or is lost."""
    TALLY.parent.mkdir(parents=True, exist_ok=True)
    with _ingest_api() as url:
        shipping = Shipping(url)
        samples, sent = _ship(shipping, url, minutes * 60)
        _tell(url, "DELETE")
        _tell(url, "POST", [ALWAYS])
        _empty_the_queue(shipping)
    account = _account(shipping, sent, Tally.read(TALLY))
    report = _report(minutes, samples, account)
    typer.echo(report)
    if write:
        draw(samples, PROJECT / "docs" / "soak.svg")
        (PROJECT / "docs" / "soak.md").write_text(report)
    if troubles := [*growth(halves(samples)), *_losses(account)]:
        typer.echo("; ".join(troubles), err=True)
        raise typer.Exit(1)


@contextmanager
def _ingest_api() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.soak.tallying_api", str(TALLY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as api:
        assert api.stdin
        assert api.stdout
        yield api.stdout.readline().strip()
        api.stdin.close()
        api.wait(60)


def _tell(url: str, method: str, faults: list[Fault] | None = None) -> None:
    body = json.dumps([asdict(fault) for fault in faults or []])
    answer = urllib3.request(method, f"{url}/control/faults", body=body, timeout=30.0, retries=3)
    assert answer.status == 200, answer.data


def _ship(shipping: Shipping, url: str, seconds: float) -> tuple[list[Sample], int]:
    """Ship, and return the samples and how many log events were sent."""
    rows = fault_rows()
    delivered = sent = 0
    start = next_faults = time.monotonic()
    with sampling(lambda: delivered) as samples:
        for numbers, event in payloads(EVENTS_IN_A_PAYLOAD):
            if (now := time.monotonic()) >= next_faults:
                _tell(url, "DELETE")
                _tell(url, "POST", [ALWAYS, *next(rows)])
                next_faults = now + SECONDS_BETWEEN_FAULTS
            if now - start >= seconds:
                break
            delivered += shipping.ship(event)["delivered"]
            sent = numbers.stop
            shipping.forget_trouble()
            while len(shipping.waiting) > MAX_WAITING:
                shipping.replay()
    return samples, sent


def _empty_the_queue(shipping: Shipping) -> None:
    for _ in range(ROUNDS_AT_THE_END):
        if not shipping.waiting:
            return
        shipping.forget_trouble()
        shipping.replay()


def _account(shipping: Shipping, sent: int, tally: Tally) -> Account:
    accepted, unanswered = tally.accepted.ljust(sent, b"\0"), tally.unanswered.ljust(sent, b"\0")
    refused, given_up = set(shipping.refused), shipping.senders.given_up
    arrived = [number for number in range(sent) if accepted[number]]
    doubled = [number for number in arrived if accepted[number] > 1 or number in refused]
    return Account(
        sent,
        len(arrived),
        shipping.dead_lettered,
        len(refused),
        len(doubled),
        sum(1 for number in range(sent) if not accepted[number] and number not in refused),
        sum(
            1
            for number in doubled
            if accepted[number] - 1 > unanswered[number] + (255 if number in given_up else 0)
        ),
    )


def _losses(account: Account) -> list[str]:
    lines = []
    if account.lost:
        lines.append(f"{account.lost} log events are lost")
    if account.unexplained:
        lines.append(f"{account.unexplained} log events are doubled although every answer came")
    if account.refused != -(-account.sent // EVERY):
        lines.append(f"{account.refused} log events wait as refused, and not {-(-account.sent // EVERY)}")
    return lines


def _report(minutes: float, samples: list[Sample], account: Account) -> str:
    seconds, delivered = samples[-1].seconds, samples[-1].delivered
    return (
        (Path(__file__).parent / "report.md")
        .read_text()
        .format(
            minutes=minutes,
            payload=EVENTS_IN_A_PAYLOAD,
            between=SECONDS_BETWEEN_FAULTS,
            faults=len(FAULTS),
            every=EVERY,
            today=date.today().isoformat(),
            processors=os.cpu_count(),
            machine=platform.machine(),
            python=platform.python_version(),
            seconds=seconds,
            delivered=delivered,
            rate=delivered / seconds,
            account=account,
            found=halves(samples),
        )
    )


if __name__ == "__main__":
    app()
