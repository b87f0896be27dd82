"""One request to the ingest API becomes one outcome. What follows from it is not decided here."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, parse_headers
from typing import Any
from urllib.parse import urlsplit

import urllib3

from loginformant_shipper import __version__, connections
from loginformant_shipper.redaction.redact import redact_text
from loginformant_shipper.settings import Settings

USER_AGENT = f"loginformant-shipper/{__version__}"
BATCH_PATH = "/api/ingest/batch"

_NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)
"""What urllib3 makes of `retries=False` at each request. Nothing that it does changes it."""

MAX_ANSWER_BYTES = 64 * 1024
MAX_BODY_BESIDE_HEADERS = 8 * 1024
MAX_INTERIM_ANSWERS = 100
MAX_DETAIL_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request."""

    status: int | None
    """HTTP status; None where no answer came, or none that is HTTP."""
    detail: str
    """The start of the answer, or what went wrong; never the API key."""
    retry_after: float | None = None
    """Seconds that the answer asks to wait."""
    seconds: float = 0.0
    """How long the request took."""
    is_html: bool = False
    """Whether the answer is a page for people: an ingest API answers in JSON."""


class Abandoned(Exception):
    """The request was given up by the thread that waited for it."""


class Connection:
    """One kept-alive connection to the ingest API, for one request at a time.

    One that was abandoned is never used again: its thread may still be inside a name look-up or a TLS
    handshake, which nothing can interrupt.
    """

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._pool = connections.connection_pool(settings.ingest_url, settings.proxy_url, tls)
        self._path = urlsplit(settings.ingest_url).path + BATCH_PATH
        self._connection: urllib3.connection.HTTPConnection | None = None
        self._answer: _FinalResponse
        self._abandoned = False
        self._body_is_sent = False
        self.answered: Outcome | None = None
        """Set as soon as the status is known: what an answer whose body never ends is worth. Whoever calls
        `post` clears it before: its thread may never get to run."""
        connection_class = self._pool.ConnectionCls

        def connect(*args: object, **kwargs: object) -> urllib3.connection.HTTPConnection:
            connection = connection_class(*args, **kwargs)  # type: ignore[arg-type]
            connection.response_class = partial(self._begin_answer, connection.close)  # type: ignore[attr-defined]
            connection.getresponse = partial(_get_answer, connection)  # type: ignore[assignment,method-assign]
            writer = _Writer(connection)
            connection.endheaders = writer.end_headers  # type: ignore[attr-defined]
            connection.send = writer.send  # type: ignore[attr-defined]
            self._connection = connection  # type: ignore[assignment]
            return connection  # type: ignore[return-value]

        self._pool.ConnectionCls = connect  # type: ignore[assignment]

    def post(self, body: bytes, key: str, seconds: float) -> Outcome:
        """Send one request body and read the answer; never raises.

        `seconds` limits each wait on the socket; the whole is limited by whoever calls `abandon` in time.
        """
        started = time.monotonic()
        self._body_is_sent = False
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": USER_AGENT,
            "X-API-Key": key,
        }
        try:
            self._pool.urlopen(
                "POST",
                self._path,
                body=self._unless_abandoned(body),
                headers=headers,
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                timeout=seconds,
                preload_content=False,
                release_conn=True,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError, Abandoned) as error:
            detail = self._detail(_plain(error), key)
            return Outcome(None, detail, seconds=time.monotonic() - started)
        response = self._answer
        retry_after = retry_after_seconds(response.headers["Retry-After"], response.headers["Date"])
        is_html = "html" in response.headers.get("Content-Type", "").lower()
        self.answered = Outcome(response.status, "", retry_after, time.monotonic() - started, is_html)
        answer, is_whole = _read_answer(response, started + seconds)
        if not is_whole or not self._body_is_sent:
            # An answer that came early: what the server makes of the rest of the body is anybody's guess.
            self._hang_up()
        detail = self._detail(answer.decode("utf-8", "replace"), key)
        return Outcome(response.status, detail, retry_after, time.monotonic() - started, is_html)

    def _detail(self, text: str, key: str) -> str:
        """Return the start of a text that is stored and logged: an answer may quote what it was sent."""
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
        self._body_is_sent = True

    def _begin_answer(self, hang_up: Callable[[], None], *arguments: Any, **options: Any) -> "_FinalResponse":
        self._answer = _FinalResponse(*arguments, hang_up=hang_up, **options)
        return self._answer

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _FinalResponse(HTTPResponse):
    """The final answer to a request; those in between are skipped.

    `http.client` skips 100 alone, and takes any other interim answer for the final one. The real one is then
    left in the connection, and the next request takes it for its own: its logs are lost. RFC 9110, section
    15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response". That
    holds for the answer of a proxy to CONNECT, too, for which `http.client` takes nothing but 200.

    A connection on which anything odd was seen is closed, since nobody knows whose the next bytes are.
    """

    version_string = "HTTP"
    length_remaining: int | None = None
    """What urllib3 writes into its log at DEBUG."""

    def __init__(self, *arguments: Any, hang_up: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hang_up = hang_up

    def _read_status(self) -> tuple[str, int, str]:
        # Of every answer the first thing that is read, by `begin` as by the tunnel through a proxy (CONNECT).
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == 101:
                raise HTTPException("101: the server changes to a protocol that nobody asked for")
            if not 100 <= status <= 199:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException(f"more than {MAX_INTERIM_ANSWERS} interim answers")

    def begin(self) -> None:
        super().begin()
        self.will_close |= self._is_odd()

    def _is_odd(self) -> bool:
        # Both headers: RFC 9112, section 6.3. Defects: what is behind a broken header line was not read.
        is_encoded = "Transfer-Encoding" in self.headers
        if self.headers.defects or (is_encoded and "Content-Length" in self.headers):
            return True
        if self.status not in (204, 304):
            return False
        return is_encoded or bool(set(self.headers.get_all("Content-Length") or "0") - {"0"})

    def _close_conn(self) -> None:
        # Called at the end of the answer. What is behind it would be read as the beginning of the next one.
        has_more = self._has_more()
        super()._close_conn()  # type: ignore[misc]
        if has_more:
            self._hang_up()

    def _has_more(self) -> bool:
        """Whether something has come that is not of the answer: in the buffer, in TLS or in the socket."""
        sock = getattr(getattr(self.fp, "raw", None), "_sock", None)
        if sock is None:
            return False
        timeout = sock.gettimeout()
        try:
            sock.settimeout(0.0)
            return bool(self.fp.peek(1))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (OSError, ValueError):
            return True
        finally:
            with suppress(OSError):
                sock.settimeout(timeout)


class _Writer:
    """Write a request: its headers in one piece with the beginning of its body, in one packet if it is short.

    `http.client` writes headers and body apart. Of a request with one log event that is a tenth of the
    processor time, and with TLS a record more.
    """

    def __init__(self, connection: Any) -> None:
        self._send = connection.send
        self._end_headers = connection.endheaders
        self._is_at_headers = False
        self._headers = b""

    def end_headers(self) -> None:
        """Keep the headers of a request until the first piece of its body is there."""
        self._is_at_headers = True
        self._end_headers()

    def send(self, data: bytes) -> None:
        """Write a part of a request.

        If the server has closed its side, say so in the words that urllib3 knows: it then reads the answer
        that the server may have written before, 401 or 413, as soon as the headers were there (RFC 9112,
        section 9.5). It does not know TLS's words for a closed connection.
        """
        if self._is_at_headers:
            self._is_at_headers, self._headers = False, data
            return
        headers, self._headers = self._headers, b""
        try:
            self._send(headers + data[:MAX_BODY_BESIDE_HEADERS] if headers else data)
            if headers and len(data) > MAX_BODY_BESIDE_HEADERS:
                self._send(memoryview(data)[MAX_BODY_BESIDE_HEADERS:])
        except (ssl.SSLError, ConnectionError) as error:
            raise BrokenPipeError(f"{type(error).__name__}: {error}") from error


def _get_answer(connection: Any) -> HTTPResponse:
    """Return the answer as `http.client` has it, in place of urllib3's own around it.

    That one could decode, decompress and follow; to make it and to read from it takes a fifth of the
    processor time of a short request.
    """
    connection.sock.settimeout(connection.timeout)
    return HTTPConnection.getresponse(connection)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what all connections share; None without TLS.

    Raises `SettingsError` where the file of `CA_BUNDLE` cannot be used.
    """
    if urlsplit(settings.ingest_url).scheme != "https":
        return None
    return connections.tls_context(settings.ca_bundle)


def _read_answer(response: HTTPResponse, until: float) -> tuple[bytes, bool]:
    """Return at most `MAX_ANSWER_BYTES` of an answer, and whether that is all of it."""
    answer = b""
    try:
        while time.monotonic() < until and len(answer) < MAX_ANSWER_BYTES:
            chunk = response.read1(MAX_ANSWER_BYTES - len(answer))
            if not chunk:
                return answer, not response.length
            answer += chunk
    except (HTTPException, OSError, ValueError):
        pass
    return answer, False


def _plain(error: Exception) -> str:
    """Return an error in one line: urllib3's own text, without the object addresses that it begins with."""
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
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
