"""Read all messages of an SQS queue, and make them visible again afterwards.

See the Amazon SQS Developer Guide ("Short and long polling", "Visibility timeout", "Message quotas") and API
Reference (ReceiveMessage, ChangeMessageVisibilityBatch, DeleteMessageBatch).
"""

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import islice, takewhile
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shipctl.account import aws_errors, client_config, session
from shipctl.errors import CommandError
from shipctl.stack import Stack
from shipctl.terminal import counted, one_line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

MAX_BATCH = 10
"""The maximum number of messages in any request."""

MAX_HELD = 100_000
"""The maximum number of messages that a command hides at a time; SQS allows about 120,000 per queue."""

HIDDEN_SECONDS = 300
"""How long a message is hidden unless that is renewed, and so the time until it is visible after a kill."""

RENEW_SECONDS = 150
"""The remaining time of a hidden message below which it is renewed."""

CLOCK_STEP_SECONDS = 1.0
"""The resolution of the queue's clock in its responses."""

NOT_CONFIRMED = "the answer does not confirm it: a proxy may have answered instead of SQS"
"""Why a message counts as not stored although no error was returned for it. botocore takes any answer with a
status of 2xx for a success, also a page."""

PARALLEL_REQUESTS = 8
"""The number of requests at a time for many messages."""

T = TypeVar("T")


class Polling(NamedTuple):
    """When a queue counts as read completely.

    A long poll asks all SQS servers, but can still return nothing, and messages that others have received can
    become visible again in the meantime.
    """

    wait_seconds: int = 2
    empty_at_the_end: int = 2
    """The number of consecutive receives without new messages, if all counted messages were received."""
    empty_if_some_are_missing: int = 6
    """The same if fewer were received. The count is approximate, and others may receive messages, too."""


POLLING = Polling()


class Counts(NamedTuple):
    """The approximate numbers of messages in a queue."""

    waiting: int
    in_flight: int
    """Received by some consumer, and neither deleted nor visible again."""
    retention_seconds: int
    asked_at: float
    """The time of the counts, in seconds since 1970 on the queue's clock."""
    asked_at_here: float
    """`time.monotonic()`."""
    delayed: int = 0
    """Rejected messages that are hidden for up to 15 minutes until their next replay."""
    includes_newer: bool = False
    """Whether messages that were sent after `asked_at` may be counted, too."""

    @property
    def total(self) -> int:
        """Return the number of all messages, including those that cannot be received now."""
        return self.waiting + self.in_flight + self.delayed

    def with_received(self, number: int) -> "Counts":
        """Return the counts after `number` messages were received, which must have been visible.

        If they are more than were counted as visible, the others were in flight before and are not counted
        twice.
        """
        more = max(0, number - self.waiting)
        in_flight = min(more, self.in_flight)
        delayed = min(more - in_flight, self.delayed)
        return self._replace(
            waiting=self.waiting + more,
            in_flight=self.in_flight - in_flight,
            delayed=self.delayed - delayed,
        )

    @property
    def words(self) -> str:
        """Return the counts as text: `12 visible, 3 in flight`, and `, 1 delayed` if there are any."""
        delayed = f", {self.delayed:,} delayed" if self.delayed else ""
        return f"{self.waiting:,} visible, {self.in_flight:,} in flight{delayed}"

    @property
    def hidden(self) -> str:
        """Return the counts that cannot be received now, such as `3 messages in flight`, or nothing."""
        numbers = (self.in_flight, "in flight"), (self.delayed, "delayed")
        return ", ".join(f"{counted(number, 'message')} {state}" for number, state in numbers if number)


