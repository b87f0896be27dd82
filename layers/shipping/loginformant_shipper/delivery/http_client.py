"""One request to the ingest API becomes one outcome. What follows from it is not decided here."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from loginformant_shipper.redaction.redact import redact_text
from loginformant_shipper.settings import Settings

BATCH_PATH = "/api/ingest/batch"

MAX_ANSWER_BYTES = 64 * 1024
MAX_DETAIL_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int | None
    """HTTP status; None where no answer came, or none that is HTTP."""
    detail: str
    """The start of the answer, or what went wrong; never the API key."""
    retry_after: float | None = None
    """Seconds that the answer asks to wait."""
    seconds: float = 0.0
    """How long the request took."""


class Abandoned(Exception):
    """The request was given up by the thread that waited for it."""


class Connection:
    """One kept-alive connection to the ingest API, for one request at a time.

    One that was abandoned is never used again: its thread may still be inside a name look-up or a TLS
    handshake, which nothing can interrupt.
    """

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._pool, self._path = _connection_pool(settings, tls)
        self._connection: urllib3.connection.HTTPConnection | None = None
        self._abandoned = False
        self.answered: Outcome | None = None
        """Set as soon as the status is known: what an answer whose body never ends is worth. Whoever calls
        `post` clears it before: its thread may never get to run."""
        connection_class = self._pool.ConnectionCls

        def connect(*args: object, **kwargs: object) -> urllib3.connection.HTTPConnection:
            connection = connection_class(*args, **kwargs)  # type: ignore[arg-type]
            self._connection = connection  # type: ignore[assignment]
            return connection  # type: ignore[return-value]

        self._pool.ConnectionCls = connect  # type: ignore[assignment]

    def post(self, body: bytes, key: str, seconds: float) -> Outcome:
        """Send one request body and read the answer; never raises.

        `seconds` limits each wait on the socket; the whole is limited by whoever calls `abandon` in time.
        """
        started = time.monotonic()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "X-API-Key": key}
        try:
            response = self._pool.urlopen(
                "POST",
                self._path,
                body=self._unless_abandoned(body),
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=urllib3.Timeout(connect=seconds, read=seconds),
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError, Abandoned) as error:
            detail = self._detail(_plain(error), key)
            return Outcome(None, detail, seconds=time.monotonic() - started)
        retry_after = retry_after_seconds(response.headers.get("Retry-After"), response.headers.get("Date"))
        self.answered = Outcome(response.status, "", retry_after, time.monotonic() - started)
        answer = _read_answer(response, started + seconds)
        detail = self._detail(answer.decode("utf-8", "replace"), key)
        return Outcome(response.status, detail, retry_after, time.monotonic() - started)

    def _detail(self, text: str, key: str) -> str:
        """The start of a text that is stored and logged: an answer may quote what it was sent."""
        return redact_text(text.replace(key, "***"), self._settings)[:MAX_DETAIL_CHARACTERS]

    def abandon(self) -> None:
        """Give up the request under way: close its socket; what is not sent yet never will be."""
        self._abandoned = True
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            # Not the TLS socket's own shutdown, which drops the TLS layer first: a thread that is sending
            # would go on in the clear. With TLS inside TLS (an https proxy) the socket is one level down.
            with suppress(OSError):
                socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)

    def _unless_abandoned(self, body: bytes) -> Iterator[bytes]:
        # A thread frozen in a name look-up may wake up in a later invocation: then nothing must be sent.
        if self._abandoned:
            raise Abandoned("given up before it was sent")
        yield body


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What all connections share: making it reads the whole certificate store."""
    if urlsplit(settings.ingest_url).scheme != "https":
        return None
    context = create_urllib3_context()
    context.load_default_certs()
    return context


def _connection_pool(
    settings: Settings, tls: ssl.SSLContext | None
) -> tuple[urllib3.HTTPConnectionPool, str]:
    address = urlsplit(settings.ingest_url)
    path = address.path + BATCH_PATH
    options = {"maxsize": 1} | ({"ssl_context": tls} if tls else {})
    if settings.proxy_url is None:
        return urllib3.PoolManager(**options).connection_from_url(settings.ingest_url), path  # type: ignore[arg-type]
    proxy = urlsplit(settings.proxy_url)
    credentials = unquote(f"{proxy.username}:{proxy.password or ''}") if proxy.username else None
    manager = urllib3.ProxyManager(
        urlunsplit(proxy._replace(netloc=proxy.netloc.rpartition("@")[2])),
        proxy_headers=urllib3.make_headers(proxy_basic_auth=credentials),
        **options,  # type: ignore[arg-type]
    )
    return manager.connection_from_url(settings.ingest_url), path


def _read_answer(response: urllib3.BaseHTTPResponse, until: float) -> bytes:
    """At most `MAX_ANSWER_BYTES` of the answer, and the connection back if there was no more than that."""
    answer = b""
    try:
        while time.monotonic() < until and len(answer) < MAX_ANSWER_BYTES:
            chunk = response.read1(MAX_ANSWER_BYTES - len(answer))
            if not chunk:
                response.release_conn()
                return answer
            answer += chunk
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        pass
    response.close()
    return answer


def _plain(error: Exception) -> str:
    """An error in one line: urllib3's own text, without the object addresses that it begins with."""
    text = (
        str(error.__cause__ or error) if isinstance(error, urllib3.exceptions.ProtocolError) else str(error)
    )
    text = text.rpartition(">: ")[2] if "object at 0x" in text else text
    return f"{type(error).__name__}: {text}"


def retry_after_seconds(value: str | None, date: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, or None where it says nothing usable.

    Takes both forms of RFC 9110, section 10.2.3: seconds, and a date, which is read against the answer's own
    `Date`, so that a wrong clock on this side does not matter. Malformed, negative or past is None.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
