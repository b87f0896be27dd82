"""Send messages to the dead-letter queue, and delay records that are returned to it."""

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from loginformant_shipper.dead_letters.messages import MAX_MESSAGE_BYTES, Addressed
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.settings import (
    MIB,
    QUEUE_ATTEMPTS,
    QUEUE_CONNECT_SECONDS,
    QUEUE_READ_SECONDS,
    QUEUE_WORST_CASE_SECONDS,
    RESERVE_MARGIN_SECONDS,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef


PARALLEL_WRITES = 8


MAX_BATCH_REQUEST_ENTRIES = 10


MIN_POSTPONEMENT_SECONDS, MAX_POSTPONEMENT_SECONDS = 30, 120
THROTTLED_FACTOR = 5
"""The factor by which the delay of throttled records is longer, so that replay slows down."""
MAX_VISIBILITY_SECONDS = 12 * 3600
"""The maximum of ChangeMessageVisibility (Amazon SQS API Reference)."""


ENCODE_SECONDS_PER_MIB = 0.045
"""The processor time to encode a MiB of log events as JSON and gzip. Short lines take the longest, 0.029 s
(docs/performance.md, "Writing to the queue"); the rest is a margin for slower processors."""


def reserve_seconds(
    payloads: int,
    payload_bytes: int,
    available: float,
    *,
    inflated_bytes: int = 0,
    processor_share: float = 1.0,
) -> float:
    """Return the seconds to reserve for storing a whole invocation's events in the dead-letter queue.

    The worst case is assumed: no payload is delivered, each needs its own message, every request times out at
    every attempt, `PARALLEL_WRITES` at a time, and all log events must be encoded first. The requests get
    more than half of the `available` seconds only if a single round needs it, and encoding gets at most a
    quarter. Records that cannot be stored in that time are returned to their source.

    Args:
        payloads: The number of payloads.
        payload_bytes: The size of their data.
        available: The remaining seconds of the invocation.
        inflated_bytes: The decompressed size of the payloads.
        processor_share: The function's share of a processor, up to 1.
    """
    encoding = min(inflated_bytes // MIB * ENCODE_SECONDS_PER_MIB / processor_share, available / 4)
    messages = max(payloads, 1) + payload_bytes // MAX_MESSAGE_BYTES
    rounds = math.ceil(messages / PARALLEL_WRITES)
    one_round = QUEUE_WORST_CASE_SECONDS + RESERVE_MARGIN_SECONDS
    all_rounds = rounds * QUEUE_WORST_CASE_SECONDS + RESERVE_MARGIN_SECONDS
    return encoding + max(one_round, min(all_rounds, available / 2))


def store(letters: Sequence[Addressed], seconds: float) -> list[str]:
    """Send messages to their queues, several at a time, for at most `seconds`.

    Returns:
        For each message why it was not stored, or an empty text if it was. A message whose request has not
        ended in time counts as not stored, although it may be.
    """
    return _call_sqs([partial(_write, letter=letter) for letter in letters], seconds)


def _write(client: "SQSClient", letter: Addressed) -> None:
    message, queue_url, delay_seconds = letter
    client.send_message(
        QueueUrl=queue_url,
        MessageBody=message.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
        },
        DelaySeconds=delay_seconds,
    )


class Postponed(NamedTuple):
    """A record that is returned to the queue, and its delay."""

    record: SourceRecord
    was_throttled: bool = False
    min_seconds: float = 0.0
    """The remaining seconds of a Retry-After header."""

    def seconds(self) -> int:
        """Return a random delay in seconds."""
        drawn = random.randint(MIN_POSTPONEMENT_SECONDS, MAX_POSTPONEMENT_SECONDS)
        if self.was_throttled:
            drawn *= THROTTLED_FACTOR
        return min(drawn + math.ceil(self.min_seconds), MAX_VISIBILITY_SECONDS)


def postpone(records: Iterable[Postponed], queue_url: str, seconds: float) -> None:
    """Make returned records visible again after half a minute to two minutes, throttled ones later.

    Without this, the records would stay hidden for the rest of the queue's visibility timeout. Records for
    which it fails do, which is not an error.

    Args:
        records: The records and their delays.
        queue_url: The URL of their queue.
        seconds: The maximum duration.
    """
    ours = [postponed for postponed in records if postponed.record.receipt_handle]
    starts = range(0, len(ours), MAX_BATCH_REQUEST_ENTRIES)
    chunks = [ours[start : start + MAX_BATCH_REQUEST_ENTRIES] for start in starts]
    _call_sqs([partial(_postpone, some=chunk, queue_url=queue_url) for chunk in chunks], seconds)


def _postpone(client: "SQSClient", some: Sequence[Postponed], queue_url: str) -> None:
    entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
        {
            "Id": str(number),
            "ReceiptHandle": postponed.record.receipt_handle,
            "VisibilityTimeout": postponed.seconds(),
        }
        for number, postponed in enumerate(some)
    ]
    client.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def _call_sqs(calls: Sequence[Callable[["SQSClient"], None]], seconds: float) -> list[str]:
    """Make calls, several at a time, for at most `seconds`. Return the error of each, or an empty text."""
    if not calls:
        return []
    from botocore.exceptions import BotoCoreError

    end = time.monotonic() + seconds
    try:
        client = _sqs_client()
    except BotoCoreError as error:
        return [f"{type(error).__name__}: {error}"] * len(calls)
    threads = ThreadPoolExecutor(min(len(calls), PARALLEL_WRITES), "sqs")
    made = [threads.submit(call, client) for call in calls]
    wait_for(made, timeout=max(end - time.monotonic(), 0.0))
    threads.shutdown(wait=False, cancel_futures=True)
    return [_trouble(call) for call in made]


def _trouble(call: Future[None]) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    if call.cancelled() or not call.done():
        return "not stored in time"
    error = call.exception()
    if error is not None and not isinstance(error, (BotoCoreError, ClientError)):
        raise error
    return f"{type(error).__name__}: {error}" if error else ""


@cache
def _sqs_client() -> "SQSClient":
    # Created here and kept, since most environments never need it, and the others need it in each invocation
    # of an outage. Creating it takes 50 ms of processor time and 6 MiB, most of it to read the API's model.
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=QUEUE_CONNECT_SECONDS,
        read_timeout=QUEUE_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": QUEUE_ATTEMPTS},
        max_pool_connections=PARALLEL_WRITES,
    )
    # botocore instead of boto3, which would load more code for the same requests.
    return cast("SQSClient", botocore.session.get_session().create_client("sqs", config=config))
