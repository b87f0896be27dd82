"""Handle the events of the subscriber function.

An event is a request of CloudFormation, a new log group, a run of the schedule, or the rest of another
invocation.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Timer
from typing import TYPE_CHECKING, Any

from loginformant_shipper.names import SubscriptionMetric
from loginformant_shipper.settings import SettingsError
from loginformant_shipper.subscriptions.custom_resource import (
    WORST_ANSWER_SECONDS,
    Request,
    RequestType,
    answer,
    made_nothing,
    read_request,
)
from loginformant_shipper.subscriptions.due import everything, share
from loginformant_shipper.subscriptions.logs_api import WORST_REQUEST_SECONDS, LogsApi
from loginformant_shipper.subscriptions.plan import LogGroup, what_counts
from loginformant_shipper.subscriptions.reconcile import Report, Trouble, has_account_policy, reconcile
from loginformant_shipper.subscriptions.staleness import NOTICED_SECONDS, Installation, StalenessCheck
from loginformant_shipper.subscriptions.subscription_settings import (
    SubscriptionSettings,
    load_subscription_settings,
)
from loginformant_shipper.subscriptions.validation import validate_account_policy, validate_pattern
from loginformant_shipper.subscriptions.wanted import Wanted, parse_patterns
from loginformant_shipper.telemetry import logger, put_subscription_metrics

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

CHECK = "Custom::AccountSubscriptionCheck"
"""The resource type of the check before an account policy is created."""

MAX_ROUNDS_OF_A_DELETION = 4
"""The maximum number of invocations of one deletion. CloudFormation waits an hour for the response, and an
invocation lasts up to 15 minutes."""

MAX_ROUNDS_OF_REFUSED = 3
"""The maximum number of invocations that retry temporary errors. After that, the schedule retries them.
Lambda ends a chain after about 16 ("Use Lambda recursive loop detection", AWS Lambda Developer Guide)."""

MAX_HANDED_ON = 400
"""The maximum number of names of log groups in an event, each of up to 512 characters. The payload of an
asynchronous invocation has up to 256 KB, by now 1 MB in some regions ("Lambda quotas", AWS Lambda Developer
Guide)."""

PATIENCE_SECONDS = 60.0
"""How long denied requests are retried after a deployment, since the role may have just been created."""

NEW_LOG_GROUP_SECONDS = 20.0
"""How long the event of a new log group is worked on. Many at once throttle each other, and each would occupy
one of the account's concurrent executions. The schedule looks at what is left within 15 minutes."""

GUARD_SECONDS = 5.0
_MAX_NAMES = 100
"""The maximum number of names in a log line. `shipctl subscriptions list` shows all."""


class NothingSubscribed(Exception):
    """Log groups are selected, but none of them is shipped."""


class FiltersLeft(Exception):
    """Not all filters could be removed."""


@dataclass(frozen=True)
class Dependencies:
    """The dependencies of the function, which tests replace."""

    environ: Mapping[str, str]
    logs: "CloudWatchLogsClient"
    invoke_later: Callable[[dict[str, Any]], None]
    """Invokes this function asynchronously with another event."""
    remaining_seconds: Callable[[], float]
    installation: Installation
    now: Callable[[], float] = field(default=time.time)
    """Returns the current time in seconds since 1970."""
    monotonic: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)


def handle(event: Mapping[str, Any], dependencies: Dependencies) -> dict[str, Any]:
    """Handle an event, and return counts of log groups. Errors that concern all log groups are raised.

    CloudFormation always receives a response, since a stack without one is stuck for an hour.
    """
    request = read_request(event.get("request", event))
    if request is None:
        return _run(event, dependencies)
    # Responds even if this thread is still busy at the end.
    seconds = dependencies.remaining_seconds() - WORST_ANSWER_SECONDS - GUARD_SECONDS
    guard = Timer(max(seconds, 0.0), _answer_out_of_time, [request])
    guard.daemon = True
    guard.start()
    try:
        return _respond(request, event, dependencies)
    except Exception as error:
        logger.exception("a request of CloudFormation failed", request=request.type.value)
        answer(request, _failure(request, error), made=not isinstance(error, NothingSubscribed))
        raise
    finally:
        guard.cancel()


