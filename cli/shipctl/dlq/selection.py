"""Which messages a command is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from shipctl.dlq.letters import Letter


@dataclass(frozen=True)
class Selection:
    """All that is given must hold; of several reasons or log groups, one."""

    reasons: Sequence[str] = ()
    log_groups: Sequence[str] = ()
    """Patterns as a shell's: `*` is any text, `?` any character."""
    since: datetime | None = None
    """The log events failed then or later."""

    @property
    def is_everything(self) -> bool:
        """Return whether no message is left out."""
        return not (self.reasons or self.log_groups or self.since)

    def takes(self, letter: Letter) -> bool:
        """Return whether a message is selected."""
        if self.reasons and letter.cause.reason not in self.reasons:
            return False
        if self.since and letter.failed < self.since:
            return False
        return not self.log_groups or any(
            fnmatchcase(letter.log_group, pattern) for pattern in self.log_groups
        )
