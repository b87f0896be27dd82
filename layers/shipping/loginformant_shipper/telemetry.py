"""Write the shipper's own log lines and metrics.

There is one structured log line for each kind of failure. An invocation without log events or failures writes
nothing, since log lines cost money. Metrics are log lines in the embedded metric format ("Specification:
Embedded metric format", Amazon CloudWatch User Guide). They have the format of Powertools, whose own code
took a sixth of the processor time of an invocation with one log event.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import orjson
from aws_lambda_powertools.logging import Logger

from loginformant_shipper import __version__
from loginformant_shipper.events import Source
from loginformant_shipper.failures import KEY_OR_ADDRESS, Failure, Reason
from loginformant_shipper.names import METRICS_NAMESPACE, FilterCause, Metric, SubscriptionMetric

logger = Logger(service="loginformant-shipper")

# urllib3 logs a warning with a traceback for responses with broken headers, which the outcome reports in one
# line.
logging.getLogger("urllib3").setLevel(logging.ERROR)
# At DEBUG they log whole requests and responses ("the full wire trace will appear in your logs", boto3
# reference, `set_stream_logger`), including the API key and log events. They would inherit DEBUG from the
# root logger, whose level is the function's application log level.
for _name in ("botocore", "boto3"):
    logging.getLogger(_name).setLevel(logging.INFO)


MAX_VALUES = 100
"""The maximum number of values of a metric in a line ("Specification: Embedded metric format")."""

_UNITS = {Metric.INGEST_LATENCY.value: "Milliseconds"}
"""The units of metrics that are not counts."""


def put_subscription_metrics(stack: str, counts: Mapping[SubscriptionMetric, int]) -> None:
    """Write the metrics of a run of the subscriber of a stack."""
    _put({"Stack": stack}, {metric: [count] for metric, count in counts.items()})


def put_metrics(
    stack: str,
    source: Source,
    counts: Mapping[Metric, int],
    latencies: Iterable[float],
    dead_lettered: Mapping[Reason, int],
    returned: Mapping[Reason, int],
    filtered: Mapping[FilterCause, int] | None = None,
    log_groups: Sequence[Mapping[str, object]] = (),
) -> None:
    """Write the metrics of one invocation. `latencies` are in seconds.

    Log events that were dead-lettered or returned are counted by reason, too. `filtered`, and what became of
    the log events of each log group, are written beside the metrics, for CloudWatch Logs Insights: each
    metric more costs money.
    """
    # The stack's name instead of the function's: the template knows it in advance, and it does not change
    # when a function is replaced. AWS would charge each further set of dimensions as another metric.
    of_source = {"Stack": stack, "Source": source.value}
    milliseconds = [round(seconds * 1000, 1) for seconds in latencies]
    while len(milliseconds) >= MAX_VALUES:
        _put(of_source, {Metric.INGEST_LATENCY: milliseconds[:MAX_VALUES]})
        del milliseconds[:MAX_VALUES]
    values: dict[Metric, list[float]] = {metric: [count] for metric, count in counts.items()}
    if milliseconds:
        values[Metric.INGEST_LATENCY] = milliseconds
    facts: dict[str, object] = {}
    if filtered:
        facts["filteredBy"] = {cause.value: events for cause, events in filtered.items()}
    if log_groups:
        facts["logGroups"] = log_groups
    _put(of_source, values, facts)
    for metric, reasons in ((Metric.EVENTS_DEAD_LETTERED, dead_lettered), (Metric.EVENTS_RETURNED, returned)):
        for reason, events in reasons.items():
            _put(of_source | {"Reason": reason.value}, {metric: [events]})
    if blocked := sum(each.get(reason, 0) for each in (dead_lettered, returned) for reason in KEY_OR_ADDRESS):
        _put({"Stack": stack}, {Metric.EVENTS_BLOCKED: [blocked]})


def _put(
    dimensions: Mapping[str, str],
    values: Mapping[Metric, Sequence[float]] | Mapping[SubscriptionMetric, Sequence[float]],
    facts: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Write one line of embedded metric format.

    Saved queries read single fields of it. CloudWatch Logs Insights finds at most 200 fields of a line, and
    each element of an array is one ("Supported logs and discovered fields", Amazon CloudWatch Logs User
    Guide). So what has most elements comes last (open-telemetry/opentelemetry-collector-contrib, issue
    26697: the first ones are found).

    Args:
        dimensions: The dimensions of the metrics. They include the stack, so that the metrics of two stacks
            in an account are separate.
        values: The values of each metric, at most `MAX_VALUES`.
        facts: Other members of the line, which are not metrics.
    """
    by_name = {metric.value: each for metric, each in values.items()}
    metrics = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in by_name]
    directive = {"Namespace": METRICS_NAMESPACE, "Dimensions": [[*dimensions]], "Metrics": metrics}
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        **dimensions,
        "version": __version__,
        **by_name,
        **facts,
    }
    print(orjson.dumps(line).decode())


def log_dead_lettered(failure: Failure, events: int) -> None:
    """Log that log events were stored in the dead-letter queue, and why."""
    _say("log events were not delivered and were stored in the dead-letter queue", failure, events)


def log_parked(failure: Failure, events: int) -> None:
    """Log that log events were stored in the parked queue, and why."""
    _say("log events were not delivered and were moved to the parked queue", failure, events)


def log_returned(failure: Failure, events: int) -> None:
    """Log that log events were returned to their source, a stream or a queue, and why."""
    _say("log events were not delivered and are returned to their source", failure, events)


def log_tags_not_read(log_group: str, error: Exception) -> None:
    """Log that logs are shipped without the tags of their log group."""
    logger.warning(
        "the tags of a log group cannot be read: its logs are shipped without them (TagProperties)",
        log_group=log_group,
        detail=str(error)[:300],
    )


def _say(what: str, failure: Failure, events: int) -> None:
    logger.warning(
        what, reason=failure.reason.value, events=events, status=failure.status, detail=failure.detail
    )
