"""What was asked for cannot be: said before anything is uploaded or changed."""

from shipctl.errors import CommandError


class Refused(CommandError):
    """A name, a value or a combination that cannot work; the exit status is that of a wrong option."""

    status = 2
