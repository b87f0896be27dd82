"""What the subscriber function does with each event.

A request of CloudFormation, a new log group, a tick of a schedule, or the rest of a run that did not fit into
one invocation.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Timer
from typing import TYPE_CHECKING, Any

from loginformant_shipper.settings import SettingsError
from loginformant_shipper.subscriptions.custom_resource import (
    WORST_ANSWER_SECONDS,
    Request,
    RequestType,
    answer,
    read_request,
)
from loginformant_shipper.subscriptions.logs_api import WORST_REQUEST_SECONDS, LogsApi
from loginformant_shipper.subscriptions.plan import LogGroup, what_counts
from loginformant_shipper.subscriptions.reconcile import Report, reconcile
from loginformant_shipper.subscriptions.subscription_settings import (
    SubscriptionSettings,
    load_subscription_settings,
)
from loginformant_shipper.subscriptions.validation import validate_account_policy, validate_pattern
from loginformant_shipper.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

CHECK = "Custom::AccountSubscriptionCheck"
"""Resource type of the check that comes before an account policy is made."""

MAX_ROUNDS = 12
"""Invocations of one run, each starting the next. Lambda itself ends such a chain after about 16 ("Use Lambda
recursive loop detection", AWS Lambda Developer Guide); what is left then waits for the schedule."""
MAX_ROUNDS_OF_A_DELETION = 4
"""CloudFormation waits an hour for the answer, and an invocation lasts a quarter of one."""

NEW_SECONDS = 3600.0
"""A log group is new for so long: four ticks of the schedule that looks for new ones."""

GUARD_SECONDS = 5.0
_MAX_NAMES = 100
"""Names in one log line; the rest is counted. `shipctl subscriptions list` shows all."""


@dataclass(frozen=True)
class Dependencies:
    """What the function has around it."""

    environ: Mapping[str, str]
    logs: "CloudWatchLogsClient"
    invoke_later: Callable[[dict[str, Any]], None]
    """Invokes this function, asynchronously, with another event."""
    remaining_seconds: Callable[[], float]


def handle(event: Mapping[str, Any], dependencies: Dependencies) -> dict[str, Any]:
    """Do what the event asks for. Returns counts. Raises what stops the whole run.

    CloudFormation gets its answer whatever happens: a stack that waits for one is stuck for an hour.
    """
    request = read_request(event.get("request", event))
    if request is None:
        return _run(event, dependencies)
    # Answers even if this thread does not come back in time.
    seconds = dependencies.remaining_seconds() - WORST_ANSWER_SECONDS - GUARD_SECONDS
    guard = Timer(max(seconds, 0.0), _answer_out_of_time, [request])
    guard.daemon = True
    guard.start()
    try:
        return _respond(request, event, dependencies)
    except Exception as error:
        logger.exception("a request of CloudFormation failed", request=request.type.value)
        answer(request, _failure(request, error))
        raise
    finally:
        guard.cancel()


def _failure(request: Request, error: Exception) -> str | None:
    """A first deployment fails, and is taken back.

    An update does not: taking it back could fail alike, and the stack would be stuck. Nor does a deletion. Of
    those the alarm on the function's errors tells.
    """
    if request.type is RequestType.CREATE:
        return f"{type(error).__name__}: {error}"
    return None


def _answer_out_of_time(request: Request) -> None:
    logger.error("out of time; CloudFormation is told that all is done", request=request.type.value)
    answer(request)


def _respond(request: Request, event: Mapping[str, Any], dependencies: Dependencies) -> dict[str, Any]:
    deletes = request.type is RequestType.DELETE
    objection = None if deletes else _validate(request, dependencies)
    if objection or request.resource_type == CHECK:
        answer(request, objection)
        return {}
    if request.type is RequestType.CREATE and _wants_no_filters(dependencies):
        # The shipper is new: there cannot be a filter that leads to it.
        answer(request)
        return {}
    result = _run(event, dependencies, request if deletes else None)
    # The function outlives an update, and goes on after it; it does not outlive the answer to a deletion.
    if not (deletes and result.get("continued")):
        answer(request)
    return result


def _validate(request: Request, dependencies: Dependencies) -> str | None:
    try:
        settings = load_subscription_settings(dependencies.environ)
    except SettingsError as error:
        return str(error)
    check = validate_account_policy if request.resource_type == CHECK else validate_pattern
    return check(settings, _api(settings, dependencies))


def _wants_no_filters(dependencies: Dependencies) -> bool:
    settings = load_subscription_settings(dependencies.environ)
    return settings.account_wide or not settings.log_groups


def _run(
    event: Mapping[str, Any], dependencies: Dependencies, deletion: Request | None = None
) -> dict[str, Any]:
    """Look at the log groups that the event is about, and at what is left of them in further invocations."""
    settings = load_subscription_settings(dependencies.environ)
    if deletion:
        settings = replace(settings, log_groups=(), account_wide=False)
    api = _api(settings, dependencies)
    after = event.get("after", "")
    groups = (group for group in _groups(event, settings, api) if group.name > after)
    report = reconcile(api, groups, settings)
    _say(report, api)
    counts = {
        "lookedAt": report.looked_at,
        "subscribed": len(report.subscribed),
        "unsubscribed": len(report.unsubscribed),
        "troubles": len(report.troubles),
    }
    if report.finished:
        return counts
    rounds = event.get("round", 1)
    rest = {
        "reconcile": event.get("reconcile", "everything"),
        "after": report.last or after,
        "round": rounds + 1,
    }
    if rounds >= (MAX_ROUNDS_OF_A_DELETION if deletion else MAX_ROUNDS):
        logger.error("not all log groups were looked at", after=rest["after"])
        return counts
    dependencies.invoke_later(rest | ({"request": dict(deletion.event)} if deletion else {}))
    return counts | {"continued": True}


def _groups(event: Mapping[str, Any], settings: SubscriptionSettings, api: LogsApi) -> Iterable[LogGroup]:
    match event:
        case {"detail": {"requestParameters": {"logGroupName": str(name)}}}:
            return _named(name, settings, api)
        case {"reconcile": "new"}:
            return _new(settings, api)
    return api.log_groups()


def _named(name: str, settings: SubscriptionSettings, api: LogsApi) -> Iterator[LogGroup]:
    if _is_wanted(name, settings):
        first = next(api.log_groups(prefix=name), None)  # in ASCII order: the shortest name comes first
        if first and first.name == name:
            yield first


def _new(settings: SubscriptionSettings, api: LogsApi) -> Iterator[LogGroup]:
    since = (time.time() - NEW_SECONDS) * 1000
    for group in api.log_groups():
        if group.created >= since and _is_wanted(group.name, settings):
            yield group


def _is_wanted(name: str, settings: SubscriptionSettings) -> bool:
    return not settings.account_wide and what_counts(settings).why_not(name) is None


def _api(settings: SubscriptionSettings, dependencies: Dependencies) -> LogsApi:
    """What begins before its deadline leaves time to answer CloudFormation and for the next invocation."""
    reserve = WORST_REQUEST_SECONDS + WORST_ANSWER_SECONDS + 2 * GUARD_SECONDS
    deadline = time.monotonic() + dependencies.remaining_seconds() - reserve
    return LogsApi(dependencies.logs, settings.requests_per_second, deadline)


def _say(report: Report, api: LogsApi) -> None:
    if report.subscribed or report.unsubscribed:
        logger.info(
            "subscription filters changed",
            subscribed=len(report.subscribed),
            unsubscribed=len(report.unsubscribed),
            log_groups=[*report.subscribed, *report.unsubscribed][:_MAX_NAMES],
            throttled=api.throttled,
        )
    if report.troubles:
        logger.warning(
            "log groups could not be had as they are wanted",
            count=len(report.troubles),
            log_groups={
                name: f"{trouble}: {detail}" if detail else trouble.value
                for name, trouble, detail in report.troubles[:_MAX_NAMES]
            },
        )
