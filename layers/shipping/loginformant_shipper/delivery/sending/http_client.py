"""Send one request to the ingest API and return its outcome. `policy` decides what it means."""

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPException, HTTPResponse, parse_headers
from traceback import clear_frames
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import urllib3

from loginformant_shipper import __version__, connections
from loginformant_shipper.delivery.policy import is_refused_by_proxy
from loginformant_shipper.delivery.sending.key_mask import without_key
from loginformant_shipper.redaction.redact import redact_text
from loginformant_shipper.settings import Settings

USER_AGENT = f"loginformant-shipper/{__version__}"
BATCH_PATH = "/api/ingest/batch"

_NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)
"""The object that urllib3 would create from `retries=False` for each request. It is never changed."""

_CHALLENGE = "x-amzn-waf-action"
"""The header with which AWS WAF answers 202 to a request that it has blocked ("CAPTCHA and Challenge action
behavior", AWS WAF Developer Guide)."""

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<")
"""The beginning of an HTML page: a tag, a comment or a declaration, after a byte order mark or white space.
JSON begins with none of them."""

MAX_ANSWER_BYTES = 64 * 1024
MAX_BODY_BESIDE_HEADERS = 8 * 1024
MAX_INTERIM_ANSWERS = 100
MAX_DETAIL_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one request."""

    status: int | None
    """The HTTP status; None if there was no response, or none that is HTTP."""
    detail: str
    """The beginning of the response, or the error; never the API key."""
    retry_after: float | None = None
    """The seconds to wait according to the response; None if it does not say."""
    seconds: float = 0.0
    """The duration of the request in seconds."""
    is_foreign: bool = False
    """Whether something other than the ingest API answered: a firewall or a proxy, with an HTML page, with a
    certificate that is not trusted, or by refusing the connection."""


class Abandoned(Exception):
    """The request was abandoned by the thread that waited for it."""


class ProxyRefused(OSError):
    """A proxy did not open a connection to the ingest API."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Tunnel connection failed: {status} {reason.strip()}")
        self.status = status


class NotConnected(Exception):
    """The request was not sent, since there is no connection."""


_EXPECTED_ERRORS = (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError, Abandoned)


