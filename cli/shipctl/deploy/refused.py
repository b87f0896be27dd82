"""The error for invalid requests, raised before anything is uploaded or changed."""

from shipctl.errors import CommandError


class Refused(CommandError):
    """An invalid name, value or combination of values. The exit status is that of an invalid option."""

    status = 2
