"""Wrap sample payloads as the events that Lambda hands to the shipper.

    python -m events.wrap events/ecs-nginx.json | sam remote invoke ShipperFunction --event-file -

Needs nothing but Python.
"""

import argparse
import base64
import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]

STREAM_ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"
FIRST_SEQUENCE_NUMBER = 49671246667560265482106300000000000000000000000000000000


def encode(payload: JsonObject) -> str:
    """Return the payload as CloudWatch Logs sends it: JSON, compressed with gzip, in base64.

    The same payload always gives the same text. (Amazon CloudWatch Logs User Guide, "Subscription filters
    with AWS Lambda".)
    """
    text = json.dumps(payload, ensure_ascii=False).encode()
    return base64.b64encode(gzip.compress(text, mtime=0)).decode()


def wrap(payload: JsonObject) -> JsonObject:
    """Return the event of a subscription whose destination is the function itself."""
    return {"awslogs": {"data": encode(payload)}}


def wrap_kinesis(payloads: Iterable[JsonObject]) -> JsonObject:
    """Return the event of an event source mapping on a Kinesis stream, one record for each payload.

    (AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams".)
    """
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": payload["logStream"] or "control",
                    "sequenceNumber": str(FIRST_SEQUENCE_NUMBER + position),
                    "data": encode(payload),
                    "approximateArrivalTimestamp": payload["logEvents"][-1]["timestamp"] / 1000,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{FIRST_SEQUENCE_NUMBER + position}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/shipper",
                "awsRegion": "eu-west-1",
                "eventSourceARN": STREAM_ARN,
            }
            for position, payload in enumerate(payloads)
        ]
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0, or 2 with one line where a file cannot be used."""
    parser = argparse.ArgumentParser(prog="events.wrap", description="Wrap sample payloads as an event.")
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="payload, as in events/")
    parser.add_argument("--kinesis", action="store_true", help="a Kinesis event, one record a file")
    parser.add_argument("--output", default="-", help="file to write (default: -, standard output)")
    options = parser.parse_args(arguments)
    if len(options.files) > 1 and not options.kinesis:
        parser.error("a subscription event holds one payload; give one FILE, or --kinesis")
    payloads = []
    for file in options.files:
        try:
            payloads.append(json.loads(file.read_bytes()))
        except OSError as error:
            parser.error(f"{file}: {error.strerror}")
        except ValueError as error:
            parser.error(f"{file} is not JSON: {error}")
    event = json.dumps(wrap_kinesis(payloads) if options.kinesis else wrap(payloads[0]))
    if options.output == "-":
        print(event)
    else:
        Path(options.output).write_text(event + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
