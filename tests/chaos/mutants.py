"""Mutants of the shipper, broken on purpose in one place, that the schedules must find.

Each mutant is a function of the code under test with a piece of its text replaced. Where the code changes, so
that the piece is no longer there, trying the mutant fails, and its line here has to follow.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple

from loginformant_shipper import pipeline
from loginformant_shipper.dead_letters import messages, replay, sqs
from loginformant_shipper.delivery import policy
from loginformant_shipper.delivery.dispatcher import Delivery
from loginformant_shipper.delivery.key_refresh import KeyRefresh
from loginformant_shipper.delivery.search import Search
from loginformant_shipper.delivery.searches import Searches
from loginformant_shipper.wire import decoding


class Mutant(NamedTuple):
    name: str
    function: Callable[..., Any]
    old: str
    new: str

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Break the function during a block. Raises `ValueError` if the piece is not in its text."""
        function = self.function
        assert isinstance(function, FunctionType)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise ValueError(f"{function.__qualname__} does not hold this once: {self.old}")
        namespace = dict(function.__globals__)
        exec(source.replace(self.old, self.new), namespace)
        # Replace the code and not the function, which other modules have imported by name.
        code, function.__code__ = function.__code__, namespace[function.__name__].__code__
        try:
            yield
        finally:
            function.__code__ = code


_DELIVERED = "return Verdict.DELIVERED"

MUTANTS = (
    Mutant(
        "skips the write to the dead-letter queue",
        pipeline.ship,
        "_store(letters, end - environment.senders.now(), shipment.ledger)",
        "shipment.ledger.dead_lettered.update({m.failure: m.events for m, *_ in letters})",
    ),
    Mutant(
        "drops on 429",
        policy.judge,
        "case 408 | 425 | 429:\n            return Verdict.PATIENCE",
        f"case 408 | 425 | 429:\n            {_DELIVERED}",
    ),
    Mutant(
        "takes no answer for a good answer",
        policy.judge,
        "case None:\n            return Verdict.MISCONFIGURED if is_foreign else Verdict.UNAVAILABLE",
        f"case None:\n            {_DELIVERED}",
    ),
    Mutant("sends again what was accepted with 202", policy.judge, "200 <= status <= 299", "status == 200"),
    Mutant(
        "acknowledges a record that was not replayed",
        pipeline.replay,
        "ledger.returned_records |= dict.fromkeys(to_return)",
        "pass",
    ),
    Mutant("counts before it has stored", pipeline._store, "if not trouble:", "if True:"),
    Mutant(
        "acknowledges a record whose remainder could not be stored",
        pipeline._store,
        "ledger.returned_records[message.record] = None",
        "pass",
    ),
    Mutant(
        "does not raise when the queue is out of reach",
        pipeline._store,
        "raise DeadLetterError(",
        "ledger.returned[failure] += message.events\n            str(",
    ),
    Mutant(
        "ignores errors of SQS",
        sqs._trouble,
        'return _text(error) if error else ""',
        'return ""',
    ),
    Mutant(
        "takes a write that did not end in time for done",
        sqs._trouble,
        'return "not stored in time"',
        'return ""',
    ),
    Mutant(
        "loses the second half of a split batch",
        Search.next_part,
        "self.pending.append(second)",
        "pass",
    ),
    Mutant(
        "takes a refused log for delivered",
        Delivery._refuse,
        "self._progress.settle(job, failure._replace(reason=reason))",
        "self._progress.settle(job, None)",
    ),
    Mutant(
        "takes what it did not try for delivered",
        Searches._give_back_parts,
        "root.failure, is_bad",
        "None, False",
    ),
    Mutant(
        "forgets untried batches at the deadline",
        Delivery._fail_the_rest,
        "for batch in self._batches:",
        "for batch in ():",
    ),
    Mutant(
        "takes a request without an answer for delivered at the deadline",
        Delivery._abandon_what_is_overdue,
        "self._progress.settle(job, Failure(Reason.OUT_OF_TIME, None, detail))",
        "self._progress.settle(job, None)",
    ),
    Mutant(
        "loses a batch between two attempts",
        Delivery._be_patient,
        "self._progress.waiting.append(job)",
        "pass",
    ),
    Mutant("loses what it has proven bad", Delivery._prove, "self._searches.narrow_down(job)", "pass"),
    Mutant(
        "loses the logs that it keeps back",
        Searches.send_reserve_together,
        "self.progress.waiting.append(job)",
        "pass",
    ),
    Mutant(
        "parks what was refused a moment ago",
        replay.address,
        "count >= settings.max_replays and refused_for >= _patience(message.failure, something_passed)",
        "count >= settings.max_replays",
    ),
    Mutant("ignores Retry-After", Delivery._next_job, "or now < self._state.resume_at", ""),
    Mutant(
        "starts requests beyond the deadline",
        Delivery._last_start,
        "self._deadline - self._policy.min_attempt_seconds",
        "self._deadline + 60.0",
    ),
    Mutant(
        "never takes a new key",
        KeyRefresh.succeeded,
        "self.state.key = key",
        "self.state.key = self.state.key or key",
    ),
    Mutant(
        "drops payloads that cannot be decoded",
        pipeline._begun,
        "shipment.undecodable.append(decoded)",
        "ledger.dropped[FilterCause.BLANK] += decoded.events",
    ),
    Mutant(
        "drops events that cannot be read",
        decoding._read_events,
        "\n        yield Undecodable(",
        "\n        return\n        yield Undecodable(",
    ),
    Mutant(
        "forgets a log of each batch that failed",
        messages.dead_letter_messages,
        "zip(batch.origins, batch.logs, batch.positions, strict=True)",
        "zip(batch.origins[1:], batch.logs[1:], batch.positions[1:], strict=True)",
    ),
    Mutant(
        "stores the first line of a stack trace only",
        messages.dead_letter_messages,
        "logs.append((position, events))",
        "logs.append((position, events[:1]))",
    ),
    Mutant(
        "parks what only has to wait",
        replay.address,
        "yield Addressed(message, dead_letter_queue)",
        "yield Addressed(message, parked_queue)",
    ),
    Mutant(
        "returns a record of which some was delivered",
        replay.records_to_return,
        "if record not in delivered\n",
        "if True\n",
    ),
    Mutant(
        "keeps nothing of a record that was delivered in part",
        replay.split_off,
        "outside += [Failed(others, failure, is_narrowed)] if others.logs else []",
        "pass",
    ),
)
