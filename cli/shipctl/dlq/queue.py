"""An SQS queue as an operator's command needs it: everything in it is seen, and nothing stays hidden.

Facts are from the Amazon SQS developer guide ("Short and long polling", "Visibility timeout", "Message
quotas") and API reference (ReceiveMessage, ChangeMessageVisibilityBatch, DeleteMessageBatch).
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
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shipctl.account import aws_errors, client_config, session
from shipctl.errors import CommandError
from shipctl.stack import Stack
from shipctl.terminal import counted, one_line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

MAX_BATCH = 10
"""Messages in one request, whichever it is."""

MAX_HELD = 100_000
"""Messages that are hidden at a time, at most; SQS allows about 120,000 a queue."""

HIDDEN_SECONDS = 300
"""How long a message is hidden if nobody renews that: also how long it takes to come back after a kill."""

RENEW_SECONDS = 150
"""A message that comes back sooner than this is renewed before anything else is done."""

CLOCK_STEP_SECONDS = 1.0
"""The queue's clock, as its answers give it, counts seconds."""

_PARALLEL_REQUESTS = 8

T = TypeVar("T")


class Polling(NamedTuple):
    """When a queue counts as read to its end.

    Long polls ask all of SQS's servers, but one may answer empty nevertheless, and what others had in hand
    may come back meanwhile.
    """

    wait_seconds: int = 2
    empty_at_the_end: int = 2
    """Receives in a row that bring nothing new, where as many messages came as were counted."""
    empty_if_some_are_missing: int = 6
    """The same where fewer came; the count is approximate, and others may receive, too."""


POLLING = Polling()