def _failure(request: Request, error: Exception) -> str | None:
    """Return why a first deployment fails and is rolled back; None for all other requests.

    An update succeeds, since its rollback could fail in the same way, and the stack would be stuck. A
    deletion succeeds, too. The alarm on the function's errors reports both.
    """
    if request.type is not RequestType.CREATE:
        return None
    return str(error) if isinstance(error, NothingSubscribed) else f"{type(error).__name__}: {error}"


def _answer_out_of_time(request: Request) -> None:
    failure = "the subscriber did not finish in time" if request.type is RequestType.CREATE else None
    logger.error("out of time", request=request.type.value, told=failure or "done")
    answer(request, failure)


def _respond(request: Request, event: Mapping[str, Any], dependencies: Dependencies) -> dict[str, Any]:
    if request.type is RequestType.DELETE:
        return _delete(request, event, dependencies)
    objection = _validate(request, dependencies)
    if objection or request.resource_type == CHECK or _wants_no_filters(dependencies):
        answer(request, objection, made=not objection)
        return {}
    if request.type is RequestType.UPDATE:
        dependencies.sleep(NOTICED_SECONDS)
    result = _run(event, dependencies, patience=PATIENCE_SECONDS)
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


# --- a deletion ---


def _delete(request: Request, event: Mapping[str, Any], dependencies: Dependencies) -> dict[str, Any]:
    """Remove the stack's filters, in several invocations if needed, before the function is deleted itself.

    Raises `FiltersLeft` if not all could be removed. With the stack, the function stays if `LogGroups` was
    cleared, and its alarm goes off.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if request.resource_type == CHECK or made_nothing(request):
        answer(request)
        return {}
    settings = replace(load_subscription_settings(dependencies.environ), log_groups=(), account_wide=False)
    api = _api(settings, dependencies)
    rounds = event.get("round", 1)
    report = Report()
    try:
        if rounds == 1:
            dependencies.sleep(NOTICED_SECONDS)
        reconcile(api, _to_be_removed(request, event, api), settings, report)
    except (BotoCoreError, ClientError):
        if rounds >= MAX_ROUNDS_OF_A_DELETION:
            raise
        logger.exception("filters could not be removed; another invocation retries")
        report.finished = False
    _say(report, api)
    if not report.finished and rounds < MAX_ROUNDS_OF_A_DELETION:
        rest = {"after": report.last or event.get("after", ""), "round": rounds + 1}
        dependencies.invoke_later(rest | {"request": dict(request.event)})
        return _counts(report) | {"continued": True}
    if not report.finished:
        raise FiltersLeft(
            f"filters may be left, since there was no time for the log groups after {report.last!r}; if the "
            "stack still exists, shipctl subscriptions reconcile removes them"
        )
    answer(request)
    return _counts(report)


def _to_be_removed(request: Request, event: Mapping[str, Any], api: LogsApi) -> Iterator[LogGroup]:
    """Yield all log groups, previously selected ones first, since there may not be enough time for all."""
    try:
        patterns = parse_patterns(request.event.get("ResourceProperties", {}).get("LogGroups", ""))
    except ValueError:
        patterns = ()
    wanted = Wanted(log_groups=patterns)

    def order(name: str) -> tuple[bool, str]:
        return wanted.why_not(name) is not None, name

    after = event.get("after", "")
    groups = sorted(api.log_groups(), key=lambda group: order(group.name))
    yield from (group for group in groups if not after or order(group.name) > order(after))


# --- everything else ---


def _run(event: Mapping[str, Any], dependencies: Dependencies, patience: float = 0.0) -> dict[str, Any]:
    """Reconcile the log groups of an event. Raises `NothingSubscribed` if no selected one is shipped."""
    settings = load_subscription_settings(dependencies.environ)
    is_awaited = "ResponseURL" in event
    check = StalenessCheck(dependencies.environ, dependencies.installation, dependencies.monotonic)
    usual = _api(settings, dependencies, patience, WORST_ANSWER_SECONDS if is_awaited else 0.0)
    seconds = NEW_LOG_GROUP_SECONDS if "detail" in event else math.inf
    deadline = min(usual.deadline, dependencies.monotonic() + seconds)
    api = replace(usual, is_stale=check.is_stale, deadline=deadline)
    report = Report()
    if settings.account_wide and not has_account_policy(api, settings):
        logger.warning("no filters are removed, since the account policy does not exist")
        return _counts(report)
    reconcile(api, _groups(event, settings, api, dependencies.now(), report), settings, report)
    _say(report, api)
    if report.wanted:
        put_subscription_metrics(
            settings.stack_name,
            {
                SubscriptionMetric.WANTED: report.wanted,
                SubscriptionMetric.SUBSCRIBED: report.shipped,
                SubscriptionMetric.REFUSED: report.refused,
            },
        )
    _hand_on(report, event, dependencies)
    if report.is_in_vain and _named(event) is None:
        raise NothingSubscribed(_in_vain(report))
    return _counts(report)


def _hand_on(report: Report, event: Mapping[str, Any], dependencies: Dependencies) -> None:
    rounds = event.get("round", 1)
    if report.refused_for_now and rounds < MAX_ROUNDS_OF_REFUSED and not _fails(report, event):
        names = report.refused_for_now[:MAX_HANDED_ON]
        dependencies.invoke_later({"reconcile": names, "round": rounds + 1})


def _fails(report: Report, event: Mapping[str, Any]) -> bool:
    """Return whether a deployment fails. Nothing may create filters after its rollback."""
    return event.get("RequestType") == RequestType.CREATE and report.is_in_vain


def _named(event: Mapping[str, Any]) -> list[str] | None:
    """Return the log groups that the event names; None if it concerns all."""
    match event:
        case {"detail": {"requestParameters": {"logGroupName": str(name)}}}:
            return [name]
        case {"reconcile": [*names]}:
            return [str(name) for name in names]
    return None


def _groups(
    event: Mapping[str, Any], settings: SubscriptionSettings, api: LogsApi, now: float, report: Report
) -> Iterable[LogGroup]:
    names = _named(event)
    if names is not None:
        return _look_up(names, settings, api)
    if event.get("reconcile") == "share":
        return share(api, settings, now, report)
    return everything(api, settings, now)


def _look_up(names: Iterable[str], settings: SubscriptionSettings, api: LogsApi) -> Iterator[LogGroup]:
    for name in names:
        if not settings.account_wide and what_counts(settings).why_not(name) is None:
            first = next(api.log_groups(prefix=name), None)  # in ASCII order: the shortest name comes first
            if first and first.name == name:
                yield first


def _api(
    settings: SubscriptionSettings,
    dependencies: Dependencies,
    patience: float = 0.0,
    answer_seconds: float = WORST_ANSWER_SECONDS,
) -> LogsApi:
    """Return a client whose deadline leaves time for the response and for another invocation."""
    reserve = WORST_REQUEST_SECONDS + answer_seconds + 2 * GUARD_SECONDS
    now = dependencies.monotonic()
    return LogsApi(
        dependencies.logs,
        settings.requests_per_second,
        deadline=now + dependencies.remaining_seconds() - reserve,
        now=dependencies.monotonic,
        sleep=dependencies.sleep,
        patient_until=now + patience if patience else 0.0,
    )


def _counts(report: Report) -> dict[str, Any]:
    return {
        "lookedAt": report.looked_at,
        "subscribed": len(report.subscribed),
        "unsubscribed": len(report.unsubscribed),
        "troubles": len(report.troubles),
    }


def _in_vain(report: Report) -> str:
    """Return one line with the number of log groups, the causes, and the error message of the first one."""
    name, trouble, detail = min(report.troubles)
    kinds = dict.fromkeys(trouble for _, trouble, _ in report.troubles)
    numbers = {kind: sum(trouble is kind for _, trouble, _ in report.troubles) for kind in kinds}
    why = ", ".join(f"{number:,} {kind}" for kind, number in numbers.items())
    first = f"{name}: {detail or _EXPLAINED.get(trouble, trouble.value)}"
    return (
        f"none of {report.wanted:,} selected log groups could be subscribed ({why}); the first one is {first}"
    )


_EXPLAINED = {
    Trouble.UNSUPPORTED: "its log class does not support subscription filters: remove it from LogGroups, or "
    "add it to ExcludeLogGroups",
    Trouble.NAME_TAKEN: "a filter with this stack's name has another destination: delete it if it is not "
    "needed",
}


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
            "log groups could not be subscribed as configured",
            count=len(report.troubles),
            log_groups={
                name: f"{trouble}: {detail}" if detail else trouble.value
                for name, trouble, detail in report.troubles[:_MAX_NAMES]
            },
        )
