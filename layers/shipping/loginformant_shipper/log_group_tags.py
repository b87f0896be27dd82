"""Read the tags of log groups, which are added to their logs as properties (`TAG_PROPERTIES`).

Logs are shipped without tags rather than late:

1. The tags of a log group are read once and cached for `KEPT_SECONDS`; a failure is cached for
   `FAILURE_KEPT_SECONDS`.
2. Each request runs in a separate thread. An invocation waits at most `MAX_WAIT_SECONDS` for all of its log
   groups together. Later responses are used by the next invocation.
3. An environment starts at most `MAX_REQUESTS_PER_MINUTE` requests per minute.
4. Expired tags are used until they have been read again.
"""

import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Thread
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from loginformant_shipper.aws_request import LIST_TAGS_FOR_RESOURCE, NotPossible, call
from loginformant_shipper.events import Origin
from loginformant_shipper.telemetry import log_tags_not_read

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

KEPT_SECONDS = 900.0
FAILURE_KEPT_SECONDS = 300.0
MAX_WAIT_SECONDS = 1.0
MAX_REQUESTS_PER_MINUTE = 30
MAX_LOG_GROUPS = 1000
"""The maximum number of log groups in the cache. A stream of many accounts may have more."""

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0

Tags = Mapping[str, str]
_NONE: Tags = MappingProxyType({})


class _Known(NamedTuple):
    tags: Tags
    until: float


class LogGroupTags:
    """The cached tags of log groups in a warm environment."""

    def __init__(
        self,
        names: tuple[str, ...] = (),
        log_group_arns: str = "",
        read_tags: Callable[[str], Tags] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create an empty cache.

        Args:
            names: The names of the tags to return. If empty, no requests are made.
            log_group_arns: The prefix of the ARNs of log groups in this account and region:
                `arn:aws:logs:eu-west-1:123456789012:log-group:`.
            read_tags: Returns the tags of a log group by its ARN, or raises an error.
            now: The clock. In Lambda one that counts the time for which the environment was frozen.
        """
        self._names = names
        self._arns = log_group_arns
        self._account = log_group_arns.split(":")[4] if log_group_arns.count(":") > 4 else ""
        self._read_tags = read_tags or read_tags_of_log_group
        self._now = now
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, Thread] = {}
        self._begun: deque[float] = deque(maxlen=MAX_REQUESTS_PER_MINUTE)
        self._wait_left = MAX_WAIT_SECONDS

    def begin_invocation(self) -> None:
        """Reset the time for which an invocation may wait for tags."""
        self._wait_left = MAX_WAIT_SECONDS

    def of(self, origin: Origin) -> Tags:
        """Return the tags of a log group; empty for another account, or if they are not known yet."""
        name = origin.log_group
        if not self._names or not self._account or origin.owner != self._account:
            return _NONE
        known = self._known.get(name)
        if known is not None and self._now() < known.until:
            return known.tags
        self._begin(name)
        thread = self._under_way.get(name)
        if thread is not None and known is None and self._wait_left > 0:
            before = self._now()
            thread.join(self._wait_left)
            self._wait_left -= self._now() - before
            known = self._known.get(name)
        return known.tags if known is not None else _NONE

    def _begin(self, name: str) -> None:
        thread = self._under_way.get(name)
        if thread is not None and thread.is_alive():
            return
        now = self._now()
        if len(self._begun) == MAX_REQUESTS_PER_MINUTE and now - self._begun[0] < 60:
            return
        self._begun.append(now)
        if len(self._known) >= MAX_LOG_GROUPS:
            self._known.clear()
            self._under_way.clear()
        self._under_way[name] = Thread(target=self._fetch, args=(name,), daemon=True)
        self._under_way[name].start()

    def _fetch(self, name: str) -> None:
        before = self._known.get(name)
        try:
            tags = self._read_tags(self._arns + name)
        except Exception as error:  # logs are shipped without tags after any error
            log_tags_not_read(name, error)
            tags_kept = before.tags if before is not None else _NONE
            self._known[name] = _Known(tags_kept, self._now() + FAILURE_KEPT_SECONDS)
        else:
            wanted = {tag: tags[tag] for tag in self._names if tag in tags}
            self._known[name] = _Known(wanted, self._now() + KEPT_SECONDS)


def read_tags_of_log_group(arn: str, tls: ssl.SSLContext | None = None) -> Tags:
    """Read the tags of a log group from CloudWatch Logs.

    The ARN of a log group must not end with `:*` here ("ListTagsForResource", Amazon CloudWatch Logs API
    Reference). botocore is imported only if the request requires it, since that takes processor time from
    shipping.
    """
    try:
        answer = call(
            LIST_TAGS_FOR_RESOURCE,
            {"resourceArn": arn},
            connect_seconds=CONNECT_SECONDS,
            read_seconds=READ_SECONDS,
            attempts=1,
            tls=tls,
        )
    except NotPossible:
        import botocore.session
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        session = botocore.session.get_session()
        client = cast("CloudWatchLogsClient", session.create_client("logs", config=config))
        return client.list_tags_for_resource(resourceArn=arn)["tags"]
    tags: Tags = answer.get("tags") or {}
    return tags
