"""Why log events are not delivered, and what to do, told from what the functions logged."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from loginformant_shipper.dead_letters.replay import MAY_PASS
from loginformant_shipper.failures import Reason
from loginformant_shipper.settings import DEFAULT_INGEST_URL

from shipctl.dlq.meanings import RETRY_AFTER, Meaning, cause_of, is_unknown_host, meaning_of
from shipctl.dlq.spans import ago, utc
from shipctl.installation.functions import Function
from shipctl.installation.installation import RECENT, Installation
from shipctl.installation.own_log import Trouble
from shipctl.stack import Stack
from shipctl.terminal import one_line

_ANSWERS = frozenset({Reason.UNAUTHORIZED, Reason.MISCONFIGURED})
"""Of something that is up."""
_HOST = re.compile(r"host='([^']+)'")
"""In the words of urllib3: the host that was looked for, which may be a proxy, or of a former address."""
MAX_DETAIL = 200
Kind = tuple[str, int | None, str]
"""Reason, status and cause: without a status, an unknown host is not what a `Retry-After` is."""
Kinds = dict[Kind, list[Trouble]]


class Current(NamedTuple):
    """A kind of trouble that keeps log events from being delivered now."""

    reason: str
    status: int | None
    meaning: Meaning
    since: datetime
    """Of the time that was looked at, the first such trouble since the last delivery."""
    is_older: bool
    """Whether it may be older: it was there at the beginning of that time."""
    last: datetime

    @property
    def when(self) -> str:
        """Since when, and when last."""
        return f"since {utc(self.since)}{' or before' if self.is_older else ''}, last {ago(self.last)}"


def current_troubles(installation: Installation) -> Sequence[Current]:
    """Return each kind of trouble that may pass, and has not: nothing was delivered since. The newest first.

    What somebody answered since is over, too (`_was_answered_since`).

    Raises `CommandError`.
    """
    kinds: Kinds = {}
    for trouble in installation.troubles:
        if trouble.reason in MAY_PASS:
            kinds.setdefault(_kind(trouble), []).append(trouble)
    beginning = installation.now - RECENT + timedelta(minutes=2)
    found = [
        Current(
            reason,
            status,
            explain(troubles[-1], installation),
            (since := _first_since_a_delivery(troubles, installation)),
            since < beginning,
            troubles[-1].time,
        )
        for (reason, status, _), troubles in kinds.items()
        if not installation.delivered_after(troubles[-1].time)
    ]
    found = [current for current in found if not _was_answered_since(current, found)]
    newest_first = sorted(found, key=lambda current: current.last, reverse=True)
    if any(current.reason == Reason.UNAVAILABLE and current.status for current in newest_first):
        # Of one outage, which another kind names by its status.
        return [current for current in newest_first if not _is_earlier_retry_after(current)]
    return newest_first


def _first_since_a_delivery(troubles: Sequence[Trouble], installation: Installation) -> datetime:
    """Return when this began: the first trouble after which nothing was delivered, as after the last one."""
    if not installation.delivered_after(troubles[0].time):
        return troubles[0].time
    # Found in a few requests, however many troubles there were.
    first = bisect_left(troubles, True, key=lambda trouble: not installation.delivered_after(trouble.time))
    return troubles[min(first, len(troubles) - 1)].time


def _was_answered_since(current: Current, found: Sequence[Current]) -> bool:
    """Whether a later answer shows that this is over: who answers is reached, and is up if it refuses.

    So an outage and a host name that was corrected are not told beside a key that is refused now.
    """
    later = [other for other in found if other.last > current.last]
    if current.reason == Reason.UNAVAILABLE and current.status is None:
        return any(other.status for other in later)
    is_passing = current.reason in (Reason.UNAVAILABLE, Reason.THROTTLED)
    return is_passing and any(other.reason in _ANSWERS for other in later)


def _is_earlier_retry_after(current: Current) -> bool:
    """Whether nothing was sent, since LogInformant had asked to be left alone."""
    what = current.meaning.what
    return current.reason == Reason.UNAVAILABLE and current.status is None and RETRY_AFTER in what


def _kind(trouble: Trouble) -> Kind:
    return trouble.reason, trouble.status, cause_of(trouble.reason, trouble.status, trouble.detail)


def explain(trouble: Trouble, installation: Installation) -> Meaning:
    """Return what a trouble means and what to do, for this installation."""
    what, to_do = _meaning(trouble, installation)
    status = f" {trouble.status}" if trouble.status else ""
    detail = f": {one_line(trouble.detail[:MAX_DETAIL])}" if trouble.detail else ""
    return Meaning(f"{what} ({trouble.reason}{status}{detail})", _and_replay(to_do, installation))


def deploy_with(stack: Stack, parameter: str, value: str) -> str:
    """Return the command that changes a parameter of the stack."""
    return stack.command("deploy", "--set", f"{parameter}={value}")


def with_default_address(to_do: str, url: str, stack: Stack) -> str:
    """Return what to do where an address does not work; the default is proposed only in place of another."""
    if url == DEFAULT_INGEST_URL:
        return to_do
    return f"{to_do}; if the address is wrong: {deploy_with(stack, 'IngestUrl', DEFAULT_INGEST_URL)}"


def _meaning(trouble: Trouble, installation: Installation) -> Meaning:
    stack = installation.stack
    url = installation.variables(Function.SHIPPER).get("INGEST_URL", "")
    set_key = stack.command("key", "set")
    match trouble.reason:
        case Reason.UNAUTHORIZED:
            return Meaning("LogInformant refuses the API key", set_key)
        case Reason.NO_KEY:
            return Meaning("the API key cannot be read", set_key)
        case Reason.MISCONFIGURED:
            return Meaning(
                f"what answers at {url} is not the ingest API",
                with_default_address("see whether a proxy answers in its place", url, stack),
            )
        case Reason.UNAVAILABLE if is_unknown_host(trouble.detail):
            return Meaning(
                f"the host name {_host(trouble.detail, url)} is not known",
                with_default_address("see network, proxy and DNS of the functions", url, stack),
            )
        case Reason.UNAVAILABLE if trouble.status is None and RETRY_AFTER in trouble.detail:
            return Meaning(
                "LogInformant was down and asked to be left alone for a time", "wait until it is over"
            )
        case Reason.UNAVAILABLE if trouble.status is None:
            return Meaning(f"{url} cannot be reached", "wait; or see network, proxy and DNS of the functions")
        case Reason.UNAVAILABLE:
            return Meaning("LogInformant is down", "wait until it is back")
        case Reason.THROTTLED:
            return Meaning("LogInformant limits the rate", "wait, or lower MaxInFlight")
        case Reason.OUT_OF_TIME | Reason.NOT_BEGUN:
            return Meaning(
                "the functions' time is used up before an answer comes",
                f"wait; if it goes on, see the time-out in {stack.command('doctor', '--only', 'settings')}",
            )
    return meaning_of(trouble.reason)


def _host(detail: str, url: str) -> str:
    found = _HOST.search(detail)
    return found[1] if found else urlsplit(url).hostname or url


def _and_replay(to_do: str, installation: Installation) -> str:
    if installation.trigger.is_on:
        return f"{to_do}; the queue then empties itself"
    return f"{to_do}; then {installation.stack.command('dlq', 'replay')}"
