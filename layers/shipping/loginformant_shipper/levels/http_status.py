"""Rule `http-status`: the level of an access log. 5xx is Error, 4xx is Warning, the rest is Information."""

import re
from typing import Any

from .vocabulary import Decision, Level


def decide_by_http_status(text: str) -> Decision | None:
    """The level of a line of an access log; None where it is none."""
    if any(mark in text for mark in _MARKS) and (match := _LINE.search(text)):
        return _decision(int(match[match.lastindex or 0]))
    return None


def decide_by_status_field(fields: dict[str, Any]) -> Decision | None:
    """The level of a structured access log; None where no field is an HTTP status."""
    for key in _STATUS_FIELDS & fields.keys():
        if decision := _of_value(fields[key]):
            return decision
    for container in _CONTAINERS & fields.keys():
        inner = fields[container]
        if isinstance(inner, dict):
            for key in (_STATUS_FIELDS | _INNER_FIELDS) & inner.keys():
                if decision := _of_value(inner[key]):
                    return decision
            if isinstance(inner.get("response"), dict) and (decision := decide_by_status_field(inner)):
                return decision
    return None


# Apache and NGINX `"GET / HTTP/1.1" 200`, also with other things between the quotes; HAProxy `0/0/1/0/2 304`;
# Squid `TCP_MISS/503`; uWSGI `(HTTP/1.1 200)`; load balancers `200 200 34 366 "GET`; gin `| 200 |`; W3C
# `… 200 0 0 15` (IIS); CloudFront and morgan `GET /path 200`.
_METHODS = "GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE"
_LINE = re.compile(
    r"HTTP/\d(?:\.\d)?\"?[ \t]{1,4}([1-5]\d\d)\b"
    r"|\] \"[^\"\n]{0,4096}\" ([1-5]\d\d) (?:\d{1,12}|-)"
    r"|(?<=/)-?\d{1,8}/\+?-?\d{1,8} ([1-5]\d\d) \+?\d{1,12} "
    r"|\b[A-Z]{3,8}_[A-Z_]{2,30}/([1-5]\d\d) \d"
    r"|[\d.-]{1,10} ([1-5]\d\d) (?:[1-5]\d\d|-) \d{1,12} \d{1,12} \""
    r"|\| ([1-5]\d\d) \|"
    rf"|\b(?:{_METHODS}) \S{{1,2048}} ([1-5]\d\d)\b"
    rf"|\b(?:{_METHODS}) /\S{{0,2048}} .{{1,2048}}? ([1-5]\d\d) \d{{1,5}} \d{{1,10}} \d{{1,10}}\b"
)
_MARKS = ("HTTP/", "GET", "POST", '] "', "TCP_", "/", "|")

_STATUS_FIELDS = frozenset(
    [
        "status",
        "statusCode",
        "status_code",
        "httpStatus",
        "http_status",
        "httpStatusCode",
        "http_status_code",
        "http.status_code",
        "http.response.status_code",
        "responseCode",
        "response_code",
        "RESPONSE_CODE",
        "responseStatusCode",
        "response_status",
        "sc-status",
        "sc_status",
        "elb_status_code",
        "DownstreamStatus",
        "OriginStatus",
        "EdgeResponseStatus",
        "StatusCode",
        "Status",
        "http.status",
        "http_code",
        "httpCode",
        "res.statusCode",
        "respStatus",
        "upstream_status",
    ]
)
_INNER_FIELDS = frozenset(("code", "status"))
_CONTAINERS = frozenset(
    [
        "http",
        "res",
        "response",
        "Response",
        "proxy",
        "message",
        "responseStatus",
        "httpResponse",
        "delivery",
        "httpRequest",
    ]
)


def _of_value(value: object) -> Decision | None:
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and 100 <= value <= 599:
        return _decision(value)
    return None


def _decision(status: int) -> Decision:
    if status >= 500:
        return Decision(Level.ERROR, "http-status")
    return Decision(Level.WARNING if status >= 400 else Level.INFORMATION, "http-status")
