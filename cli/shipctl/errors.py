"""The error with which a command ends."""


class CommandError(Exception):
    """An error that is not a bug in shipctl. Its text is the line that the user sees."""

    status = 1
    """The exit status of the command."""