@dataclass(frozen=True)
class Queue:
    """One of the queues of a stack."""

    client: "SQSClient"
    url: str

    @property
    def name(self) -> str:
        """Return the queue's name, the last part of its URL."""
        return self.url.rpartition("/")[2]

    def counts(self) -> Counts:
        """Return the numbers of messages in the queue. Raises `CommandError`."""
        with self._errors("Counting the messages of"):
            answer = self.client.get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                    "ApproximateNumberOfMessagesNotVisible",
                    "MessageRetentionPeriod",
                ],
            )
        numbers = {name: int(value) for name, value in answer["Attributes"].items()}
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return Counts(
            waiting=numbers["ApproximateNumberOfMessages"],
            delayed=numbers["ApproximateNumberOfMessagesDelayed"],
            in_flight=numbers["ApproximateNumberOfMessagesNotVisible"],
            retention_seconds=numbers["MessageRetentionPeriod"],
            asked_at=parsedate_to_datetime(date).timestamp() if date else time.time(),
            asked_at_here=time.monotonic(),
        )

    def receive(self, wait_seconds: int) -> "Sequence[MessageTypeDef]":
        """Receive up to ten messages and hide them for `HIDDEN_SECONDS`. Raises `CommandError`."""
        with self._errors("Receiving from"):
            return self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=MAX_BATCH,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=HIDDEN_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])

    def hide(self, handles: Iterable[str], seconds: int) -> None:
        """Make messages visible again after some seconds; 0 means immediately.

        Messages that are already visible or deleted stay as they are. Raises `CommandError`.
        """

        def change(some: tuple[str, ...]) -> None:
            self.client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                    for number, handle in enumerate(some)
                ],
            )

        with self._errors("Making messages visible again in"):
            _in_parallel(change, handles)

    def delete(self, handles: Iterable[str]) -> list[str]:
        """Delete messages, and return the handles of those that SQS did not delete.

        Raises `CommandError`.
        """
        left: list[str] = []

        def delete(some: tuple[str, ...]) -> None:
            answer = self.client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(some)],
            )
            deleted = {int(entry["Id"]) for entry in answer.get("Successful", [])}
            left.extend(handle for number, handle in enumerate(some) if number not in deleted)

        with self._errors("Deleting from"):
            _in_parallel(delete, handles)
        return left

    def send(self, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> dict[str, str]:
        """Send up to ten messages of at most 1 MiB in total, and return why others were not stored, by id.

        Raises `CommandError`.
        """
        with self._errors("Sending to"):
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        stored = {entry["Id"] for entry in answer.get("Successful", [])}
        why = {failed["Id"]: failed.get("Message") or failed["Code"] for failed in answer.get("Failed", [])}
        return {
            entry["Id"]: why.get(entry["Id"], NOT_CONFIRMED) for entry in entries if entry["Id"] not in stored
        }

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        with aws_errors(f"{doing} {self.name}"):
            yield


def queue_of(stack: Stack, parked: bool) -> Queue:
    """Return the parked queue of a stack, or its dead-letter queue. Raises `CommandError`."""
    url = stack.output("ParkedQueueUrl" if parked else "DeadLetterQueueUrl")
    return Queue(stack.session.client("sqs", config=client_config()), url)


_URL = re.compile(r"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.)?[^/]+/\d{12}/[A-Za-z0-9_-]{1,80}(?:\.fifo)?")


def left_of_a_stack(url: str, region: str | None, profile: str | None) -> Stack:
    """Return a `Stack` that has only the queue with this URL.

    Its region is that of the URL ("Amazon SQS endpoints and quotas", AWS General Reference), or `region` if
    the URL has none.

    Raises:
        CommandError: The URL is not that of a queue, or there is no region.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise CommandError(
            f"{url} is not the URL of a queue, such as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME "
            "(to list the queues, run aws sqs list-queues)"
        )
    account = session(found["region"] or region, profile)
    options = ("--queue-url", url, *(("--profile", profile) if profile else ()))
    name = url.rpartition("/")[2]
    return Stack(name, account, {"DeadLetterQueueUrl": url}, options, is_gone=True, profile=profile)


class Receipt(NamedTuple):
    """The receipt of a received message, valid until the message is visible again."""

    handle: str
    back_at: float
    """The value of `time.monotonic()` at which the message is visible again."""


@dataclass
class Held:
    """The messages that a command has received and keeps hidden until it has finished."""

    queue: Queue
    deleted: set[str] = field(default_factory=set)
    """Ids of messages that were deleted."""
    not_read: int = 0
    """About how many of the counted messages the last `receive_all` has not received."""
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    """Receipts by message id, sorted by the time at which the messages are visible again."""

    def __len__(self) -> int:
        return len(self._receipts)

    def hold(self, messages: "Iterable[MessageTypeDef]", now: float) -> None:
        """Hold messages that were requested at `now`.

        The latest receipt of a message replaces earlier ones.
        """
        for message in messages:
            self.forget(message["MessageId"])
            self._receipts[message["MessageId"]] = Receipt(message["ReceiptHandle"], now + HIDDEN_SECONDS)

    def renew(self, seconds: int = HIDDEN_SECONDS, due: float = RENEW_SECONDS) -> None:
        """Hide messages that would be visible in less than `due` seconds for `seconds` more."""
        now = time.monotonic()
        late = dict(takewhile(lambda item: item[1].back_at - now < due, self._receipts.items()))
        self.queue.hide((receipt.handle for receipt in late.values()), seconds)
        for identifier, receipt in late.items():
            self.forget(identifier)
            self._receipts[identifier] = Receipt(receipt.handle, now + seconds)

    def delete(self, identifiers: Iterable[str]) -> list[str]:
        """Delete some messages, and return the ids of those that SQS did not delete, which stay held."""
        by_handle = {self._receipts[identifier].handle: identifier for identifier in identifiers}
        left = [by_handle[handle] for handle in self.queue.delete(by_handle)]
        for identifier in set(by_handle.values()).difference(left):
            self.forget(identifier)
            self.deleted.add(identifier)
        return left

    def forget(self, identifier: str) -> None:
        """Stop holding a message without releasing it. It becomes visible when its receipt expires."""
        self._receipts.pop(identifier, None)

    @property
    def back_in_seconds(self) -> float:
        """Return the time until all held messages are visible again, unless they are released before."""
        now = time.monotonic()
        return max((receipt.back_at - now for receipt in self._receipts.values()), default=0.0)

    def release(self) -> None:
        """Make all held messages visible again."""
        receipts = list(self._receipts.values())
        self._receipts.clear()
        self.queue.hide((receipt.handle for receipt in receipts), 0)


@contextmanager
def holding(queue: Queue) -> Iterator[Held]:
    """Hold messages within the block. They are visible again after it, however it ends."""
    held = Held(queue)
    try:
        yield held
    finally:
        minutes = ceil(held.back_in_seconds / 60)
        try:
            held.release()
        except CommandError as error:
            back = f"the messages will be visible again within {counted(minutes, 'minute')}"
            print(f"shipctl: {one_line(str(error))}; {back}", file=sys.stderr)


def receive_all(
    held: Held, counts: Counts, is_enough: Callable[[], bool] = lambda: False
) -> "Iterator[MessageTypeDef]":
    """Yield each message that was in the queue when it was counted, and hold all of them.

    Messages that were sent later are held, too, but not yielded: a command must not receive messages that it
    caused itself, and reading must end. `held.not_read` says how many are missing: there may be more messages
    than can be held, others may receive some, and the count is approximate.

    Args:
        held: Holds the messages.
        counts: The counts of the queue.
        is_enough: Ends reading when it returns true.

    Raises:
        CommandError: SQS rejects a request.
    """
    seen: set[str] = set()
    newer: set[str] = set()
    empty = 0
    held.not_read = counts.waiting
    while not is_enough():
        if len(held) >= MAX_HELD:
            held.not_read = max(1, held.not_read)  # whether there are more is not known
            print(f"shipctl: stopped reading after {MAX_HELD:,} messages, the maximum", file=sys.stderr)
            return
        if empty >= (POLLING.empty_if_some_are_missing if held.not_read else POLLING.empty_at_the_end):
            return
        held.renew()
        now = time.monotonic()
        messages = held.queue.receive(POLLING.wait_seconds)
        held.hold(messages, now)
        # "It is possible to receive a message even after you delete it" (DeleteMessage), so delete it again.
        held.delete([message["MessageId"] for message in messages if message["MessageId"] in held.deleted])
        newer.update(message["MessageId"] for message in messages if not _was_there(message, counts))
        news = [
            message
            for message in messages
            if message["MessageId"] not in seen and message["MessageId"] not in newer
        ]
        seen.update(message["MessageId"] for message in news)
        held.not_read = max(0, counts.waiting - len(seen) - len(newer) * counts.includes_newer)
        empty = 0 if news else empty + 1
        yield from news


def _was_there(message: "MessageTypeDef", counts: Counts) -> bool:
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    return sent < (counts.asked_at + CLOCK_STEP_SECONDS) * 1000


def _in_parallel(do: Callable[[tuple[str, ...]], None], handles: Iterable[str]) -> None:
    requests = list(batches(handles, MAX_BATCH))
    if len(requests) == 1:
        do(requests[0])
    elif requests:
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as threads:
            for _ in threads.map(do, requests):
                pass


def batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the items in tuples of `size`; the last one may be shorter."""
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch
