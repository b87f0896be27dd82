"""Check requests as strictly as the specification of the ingest API allows.

Source: LogInformant, "Build your own integration": `POST /api/ingest/batch` takes `{"logs": [...]}` of up to
500 logs, `POST /api/ingest` takes one log; `level` and `message` are required, `timestamp`, `source`,
`exception` and `properties` are optional.
"""

import json
import re
from datetime import datetime
from email.message import Message
from typing import Any, NamedTuple

SINGLE = "/api/ingest"
BATCH = "/api/ingest/batch"
MAX_LOGS = 500
LEVELS = ("Debug", "Information", "Warning", "Error", "Fatal")

_TEXTS = ("message", "source", "exception")
_FIELDS = {"timestamp", "level", "properties", *_TEXTS}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|\+00:00)")

Log = dict[str, Any]


class Refusal(Exception):
    """A rejected request. The text says why; `status` is the status of the response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Call(NamedTuple):
    """A received request with its whole body."""

    method: str
    path: str
    headers: Message
    body: bytes


def accepted_logs(call: Call, keys: frozenset[str]) -> list[Log]:
    """Return the logs of a request in order.

    Raises:
        Refusal: The request is rejected: 404 and 405 for another path or method, 401 for a key that is not
            one of `keys`, 400 for everything else.
    """
    if call.path not in (SINGLE, BATCH):
        raise Refusal(404, f"{call.path} does not exist")
    if call.method != "POST":
        raise Refusal(405, f"{call.path} allows POST, not {call.method}")
    if call.headers.get("X-API-Key") not in keys:
        raise Refusal(401, "the API key is missing or not known")
    media_type, *parameters = (
        part.strip().lower() for part in call.headers.get("Content-Type", "").split(";")
    )
    if media_type != "application/json" or parameters not in ([], ["charset=utf-8"]):
        raise Refusal(400, "Content-Type must be application/json")
    if "Content-Encoding" in call.headers:
        raise Refusal(400, "Content-Encoding is not supported")

    body = _parsed(call.body)
    if call.path == SINGLE:
        _check_log(body, "the log")
        return [body]
    if not isinstance(body, dict) or set(body) != {"logs"} or not isinstance(body["logs"], list):
        raise Refusal(400, 'the body must be {"logs": [...]} and nothing else')
    logs: list[Log] = body["logs"]
    if not 1 <= len(logs) <= MAX_LOGS:
        raise Refusal(400, f"a batch must have 1 to {MAX_LOGS} logs, not {len(logs)}")
    for index, log in enumerate(logs):
        _check_log(log, f"logs[{index}]")
    return logs


def _parsed(body: bytes) -> Any:
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
        if rb"\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # fails for lone surrogates
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON in UTF-8: {error}") from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a member twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_log(log: Any, where: str) -> None:
    if not isinstance(log, dict):
        raise Refusal(400, f"{where} must be an object")
    if unknown := sorted(set(log) - _FIELDS):
        raise Refusal(400, f"{where} has unknown fields: {', '.join(unknown)}")
    if log.get("level") not in LEVELS:
        raise Refusal(400, f"{where}.level must be one of {', '.join(LEVELS)}")
    for name in _TEXTS:
        if name in log and not isinstance(log[name], str):
            raise Refusal(400, f"{where}.{name} must be a string")
    if not log.get("message", "").strip():
        raise Refusal(400, f"{where}.message is required and must not be blank")
    if not isinstance(log.get("properties", {}), dict):
        raise Refusal(400, f"{where}.properties must be an object")
    if "timestamp" in log:
        _check_timestamp(log["timestamp"], where)


def _check_timestamp(timestamp: Any, where: str) -> None:
    try:
        if not _TIMESTAMP.fullmatch(timestamp):
            raise ValueError
        datetime.fromisoformat(timestamp)
    except (TypeError, ValueError):
        raise Refusal(400, f"{where}.timestamp must be a UTC time like 2026-04-08T18:30:00.000Z") from None