class Counts(NamedTuple):
    """What a queue says of itself. The numbers are approximate."""

    waiting: int
    in_flight: int
    """Received by somebody, and neither deleted nor visible again."""
    retention_seconds: int
    asked_at: float
    """Seconds since 1970 on the queue's clock."""
    asked_at_here: float
    """`time.monotonic()`."""
    delayed: int = 0
    """Refused alone, and hidden before their next replay: 15 minutes at most."""

    @property
    def total(self) -> int:
        """Return how many messages there are, whether they can be received now or not."""
        return self.waiting + self.in_flight + self.delayed

    def with_received(self, number: int) -> "Counts":
        """Return the counts, now that so many messages were received: that many were visible.

        More than were counted as visible were in flight a moment before, and are not counted twice.
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
        """`12 visible, 3 in flight`, and `, 1 delayed` where some are."""
        delayed = f", {self.delayed:,} delayed" if self.delayed else ""
        return f"{self.waiting:,} visible, {self.in_flight:,} in flight{delayed}"

    @property
    def hidden(self) -> str:
        """`3 messages in flight, 1 message delayed`: what cannot be received now; empty if there is none."""
        numbers = (self.in_flight, "in flight"), (self.delayed, "delayed")
        return ", ".join(f"{counted(number, 'message')} {state}" for number, state in numbers if number)


@dataclass(frozen=True)
class Queue:
    """One of the queues of a stack."""

    client: "SQSClient"
    url: str

    @property
    def name(self) -> str:
        """Return the last part of its URL."""
        return self.url.rpartition("/")[2]

    def counts(self) -> Counts:
        """How many messages there are. Raises `CommandError`."""
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
        """Up to ten messages, hidden for `HIDDEN_SECONDS`. Raises `CommandError`."""
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
        """Let messages come back in so many seconds; 0 is at once.

        One that has come back already, or is deleted, is left as it is. Raises `CommandError`.
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
        """Delete messages for good; returns the handles of those that SQS did not delete.

        Raises `CommandError`.
        """
        left: list[str] = []

        def delete(some: tuple[str, ...]) -> None:
            answer = self.client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(some)],
            )
            left.extend(some[int(failed["Id"])] for failed in answer.get("Failed", []))

        with self._errors("Deleting from"):
            _in_parallel(delete, handles)
        return left

    def send(self, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> dict[str, str]:
        """Send up to ten messages, 1 MiB in all; returns why not, by id, for those that were not taken.

        Raises `CommandError`.
        """
        with self._errors("Sending to"):
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        return {failed["Id"]: failed.get("Message") or failed["Code"] for failed in answer.get("Failed", [])}

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
    """Return a stack of which only the queue with that URL is left. Raises `CommandError`.

    It is in the region that the URL names ("Amazon SQS endpoints and quotas", AWS General Reference); where
    it names none, in `region`.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise CommandError(
            f"{url} is no URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME is "
            "(aws sqs list-queues shows those there are)"
        )
    account = session(found["region"] or region, profile)
    options = ("--queue-url", url, *(("--profile", profile) if profile else ()))
    name = url.rpartition("/")[2]
    return Stack(name, account, {"DeadLetterQueueUrl": url}, options, is_gone=True)


class Receipt(NamedTuple):
    """What makes a received message ours until it is visible again."""

    handle: str
    back_at: float
    """`time.monotonic()` at which the message is visible again."""


@dataclass
class Held:
    """The messages that a command has received, and hides from everyone else until it is done."""

    queue: Queue
    deleted: set[str] = field(default_factory=set)
    """Message ids."""
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    """By message id; those that come back first stand first."""

    def __len__(self) -> int:
        return len(self._receipts)

    def hold(self, messages: "Iterable[MessageTypeDef]", now: float) -> None:
        """Keep messages that were asked for at `now`. Of several receipts of one, the latest counts."""
        for message in messages:
            self.forget(message["MessageId"])
            self._receipts[message["MessageId"]] = Receipt(message["ReceiptHandle"], now + HIDDEN_SECONDS)

    def renew(self, seconds: int = HIDDEN_SECONDS, due: float = RENEW_SECONDS) -> None:
        """Hide those that come back in less than `due` seconds for `seconds` more."""
        now = time.monotonic()
        late = dict(takewhile(lambda item: item[1].back_at - now < due, self._receipts.items()))
        self.queue.hide((receipt.handle for receipt in late.values()), seconds)
        for identifier, receipt in late.items():
            self.forget(identifier)
            self._receipts[identifier] = Receipt(receipt.handle, now + seconds)

    def delete(self, identifiers: Iterable[str]) -> list[str]:
        """Delete some of them; returns the ids of those that SQS did not delete, which stay held."""
        by_handle = {self._receipts[identifier].handle: identifier for identifier in identifiers}
        left = [by_handle[handle] for handle in self.queue.delete(by_handle)]
        for identifier in set(by_handle.values()).difference(left):
            self.forget(identifier)
            self.deleted.add(identifier)
        return left

    def forget(self, identifier: str) -> None:
        """Neither renew nor release a message any more: it comes back by itself."""
        self._receipts.pop(identifier, None)

    def release(self) -> None:
        """Make all of them visible again at once."""
        receipts = list(self._receipts.values())
        self._receipts.clear()
        self.queue.hide((receipt.handle for receipt in receipts), 0)


@contextmanager
def holding(queue: Queue) -> Iterator[Held]:
    """Messages held within the block are visible again after it, however it ends."""
    held = Held(queue)
    try:
        yield held
    finally:
        try:
            held.release()
        except CommandError as error:
            back = f"they come back by themselves within {HIDDEN_SECONDS // 60} minutes"
            print(f"shipctl: {one_line(str(error))}; {back}", file=sys.stderr)


def receive_all(
    held: Held, counts: Counts, is_enough: Callable[[], bool] = lambda: False
) -> "Iterator[MessageTypeDef]":
    """Every message that was in the queue when it was counted, each once; all of them are held.

    Reading ends early when `is_enough` says so.

    One that was sent later is held, too, but not given out, so that what a command itself brings about does
    not come back to it, and reading ends. Raises `CommandError`.
    """
    seen: set[str] = set()
    empty = 0
    while not is_enough():
        if len(held) >= MAX_HELD:
            print(f"shipctl: read no further than {MAX_HELD:,} messages: SQS hides no more", file=sys.stderr)
            return
        missing = len(seen) < counts.waiting
        if empty >= (POLLING.empty_if_some_are_missing if missing else POLLING.empty_at_the_end):
            return
        held.renew()
        now = time.monotonic()
        messages = held.queue.receive(POLLING.wait_seconds)
        held.hold(messages, now)
        # "It is possible to receive a message even after you delete it" (DeleteMessage): once more, then.
        held.delete([message["MessageId"] for message in messages if message["MessageId"] in held.deleted])
        news = [
            message
            for message in messages
            if message["MessageId"] not in seen and _was_there(message, counts)
        ]
        seen.update(message["MessageId"] for message in news)
        empty = 0 if news else empty + 1
        yield from news


def _was_there(message: "MessageTypeDef", counts: Counts) -> bool:
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    return sent < (counts.asked_at + CLOCK_STEP_SECONDS) * 1000


def _in_parallel(do: Callable[[tuple[str, ...]], None], handles: Iterable[str]) -> None:
    batches = list(_batches(handles, MAX_BATCH))
    if len(batches) == 1:
        do(batches[0])
    elif batches:
        with ThreadPoolExecutor(_PARALLEL_REQUESTS) as requests:
            for _ in requests.map(do, batches):
                pass


def _batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch
