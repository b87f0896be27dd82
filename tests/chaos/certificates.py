"""Certificates of the ingest API: a good one, and some that must not be trusted."""

import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import trustme

HOST = "localhost"


class Certificate(StrEnum):
    GOOD = "good"
    UNKNOWN_AUTHORITY = "of an unknown authority"
    OTHER_HOST = "of another host"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Certificates:
    """A certificate of each kind; `authority` is the file with the authority that a client trusts."""

    authority: Path
    _contexts: Mapping[Certificate, ssl.SSLContext]

    def shown(self, coming: deque[Certificate]) -> ssl.SSLContext:
        """Return a server context; connections get the certificates of `coming` in turn, then good ones."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def show(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self._contexts[coming.popleft() if coming else Certificate.GOOD]

        context.sni_callback = show
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make the certificates; the file of the authority is written to `folder`."""
    trusted, unknown, file = trustme.CA(), trustme.CA(), folder / "authority.pem"
    trusted.cert_pem.write_to_path(str(file))
    leaves = {
        Certificate.GOOD: trusted.issue_cert(HOST),
        Certificate.UNKNOWN_AUTHORITY: unknown.issue_cert(HOST),
        Certificate.OTHER_HOST: trusted.issue_cert("ingest.example"),
        Certificate.EXPIRED: trusted.issue_cert(HOST, not_after=datetime(2020, 1, 1, tzinfo=UTC)),
    }
    contexts = {}
    for kind, leaf in leaves.items():
        contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(contexts[kind])
    return Certificates(file, contexts)
