"""Wrap the built handler: while a file exists, the host name of the ingest API cannot be resolved.

Runs where the function runs, and so knows nothing of this project but the handler.
"""

import os
import socket
from collections.abc import Callable
from typing import Any

from app import handler  # type: ignore[import-not-found]

__all__ = ["handler"]

HOST, FILE = os.environ["CHAOS_NAME"], os.environ["CHAOS_NAMELESS"]


def failing(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def look_up_or_fail(host: object, *arguments: object, **options: object) -> Any:
        if host == HOST and os.path.exists(FILE):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *arguments, **options)

    return look_up_or_fail


socket.getaddrinfo = failing(socket.getaddrinfo)
