"""Events to test a function with. They contain no logs of users."""

import json
from datetime import UTC, datetime

from loginformant_shipper.events import Origin
from loginformant_shipper.wire.encoding import encode, encode_data

from shipctl.installation.functions import Function

PROBE_LOG_GROUP = "shipctl/send-test"


def control_message(function: Function) -> bytes:
    """Return the event with which CloudWatch Logs checks a destination; the function ships nothing of it.

    See "Subscription filters with AWS Lambda", Amazon CloudWatch Logs User Guide. For the replay function the
    event is inside an SQS record.
    """
    import base64
    import gzip

    payload = {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [
            {
                "id": "",
                "timestamp": _now(),
                "message": "CWL CONTROL MESSAGE: Checking health of destination Lambda.",
            }
        ],
    }
    return _event(
        function, encode_data(base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode())
    )


def one_log(message: str) -> bytes:
    """Return the event with which CloudWatch Logs would send one log event that was logged now."""
    event = {"id": f"shipctl-{_now()}", "timestamp": _now(), "message": message}
    origin = Origin("", PROBE_LOG_GROUP, "shipctl", ("shipctl",))
    return _event(Function.SHIPPER, encode(origin, [event]))


def _event(function: Function, body: str) -> bytes:
    if function is Function.REPLAY:
        record = {
            "messageId": "shipctl-doctor",
            "body": body,
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }
        return json.dumps({"Records": [record]}).encode()
    return body.encode()


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
