"""Rule `http-status`: the level of an access log. 5xx is Error, 4xx is Warning, others are Information."""

import re
from collections.abc import Set as AbstractSet
from typing import Any

from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import encoded

LINE = 4096
"""The number of characters of a line in which the status is searched."""


_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE")
WORDS_OF_REQUESTS = encoded(method.lower() for method in _METHODS)


def may_be_request(line: str, words: AbstractSet[bytes]) -> bool:
    """Return whether a line may be one of an access log, to exclude most lines quickly.

    Args:
        line: The first line of a text.
        words: The words of the text; words that are not in `WORDS_OF_REQUESTS` may be missing.
    """
    return (
        "/" in line
        or '"' in line
        or "|" in line
        or not WORDS_OF_REQUESTS.isdisjoint(words)
        or ("-" in line and line[19:20] == " " and line[4:5] == "-")  # IIS: a word may end as a method
    )


def decide_by_http_status(line: str) -> Decision | None:
    """Return the level of a line of an access log, or None if it is not one."""
    if len(line) > LINE:
        line = line[:LINE]
    if ": /" in line and (phrase := _PHRASE.match(line)):
        return _decision(_PHRASES[phrase[1]])
    if not _has_mark(line) or not _CODE_SHAPED.search(line):
        return None
    if line[4:5] == "-" and (w3c := _W3C.match(line)):
        return _decision(int(w3c[1]))
    first = None
    for mark, formats in _STATUSES:
        if mark in line:
            for string, pattern in formats:
                status = pattern.search(line) if string in line else None
                if status and (first is None or status.start() < first.start()):
                    first = status
    return _decision(int(first[1])) if first else None


def decide_by_common_log(line: str) -> Decision | None:
    """Return the level of a line in the Common Log Format, or None if it is not one."""
    status = _COMMON_LOG.match(line)
    return _decision(int(status[1])) if status else None


def decide_by_status_field(fields: dict[str, Any]) -> Decision | None:
    """Return the level of a structured access log, or None if no field is an HTTP status."""
    found = _NAMES.intersection(fields)
    for name in found if len(found) < 2 else sorted(found, key=_RANKS.__getitem__):
        if decision := _of_value(fields[name]):
            return decision
    found = _CONTAINERS.intersection(fields)
    for container in found if len(found) < 2 else sorted(found, key=_RANKS_OF_CONTAINERS.__getitem__):
        inner = fields[container]
        if isinstance(inner, dict):
            values = _values_inside(inner)
            if isinstance(response := inner.get("response"), dict):
                values += _values_inside(response)
            if decision := next(filter(None, map(_of_value, values)), None):
                return decision
    return None


def _values_inside(fields: dict[str, Any]) -> list[Any]:
    return [fields[name] for name in sorted(_NAMES_INSIDE.intersection(fields), key=_RANKS.__getitem__)]


# --- lines ---

