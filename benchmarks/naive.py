"""The naive shipper, for comparison: the minimal code that ships logs.

It has no timeouts, retries, dead-letter queue or counts, and uses a level word anywhere in the text.
"""

import base64
import gzip
import re
from datetime import UTC, datetime
from typing import Any

import orjson
import urllib3

LEVEL_WORD = re.compile(r"\b(trace|debug|info|warn(?:ing)?|error|fatal|critical)\b", re.I)
LEVELS = {"trace": "Debug", "debug": "Debug", "info": "Information", "warn": "Warning"} | {
    "warning": "Warning", "error": "Error", "fatal": "Fatal", "critical": "Fatal"
}  # fmt: skip


def ship(event: dict[str, Any], pool: urllib3.PoolManager, url: str, key: str) -> None:
    payload = orjson.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    logs = [_log(each, payload["logGroup"]) for each in payload["logEvents"]]
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    for start in range(0, len(logs), 500):
        pool.request("POST", url, body=orjson.dumps({"logs": logs[start : start + 500]}), headers=headers)


def _log(event: dict[str, Any], log_group: str) -> dict[str, Any]:
    message = event["message"]
    word = LEVEL_WORD.search(message)
    return {
        "timestamp": datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat(),
        "level": LEVELS[word[0].lower()] if word else "Information",
        "message": message,
        "source": log_group,
        "properties": orjson.loads(message) if message.startswith("{") else {},
    }
