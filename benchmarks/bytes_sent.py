"""Measure how many bytes an invocation sends and logs, for the calculation in docs/scaling.md."""

import io
from contextlib import redirect_stdout

from loginformant_shipper.pipeline import ship

from benchmarks.payloads import LOG_GROUP, plain
from benchmarks.shipper import REMAINING_SECONDS, warm
from events.wrap import wrap
from local.ingest_api import LOCAL_KEY, ingest_api

EVENTS = 100


def main() -> None:
    """Ship a payload of plain lines of Lambda, and print the bytes of a log event and of an invocation."""
    messages = plain(EVENTS)
    payload = wrap(
        {
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": LOG_GROUP,
            "logStream": "2026/11/03/[$LATEST]8f1d3c526a0b4c8e9d27",
            "subscriptionFilters": ["loginformant-shipper-subscriber"],
            "logEvents": [
                {"id": f"{number:056d}", "timestamp": 1_793_697_121_118 + number, "message": message}
                for number, message in enumerate(messages)
            ],
        }
    )
    with ingest_api() as api, redirect_stdout(io.StringIO()) as logged:
        environment = warm(api.url)
        environment.state.key = LOCAL_KEY
        ship(payload, environment, REMAINING_SECONDS)
        sent = sum(request.size for request in api.requests)
    print(f"a log event: {sum(map(len, messages)) / EVENTS:.0f} bytes of message, {sent / EVENTS:.0f} sent")
    print(f"an invocation: {len(logged.getvalue().encode())} bytes of its own log")


if __name__ == "__main__":
    main()
