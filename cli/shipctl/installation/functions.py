"""The three functions of a stack."""

from enum import StrEnum

from shipctl.stack import Stack


class Function(StrEnum):
    """The functions, by the beginning of the names of their outputs and resources."""

    SHIPPER = "Shipper"
    REPLAY = "Replay"
    SUBSCRIBER = "Subscriber"

    def name_in(self, stack: Stack) -> str:
        """Return the function's name in an account. Raises `CommandError`."""
        return stack.output(f"{self}FunctionName")

    def log_group_in(self, stack: Stack) -> str:
        """Return the name of the log group that it writes to. Raises `CommandError`."""
        return stack.output(f"{self}LogGroupName")

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return "replay" if self is Function.REPLAY else f"the {self.lower()}"
