"""The options that the commands of `shipctl dlq` share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from shipctl.dlq.letters import REASONS
from shipctl.dlq.queue import left_of_a_stack
from shipctl.dlq.selection import Selection
from shipctl.option_blocks import one_of, optional
from shipctl.options import STACK_PANEL, Place
from shipctl.stack import Stack
from shipctl.times import moment

SELECTION_PANEL = "Which messages (they must match all of these options)"

Parked = Annotated[
    bool,
    typer.Option(
        "--parked",
        help="Use the parked queue instead of the dead-letter queue.",
        rich_help_panel=SELECTION_PANEL,
    ),
]


Reasons = Annotated[
    list[str] | None,
    optional(
        "--reason",
        "REASON",
        "Only messages with this reason. May be given several times.",
        SELECTION_PANEL,
        parser=one_of("reason", REASONS),
    ),
]
LogGroups = Annotated[
    list[str] | None,
    optional(
        "--log-group",
        "PATTERN",
        "Only messages of this log group; * matches any text ('/aws/lambda/*'). May be given several times.",
        SELECTION_PANEL,
    ),
]
Since = Annotated[
    datetime | None,
    optional(
        "--since",
        "TIME",
        "Only messages that failed since then: a duration before now (90s, 15m, 1h, 2d, 1w) or a "
        "time in UTC (2026-11-03T09:00).",
        SELECTION_PANEL,
        parser=moment,
    ),
]


QueueUrl = Annotated[
    str | None,
    optional(
        "--queue-url",
        "URL",
        "Use the queue with this URL, also if its stack was deleted. replay uses the replay function "
        "of the stack named by --stack.",
        STACK_PANEL,
    ),
]


@dataclass(frozen=True, kw_only=True)
class WhichQueue(Place):
    """The options that select a queue and its stack."""

    parked: Parked = False
    queue_url: QueueUrl = None

    def find(self) -> Stack:
        """Return the stack, or for --queue-url a `Stack` with only that queue. Raises `CommandError`."""
        if self.queue_url is None:
            return super().find()
        if self.parked:
            raise typer.BadParameter("--queue-url already names the queue: omit --parked")
        return left_of_a_stack(self.queue_url, self.region, self.profile)

    def find_replaying(self) -> Stack:
        """Return the stack whose function replays the messages. Raises `CommandError`."""
        return super().find()


@dataclass(frozen=True, kw_only=True)
class WhichMessages:
    """The options that select messages of a queue."""

    reasons: Reasons = None
    log_groups: LogGroups = None
    since: Since = None

    @property
    def selection(self) -> Selection:
        """Return the selection that the options describe."""
        return Selection(tuple(self.reasons or ()), tuple(self.log_groups or ()), self.since)
