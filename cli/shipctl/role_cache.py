"""Keep the credentials of assumed roles between commands, where the AWS CLI keeps them, too."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.utils import JSONFileCache

if TYPE_CHECKING:
    from botocore.session import Session

_FOLDER = os.path.join("~", ".aws", "cli", "cache")
"""The folder of the AWS CLI (aws-cli, awscli/customizations/assumerole.py)."""


class RoleCache(JSONFileCache):
    """Credentials by the role that was assumed. A folder that cannot be written to is no error."""

    def __setitem__(self, cache_key: str, value: Any) -> None:
        """Keep credentials, if possible."""
        with suppress(OSError):
            super().__setitem__(cache_key, value)


def keep_roles(session: "Session") -> None:
    """Let a session keep the credentials of the roles that it assumes.

    A profile with `mfa_serial` otherwise asks for a code in each command (aws/aws-sam-cli#1682).
    """
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache = RoleCache(os.path.expanduser(_FOLDER))
