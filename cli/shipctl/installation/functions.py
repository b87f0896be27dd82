"""The three functions of a stack."""

from enum import StrEnum

from shipctl.stack import Stack


class Function(StrEnum):
    """The functions. A value is the prefix of the names of the function's outputs and resources."""

    SHIPPER = "Shipper"
    REPLAY = "Replay"
    SUBSCRIBER = "Subscriber"

    def name_in(self, stack: Stack) -> str:
        """Return the name of the function in AWS. Raises `CommandError`."""
        return stack.output(f"{self}FunctionName")

    def log_group_in(self, stack: Stack) -> str:
        """Return the name of the function's log group. Raises `CommandError`."""
        return stack.output(f"{self}LogGroupName")

    @property
    def words(self) -> str:
        """Return the name for use in a sentence."""
        return "replay" if self is Function.REPLAY else f"the {self.lower()}"
