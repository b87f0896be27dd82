"""The selection of messages by reason, log group and time."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from shipctl.dlq.letters import Letter


@dataclass(frozen=True)
class Selection:
    """A selection of messages. All criteria must match; of several reasons or log groups, one must match."""

    reasons: Sequence[str] = ()
    log_groups: Sequence[str] = ()
    """Patterns as in a shell: `*` matches any text, `?` any character."""
    since: datetime | None = None
    """The earliest time at which the log events failed."""
    identifiers: Set[str] | None = None
    """Ids of messages; None means any."""

    @property
    def is_everything(self) -> bool:
        """Return whether no message is left out."""
        return not (self.reasons or self.log_groups or self.since) and self.identifiers is None

    def takes(self, letter: Letter) -> bool:
        """Return whether a message is selected."""
        if self.reasons and letter.cause.reason not in self.reasons:
            return False
        if self.identifiers is not None and letter.identifier not in self.identifiers:
            return False
        if self.since and letter.failed < self.since:
            return False
        return not self.log_groups or any(
            fnmatchcase(letter.log_group, pattern) for pattern in self.log_groups
        )