class Connection:
    """A persistent connection to the ingest API, for one request at a time.

    An abandoned connection is never used again, since its thread may still be in a name resolution or a TLS
    handshake, which cannot be interrupted.
    """

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._pool = connections.connection_pool(settings.ingest_url, settings.proxy_url, tls)
        self._path = urlsplit(settings.ingest_url).path + BATCH_PATH
        self._connection: urllib3.connection.HTTPConnection | None = None
        self._head: _Head | None = None
        self._answer: _FinalResponse
        self._abandoned = False
        self._body_is_sent = False
        self._seconds = 0.0
        """The timeout of each socket operation of the current request."""
        self._until: float | None = None
        """The time by which `post_if_connected` must end; None during `post`."""
        self.answered: Outcome | None = None
        """The outcome, set as soon as the status is known, for responses whose body never ends. The caller of
        `post` clears it first, since the thread may never run."""
        connection_class = self._pool.ConnectionCls

        def connect(*args: object, **kwargs: object) -> urllib3.connection.HTTPConnection:
            connection = connection_class(*args, **kwargs)  # type: ignore[arg-type]
            connection.response_class = _TunnelResponse  # type: ignore[attr-defined]
            connection._new_conn = partial(self._open, connection._new_conn)  # type: ignore[attr-defined]
            connection.connect = partial(self._connect, connection.connect)  # type: ignore[method-assign]
            connection.request = partial(self._send_request, connection)  # type: ignore[method-assign]
            connection.getresponse = partial(self._begin_answer, connection)  # type: ignore[assignment,method-assign]
            self._connection = connection  # type: ignore[assignment]
            return connection  # type: ignore[return-value]

        self._pool.ConnectionCls = connect  # type: ignore[assignment]

    def post(self, body: bytes, key: str, seconds: float) -> Outcome:
        """Send a request body and read the response. Errors are returned as an outcome.

        Args:
            body: The request body.
            key: The API key.
            seconds: The timeout of each socket operation. To limit the whole request, call `abandon`.
        """
        started = time.monotonic()
        try:
            return self._exchange(body, key, started, seconds)
        except NotConnected:
            raise
        except Exception as error:
            is_expected = isinstance(error, _EXPECTED_ERRORS)
            # The text of another error may hold anything, also the password of a proxy.
            detail = self._detail(_plain(error), key) if is_expected else f"unexpected {type(error).__name__}"
            is_foreign = any(map(_is_foreign, _causes(error)))
            # The frames of urllib3 and the error refer to each other, and to the frames of all callers.
            # Without this, an abandoned connection would keep its thread until garbage is collected.
            clear_frames(error.__traceback__)
            return Outcome(None, detail, None, time.monotonic() - started, is_foreign)

    def _exchange(self, body: bytes, key: str, started: float, seconds: float) -> Outcome:
        self._body_is_sent, self._seconds = False, seconds
        self._pool.urlopen(
            "POST",
            self._path,
            body=body,
            headers={"X-API-Key": key},
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            # A name may have several addresses, the first of which does not answer.
            timeout=urllib3.Timeout(connect=seconds / 2, read=seconds),
            preload_content=False,
            release_conn=True,
        )
        response = self._answer
        status, headers = response.status, response.headers
        if not self._body_is_sent and 200 <= status <= 299:
            # The server cannot have accepted logs that it has not received (RFC 9112, section 9.5).
            self._hang_up()
            detail = f"answered {status} before the request was sent"
            return Outcome(None, detail, seconds=time.monotonic() - started)
        retry_after = retry_after_seconds(headers["Retry-After"], headers["Date"])
        is_challenge, is_html = _CHALLENGE in headers, "html" in headers.get("Content-Type", "").lower()
        may_be_foreign = is_challenge or is_html
        self.answered = Outcome(status, "", retry_after, time.monotonic() - started, may_be_foreign)
        answer, is_whole = _read_answer(response, started + seconds)
        if not is_whole or not self._body_is_sent:
            # The response came early, so the server's handling of the rest of the body is undefined.
            self._hang_up()
        is_foreign = is_challenge or (is_html and (not is_whole or bool(_PAGE.match(answer))))
        detail = self._detail(answer.decode("utf-8", "replace"), key)
        return Outcome(status, detail, retry_after, time.monotonic() - started, is_foreign)

    @property
    def is_connected(self) -> bool:
        """Return whether there is a connection for `post_if_connected`; the server may have closed it.

        TLS inside TLS (an https proxy) is none: urllib3 reads in a loop there, of which only each step has a
        timeout.
        """
        return self._connection is not None and isinstance(self._connection.sock, socket.socket)

    def post_if_connected(self, body: bytes, key: str, seconds: float) -> Outcome:
        """Send a short request and read the response as `post` does, but in at most `seconds` in all.

        Each step is bounded: no connection is made, `body` is at most `MAX_BODY_BESIDE_HEADERS`, which is one
        write, and each read ends in time, however slowly the response comes.

        Raises:
            NotConnected: There is no connection. Nothing was sent.
        """
        self._until = time.monotonic() + seconds
        try:
            return self.post(body, key, seconds)
        finally:
            self._until = None

    def _connect(self, connect: Callable[[], None]) -> None:
        if self._until is not None:
            raise NotConnected
        connect()

    def _open(self, open_socket: Callable[[], socket.socket]) -> socket.socket:
        """Return a connected socket, with the timeout for TLS and for the proxy."""
        sock = open_socket()
        sock.settimeout(self._seconds)
        return sock

    def _detail(self, text: str, key: str) -> str:
        """Return the beginning of a text without the API key, which a response may quote."""
        return redact_text(without_key(text, key), self._settings)[:MAX_DETAIL_CHARACTERS]

    def abandon(self) -> None:
        """Abandon the current request by closing its socket. Data that was not sent yet is never sent."""
        self._abandoned = True
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            # Not the shutdown of the TLS socket, which removes the TLS layer first: a thread that is sending
            # would continue unencrypted. With TLS inside TLS (an https proxy) the socket is one level down.
            with suppress(OSError):
                socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)

    def _send_request(
        self, connection: Any, method: str, url: str, *, body: bytes, headers: dict[str, str], **_: object
    ) -> None:
        """Write a request. The headers and the beginning of the body are one write.

        A short request is then one packet, and one record of TLS. `http.client` writes the two separately,
        and makes the headers for each request, which takes a tenth of the processor time of a short one.

        If the server has closed its side, an error is raised that urllib3 recognizes: it then reads a
        response, such as 401 or 413, that the server may have sent after the headers (RFC 9112, section 9.5).
        urllib3 does not recognize the errors of TLS for a closed connection.
        """
        if connection.sock is None:
            connection.connect()
        # Checked here, since it may be abandoned during the name lookup. A thread that was frozen in one may
        # continue in a later invocation, but must not send.
        if self._abandoned:
            raise Abandoned("abandoned before it was sent")
        connection.sock.settimeout(self._seconds)
        key = headers["X-API-Key"]
        if self._head is None or self._head.key != key:
            self._head = _head(connection, method, url, key)
        head = b"%b%d%b" % (self._head.before_length, len(body), self._head.after_length)
        try:
            connection.sock.sendall(head + body[:MAX_BODY_BESIDE_HEADERS])
            if len(body) > MAX_BODY_BESIDE_HEADERS:
                connection.sock.sendall(memoryview(body)[MAX_BODY_BESIDE_HEADERS:])
        except (ssl.SSLError, ConnectionError) as error:
            raise BrokenPipeError(f"{type(error).__name__}: {error}") from error
        self._body_is_sent = True

    def _begin_answer(self, connection: Any) -> "_FinalResponse":
        """Return the response of `http.client`, without urllib3's wrapper.

        The wrapper can also decode, decompress and follow redirects. Creating and reading it takes a fifth of
        the processor time of a short request.
        """
        connection.sock.settimeout(self._seconds)
        sock = connection.sock if self._until is None else _BoundedSocket(connection.sock, self._until)
        self._answer = _FinalResponse(sock, method="POST", hang_up=connection.close)
        try:
            self._answer.begin()
        except BaseException:
            self._answer.close()
            raise
        if self._answer.will_close:
            connection.close()  # the response keeps the socket until it is read
        return self._answer

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._answer.close()


