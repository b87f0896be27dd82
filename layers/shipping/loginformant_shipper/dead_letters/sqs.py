"""Send messages to the dead-letter queue, and delay records that are returned to it."""

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from functools import cache, partial
from hashlib import md5
from typing import TYPE_CHECKING, Any, NamedTuple, cast

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


ALSO_RETRIED = frozenset({"KMS.ThrottlingException", "KmsThrottled", "InvalidSignatureException"})
"""Codes of refusals that pass, and that botocore does not retry: KMS limits the rate ("SendMessage", Amazon
SQS API Reference), or the clock was late just after the environment was thawed, so that the signature had
expired (aws/aws-sdk-js-v3#7605). A new attempt has a new signature."""


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


class NotConfirmed(Exception):
    """A request to store a message was answered with success, but not as SQS answers."""


def _write(client: "SQSClient", letter: Addressed) -> None:
    """Store a message. Raises `NotConfirmed` unless the answer has the MD5 of its body.

    botocore takes any answer with a status of 2xx for a success, and does not compare the MD5. But a proxy
    that decrypts TLS may answer with a page of its own. The MD5 is there "to verify that Amazon SQS received
    the message correctly" ("SendMessage", Amazon SQS API Reference).
    """
    message, queue_url, delay_seconds = letter
    answer = client.send_message(
        QueueUrl=queue_url,
        MessageBody=message.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
        },
        DelaySeconds=delay_seconds,
    )
    if answer.get("MD5OfMessageBody") != md5(message.body.encode(), usedforsecurity=False).hexdigest():
        raise NotConfirmed("the answer does not have the MD5 of the message: a proxy may have answered")


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
    end = time.monotonic() + seconds
    try:
        client = _sqs_client()
    except Exception as error:
        return [_text(error)] * len(calls)
    threads = ThreadPoolExecutor(min(len(calls), PARALLEL_WRITES), "sqs")
    made = [threads.submit(call, client) for call in calls]
    wait_for(made, timeout=max(end - time.monotonic(), 0.0))
    threads.shutdown(wait=False, cancel_futures=True)
    return [_trouble(call) for call in made]


def _trouble(call: Future[None]) -> str:
    """Return why a call failed, or an empty text.

    Any exception counts: an answer that is not from SQS can make botocore raise almost any
    (boto/botocore#2463, boto/botocore#908), and if it ended the invocation, all that was delivered would be
    delivered again.
    """
    if call.cancelled() or not call.done():
        return "not stored in time"
    error = call.exception()
    return _text(error) if error else ""


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


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
    client = cast("SQSClient", botocore.session.get_session().create_client("sqs", config=config))
    # The handler returns a pause, which the type stubs of botocore do not declare.
    client.meta.events.register("needs-retry.sqs", _pause_before_retry)  # type: ignore[arg-type]
    return client


def _pause_before_retry(response: tuple[Any, Any] | None, attempts: int, **_: object) -> float | None:
    """Return the pause in seconds before another attempt, or None if botocore alone decides about it.

    It is not longer than botocore's own pauses, which `QUEUE_WORST_CASE_SECONDS` includes.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code in ALSO_RETRIED and attempts < QUEUE_ATTEMPTS:
        return random.uniform(0.5, 1.0) * attempts
    return None
