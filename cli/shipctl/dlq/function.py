"""Invoke the replay function with messages of a queue."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from shipctl.dlq.letters import Letter
from shipctl.installation.functions import Function
from shipctl.installation.record_function import Answer, RecordFunction, record_function
from shipctl.stack import Stack


@dataclass(frozen=True)
class ReplayFunction:
    """The replay function of a stack."""

    function: RecordFunction

    def __call__(self, letters: Sequence[Letter]) -> Answer:
        """Invoke the function with messages and wait. Raises `FunctionFailed` or `CommandError`."""
        return self.function({letter.identifier: letter.record for letter in letters})


def replay_function(stack: Stack) -> ReplayFunction:
    """Return the replay function of a stack. Raises `CommandError`."""
    return ReplayFunction(record_function(stack, Function.REPLAY))


def payload_bytes(letter: Letter) -> int:
    """Return the number of bytes that a message adds to the payload of an invocation."""
    return len(orjson.dumps(letter.record)) + 1