class _BoundedSocket:
    """A socket whose response is read until a time at the latest."""

    def __init__(self, sock: Any, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(
            _BoundedReader(self._sock, self._sock.makefile(mode, buffering=0), self._until)
        )


class _BoundedReader(io.RawIOBase):
    """Reads a socket until a time. The timeout of a socket applies to each read, not to all together."""

    def __init__(self, sock: Any, raw: io.RawIOBase, until: float) -> None:
        self._sock = sock
        self._raw = raw
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._sock.gettimeout() != 0.0:  # with 0, `_has_more` reads without waiting
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time for the response is up")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Head(NamedTuple):
    """The request line and the headers of all requests with a key."""

    key: str
    before_length: bytes
    after_length: bytes


def _head(connection: Any, method: str, url: str, key: str) -> _Head:
    """Return what `http.client` writes before and after the length of a body."""
    written: list[bytes] = []
    writer = copy(connection)  # keeps the state of a request from the connection itself
    writer.send = written.append
    writer.putrequest(method, url)
    writer.putheader("Content-Type", "application/json")
    writer.putheader("Content-Length", "")
    writer.putheader("User-Agent", USER_AGENT)
    writer.putheader("X-API-Key", key)
    writer.endheaders()
    before, name, after = b"".join(written).partition(b"Content-Length: ")
    return _Head(key, before + name, after)


class _FinalResponse(HTTPResponse):
    """The final response to a request. Interim responses are skipped.

    `http.client` skips only 100, and treats any other interim response as the final one. The real response
    would stay in the connection, and the next request would read it as its own, so that its logs would be
    lost. RFC 9110, section 15.2: "A client MUST be able to parse one or more 1xx responses received prior to
    a final response".

    A connection with an unusual response is closed, since it is not certain to which response the next bytes
    belong. So is one after a 5xx: a gateway that reports a timeout of the server behind it may still pass on
    the response of that server.
    """

    version_string = "HTTP"
    length_remaining: int | None = None
    """urllib3 logs this attribute at DEBUG."""

    def __init__(self, *arguments: Any, hang_up: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hang_up = hang_up

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == 101:
                raise HTTPException("101: the server switched to a protocol that was not requested")
            if not 100 <= status <= 199:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException(f"more than {MAX_INTERIM_ANSWERS} interim responses")

    def begin(self) -> None:
        super().begin()
        self.will_close |= self.status >= 500 or self._is_odd()

    def _is_odd(self) -> bool:
        # Both headers: RFC 9112, section 6.3. Defects: headers after a broken line were not parsed.
        is_encoded = "Transfer-Encoding" in self.headers
        if self.headers.defects or (is_encoded and "Content-Length" in self.headers):
            return True
        if self.status not in (204, 304):
            return False
        return is_encoded or bool(set(self.headers.get_all("Content-Length") or "0") - {"0"})

    def _close_conn(self) -> None:
        # Called at the end of the response. Further bytes would be read as the beginning of the next one.
        has_more = self._has_more()
        super()._close_conn()  # type: ignore[misc]
        if has_more:
            self._hang_up()

    def _has_more(self) -> bool:
        """Return whether bytes after the response are in the buffer, the TLS layer or the socket."""
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


class _TunnelResponse(_FinalResponse):
    """The response of a proxy to CONNECT, of which only the status and the headers are read.

    `http.client` accepts only 200. What follows the headers is not part of the response (RFC 9110, section
    9.3.6).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, hang_up=lambda: None, **options)

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()
        if status != 200:
            raise ProxyRefused(status, reason)
        return version, status, reason

    def _has_more(self) -> bool:
        return False


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of all connections, or None without TLS.

    Raises `SettingsError` if the file of `CA_BUNDLE` is not valid.
    """
    if urlsplit(settings.ingest_url).scheme != "https":
        return None
    return connections.tls_context(settings.ca_bundle)


def _read_answer(response: HTTPResponse, until: float) -> tuple[bytes, bool]:
    """Return at most `MAX_ANSWER_BYTES` of a response, and whether it is complete."""
    answer = b""
    try:
        while time.monotonic() < until and len(answer) < MAX_ANSWER_BYTES:
            chunk = response.read1(MAX_ANSWER_BYTES - len(answer))
            if not chunk:
                if is_complete := not response.length:
                    response.close()  # Python 3.11.7 and before do not do so at the last byte
                return answer, is_complete
            answer += chunk
    except (HTTPException, OSError, ValueError):
        pass
    return answer, False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_foreign(error: BaseException) -> bool:
    """Return whether an error says that something other than the ingest API answered."""
    if isinstance(error, ProxyRefused):
        return is_refused_by_proxy(error.status)
    return isinstance(error, ssl.SSLCertVerificationError)


def _plain(error: Exception) -> str:
    """Return the text of an error of urllib3 in one line, without the object at its beginning."""
    text = (
        str(error.__cause__ or error) if isinstance(error, urllib3.exceptions.ProtocolError) else str(error)
    )
    text = text.rpartition(">: ")[2] if "object at 0x" in text else text
    return f"{type(error).__name__}: {text}"


def retry_after_seconds(value: str | None, date: str | None) -> float | None:
    """Return the seconds in a Retry-After header, or None if the value is malformed, negative or in the past.

    The value is a number of seconds or a date (RFC 9110, section 10.2.3). A date is compared with the `Date`
    of the response, so that a wrong local clock does not matter.
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
