"""Find out from the functions' logs why log events are not delivered, and what to do."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from loginformant_shipper.dead_letters.replay import MAY_PASS
from loginformant_shipper.failures import Reason
from loginformant_shipper.settings import DEFAULT_INGEST_URL

from shipctl.dlq.meanings import (
    RETRY_AFTER,
    Meaning,
    cause_of,
    is_refused_by_proxy,
    is_unknown_host,
    is_untrusted,
    meaning_of,
)
from shipctl.dlq.spans import ago, utc
from shipctl.errors import told
from shipctl.installation.functions import Function
from shipctl.installation.installation import RECENT, Installation
from shipctl.installation.own_log import Trouble
from shipctl.stack import Stack
from shipctl.terminal import one_line

_ANSWERS = frozenset({Reason.UNAUTHORIZED, Reason.MISCONFIGURED})
"""Reasons that only a server that is up can cause."""
_HOST = re.compile(r"host='([^']+)'")
"""The host in an error message of urllib3. It may be a proxy, or the host of an earlier address."""
MAX_DETAIL = 200
Kind = tuple[str, int | None, str]
"""Reason, status and cause. The cause distinguishes failures without a status, such as an unknown host
name."""
Kinds = dict[Kind, list[Trouble]]


class Current(NamedTuple):
    """A kind of failure that currently prevents delivery."""

    reason: str
    status: int | None
    meaning: Meaning
    since: datetime
    """The first such failure since the last delivery, in the logs that were read."""
    is_older: bool
    """Whether it may have begun earlier, since the logs that were read begin with it."""
    last: datetime

    @property
    def when(self) -> str:
        """Return since when it occurs, and when it occurred last."""
        return f"since {utc(self.since)}{' or before' if self.is_older else ''}, last {ago(self.last)}"


def current_troubles(installation: Installation) -> Sequence[Current]:
    """Return each kind of temporary failure since which nothing was delivered, the newest first.

    A failure that a later answer disproves is left out (`_was_answered_since`).

    Raises:
        CommandError: The functions' logs cannot be read.
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
        # They belong to an outage that another kind describes by its status.
        return [current for current in newest_first if not _is_earlier_retry_after(current)]
    return newest_first


def _first_since_a_delivery(troubles: Sequence[Trouble], installation: Installation) -> datetime:
    """Return the time of the first failure since which nothing was delivered."""
    if not installation.delivered_after(troubles[0].time):
        return troubles[0].time
    # A binary search, since each step is a request to CloudWatch Logs.
    first = bisect_left(troubles, True, key=lambda trouble: not installation.delivered_after(trouble.time))
    return troubles[min(first, len(troubles) - 1)].time


def _was_answered_since(current: Current, found: Sequence[Current]) -> bool:
    """Return whether a later answer shows that this failure is over.

    An answer shows that the host is reachable; a rejection shows that the server is up. So a past outage or a
    corrected host name is not reported beside a key that is rejected now.
    """
    later = [other for other in found if other.last > current.last]
    if current.reason == Reason.UNAVAILABLE and current.status is None:
        return any(other.status for other in later)
    is_passing = current.reason in (Reason.UNAVAILABLE, Reason.THROTTLED)
    return is_passing and any(other.reason in _ANSWERS for other in later)


def _is_earlier_retry_after(current: Current) -> bool:
    """Return whether nothing was sent because an earlier answer had a `Retry-After` header."""
    what = current.meaning.what
    return current.reason == Reason.UNAVAILABLE and current.status is None and RETRY_AFTER in what


def _kind(trouble: Trouble) -> Kind:
    return trouble.reason, trouble.status, cause_of(trouble.reason, trouble.status, trouble.detail)


def explain(trouble: Trouble, installation: Installation) -> Meaning:
    """Return what a failure means in this installation, and what to do.

    What cannot be read, for example since the credentials may not, does not hide the failure.
    """
    what, to_do = _meaning(trouble, installation)
    status = f" {trouble.status}" if trouble.status else ""
    detail = f": {one_line(trouble.detail[:MAX_DETAIL])}" if trouble.detail else ""
    return Meaning(f"{what} ({trouble.reason}{status}{detail})", _and_replay(to_do, installation))


def deploy_with(stack: Stack, parameter: str, value: str) -> str:
    """Return the command that sets a parameter of the stack."""
    return stack.command("deploy", "--set", f"{parameter}={value}")


def with_default_address(to_do: str, url: str, stack: Stack) -> str:
    """Add to a remedy the command that resets the address, if it is not the default one."""
    if url == DEFAULT_INGEST_URL:
        return to_do
    return f"{to_do}; if the address is wrong: {deploy_with(stack, 'IngestUrl', DEFAULT_INGEST_URL)}"


def _meaning(trouble: Trouble, installation: Installation) -> Meaning:
    stack = installation.stack
    url = _address(installation)
    set_key = stack.command("key", "set")
    match trouble.reason:
        case Reason.UNAUTHORIZED:
            return Meaning("LogInformant rejects the API key", set_key)
        case Reason.NO_KEY:
            return Meaning("the API key cannot be read", set_key)
        case Reason.MISCONFIGURED if is_untrusted(trouble.detail):
            return Meaning(
                f"the certificate of what answers at {url} is not trusted",
                "set CaBundleLayerArn to a layer with the authority of your company's proxy",
            )
        case Reason.MISCONFIGURED if is_refused_by_proxy(trouble.detail):
            return Meaning(f"the proxy refuses the connection to {url}", "allow it in the proxy")
        case Reason.MISCONFIGURED:
            return Meaning(
                f"the server at {url} is not the ingest API",
                with_default_address("check whether a proxy answers instead", url, stack),
            )
        case Reason.UNAVAILABLE if is_unknown_host(trouble.detail):
            return Meaning(
                f"the host name {_host(trouble.detail, url)} cannot be resolved",
                with_default_address("check the functions' network, proxy and DNS", url, stack),
            )
        case Reason.UNAVAILABLE if trouble.status is None and RETRY_AFTER in trouble.detail:
            return Meaning("LogInformant was down and sent Retry-After", "wait")
        case Reason.UNAVAILABLE if trouble.status is None:
            return Meaning(f"{url} cannot be reached", "wait, or check the functions' network, proxy and DNS")
        case Reason.UNAVAILABLE:
            return Meaning("LogInformant is down", "wait until it is back")
        case Reason.THROTTLED:
            return Meaning("LogInformant limits the rate", "wait, or lower MaxInFlight")
        case Reason.OUT_OF_TIME | Reason.NOT_BEGUN:
            return Meaning(
                "the functions run out of time before LogInformant answers",
                f"wait; if it continues, check the timeout: {stack.command('doctor', '--only', 'settings')}",
            )
    return meaning_of(trouble.reason)


def _address(installation: Installation) -> str:
    """Return the address of LogInformant: that of the function, or else that of the parameter."""
    variables = told(lambda: installation.variables(Function.SHIPPER), [])
    if variables is None:
        return installation.parameters.get("IngestUrl", DEFAULT_INGEST_URL)
    return variables.get("INGEST_URL", "")


def _host(detail: str, url: str) -> str:
    found = _HOST.search(detail)
    return found[1] if found else urlsplit(url).hostname or url


def _and_replay(to_do: str, installation: Installation) -> str:
    replay = installation.stack.command("dlq", "replay")
    trigger = told(lambda: installation.trigger, [])
    if trigger is None:
        return f"{to_do}; then, unless automatic replay is on, {replay}"
    if trigger.is_on:
        return f"{to_do}; the logs are then replayed automatically"
    return f"{to_do}; then {replay}"
