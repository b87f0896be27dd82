"""What stops a command."""


class CommandError(Exception):
    """A trouble that is not a bug of ours; its text is the one line that the user is shown."""

    status = 1
    """With which the command exits."""