_METHOD = f"(?:{'|'.join(_METHODS)})"
_BEHIND_METHOD = "(?<=[DEHST] )(?:" + "|".join(rf"(?<=(?<!\w){method} )" for method in _METHODS) + ")"
_BEHIND_TAG = "(?:" + "|".join(rf"(?<=(?<!\w)[A-Z]{{{length}}}_)" for length in range(3, 9)) + ")"
_CODE = r"([1-5]\d\d)"
_STATUSES = tuple(
    (mark, tuple((string, re.compile(pattern)) for string, pattern in formats.items()))
    for mark, formats in {
        "/": {
            # "GET / HTTP/1.1" 200; uWSGI: (HTTP/1.1 200); API Gateway, CSV: HTTP/1.1,200
            "HTTP/": rf"HTTP/\d(?:\.\d)?\"?(?:[ \t]{{1,4}}|,){_CODE}\b",
            "/": rf"/-?\d{{1,8}}/\+?-?\d{{1,8}} {_CODE} \+?\d",  # HAProxy: 0/0/1/0/2 304 168
            "_": rf"_{_BEHIND_TAG}[A-Z_]{{2,30}}/{_CODE} \d",  # Squid: TCP_MISS/503 4114
        },
        '"': {
            '] "': rf"\] \"[^\"\n]{{0,2000}}\" {_CODE} (?:\d|-)",  # [time] "anything" 200 77
            # load balancers: 200 200 34 366 "GET
            ' "': rf" (?<=[\d.-] ){_CODE} (?:[1-5]\d\d|-) \d{{1,12}} \d{{1,12}} \"",
            # chi: "GET / HTTP/1.1" from 10.0.0.7:7 - 404 19B
            '" from ': rf"\" from \S{{1,60}} - {_CODE} \d",
        },
        "<": {"<status>": rf"<status>{_CODE}</status>"},  # API Gateway, XML
        "|": {"| ": rf"\| {_CODE} \|"},  # gin, fiber: | 200 |
        "T": {"T": rf" {_BEHIND_METHOD}\S{{1,2000}} {_CODE}\b"},  # morgan: GET /path 200
        "=": {  # lograge, Heroku
            "method=": rf"\bmethod=\"?{_METHOD}\"? [^\n]{{0,2000}}?\bstatus=\"?{_CODE}\b"
        },
        "\t": {"\t": rf"\t{_METHOD}\t[^\t\n]{{1,300}}\t[^\t\n]{{1,1000}}\t{_CODE}\t"},  # CloudFront
    }.items()
)
"""For each format a string that all of its lines contain, and the pattern of its status. Formats are grouped
by a character that all of their lines contain, which is found faster than a string. Patterns begin with one
character, and look back from there, since a search for a fixed first character is several times as fast."""
_W3C = re.compile(  # IIS: 2026-01-02 10:20:30 10.0.0.1 GET /path - 443 - 10.0.0.2 agent - 200 0 0 15
    rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d [^\n]{{0,80}}{_METHOD} [^\n]{{1,3000}}?"
    rf" {_CODE} \d{{1,5}} \d{{1,10}} \d{{1,10}}\b"
)
_PHRASES = {
    "Bad Request": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "Not Found": 404,
    "Method Not Allowed": 405,
    "Gone": 410,
    "Payload Too Large": 413,
    "Too Many Requests": 429,
    "Internal Server Error": 500,
    "Not Implemented": 501,
    "Bad Gateway": 502,
    "Service Unavailable": 503,
    "Gateway Timeout": 504,
}
_PHRASE = re.compile(rf"({'|'.join(_PHRASES)})(?: \([^()\n]{{1,200}}\))?: /")
"""The phrase of a status before a path, as Django logs it: `Not Found: /favicon.ico`, `Forbidden (CSRF cookie
not set.): /orders/` (log_response)."""
_CODE_SHAPED = re.compile(rf"[ \t/=\",>]{_CODE}(?!\d)")
"""A quick check that rules out most lines: each format contains one of these."""


def _has_mark(line: str) -> bool:
    """Return whether a line may contain a request, to exclude most lines quickly."""
    return (  # written out, since any() would take longer than the rest of the function
        "/" in line
        or '] "' in line
        or "|" in line
        or "GET" in line
        or "POST" in line
        or "PUT" in line
        or "HEAD" in line
        or "DELETE" in line
        or "PATCH" in line
        or "OPTIONS" in line
        or "TRACE" in line
        or "CONNECT" in line
        or "TCP_" in line
    )


_COMMON_LOG = re.compile(
    rf"(?:[a-z\d-]{{1,40}}[.:][\w.:-]{{1,60}} )?(?:[\da-f.:]{{2,45}}, ){{0,12}}"  # host, addresses
    rf"[^\s|]{{1,60}} \S{{1,60}} \S{{1,100}} \[\d\d/[A-Z][a-z]{{2}}/\d{{4}}:[^\]\n]{{8,20}}\] "
    rf"\"[^\"\n]{{0,2000}}\" {_CODE} "
)
"""The Common Log Format, with which the lines of most access logs begin."""

# --- fields ---

_RANKS = {
    name: rank
    for rank, name in enumerate(
        (
            *("status", "Status", "statusCode", "StatusCode", "status_code"),
            *("httpStatus", "http_status", "http.status", "httpStatusCode", "http_status_code"),
            *("http.status_code", "http.response.status_code", "httpCode", "http_code"),
            *("responseCode", "response_code", "RESPONSE_CODE", "responseStatusCode", "response_status"),
            *("res.statusCode", "sc-status", "sc_status", "elb_status_code"),
            *("EdgeResponseStatus", "DownstreamStatus", "OriginStatus", "upstream_status", "code"),
        )
    )
}
"""The names of fields with a status. What the client was answered comes before what a server answered."""
_NAMES = frozenset(_RANKS) - {"code"}
_RANKS_OF_CONTAINERS = {
    container: rank
    for rank, container in enumerate(
        (
            *("response", "Response", "res", "httpResponse", "responseStatus", "http", "httpRequest"),
            *("http_request", "request", "proxy", "delivery", "message"),
        )
    )
}
"""Fields that hold an object with the status in it: ECS, Kubernetes audit, Vercel, SNS, Fauna, Google.
What was answered comes first."""
_CONTAINERS = frozenset(_RANKS_OF_CONTAINERS)
_NAMES_INSIDE = _NAMES | {"code"}


def _of_value(value: object) -> Decision | None:
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        value = int(value)
    return _decision(value) if isinstance(value, int) and 100 <= value <= 599 else None


def _decision(status: int) -> Decision:
    if status >= 500:
        return decided(Level.ERROR, "http-status")
    return decided(Level.WARNING if status >= 400 else Level.INFORMATION, "http-status")
