"""What the shipper says of itself: one structured log line for each trouble, and metrics.

An invocation that has nothing to say writes nothing, since each line is a log event that somebody pays for.
Metrics are written as embedded metric format: log lines, too.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from loginformant_shipper import __version__
from loginformant_shipper.events import Source
from loginformant_shipper.failures import KEY_OR_ADDRESS, Failure, Reason
from loginformant_shipper.names import METRICS_NAMESPACE, FilterCause, Metric, SubscriptionMetric

logger = Logger(service="loginformant-shipper")

# It warns, with a traceback, of answers whose headers are broken. An outcome says that, in one line.
logging.getLogger("urllib3").setLevel(logging.ERROR)
# At DEBUG they log whole requests and answers ("the full wire trace will appear in your logs", boto3
# reference, `set_stream_logger`): the API key as it was read, and log events on their way to a queue. They
# would inherit DEBUG from the root logger, whose level follows the function's application log level.
for _name in ("botocore", "boto3"):
    logging.getLogger(_name).setLevel(logging.INFO)


def put_subscription_metrics(stack: str, counts: Mapping[SubscriptionMetric, int]) -> None:
    """Write the metrics of one run of the subscriber of `stack`."""
    metrics = _of_stack(stack)
    for metric, count in counts.items():
        metrics.add_metric(metric, MetricUnit.Count, count)
    metrics.flush_metrics()


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
    metrics = _metrics(stack, source)
    # Powertools writes a line whenever a metric has a hundred values; last come those that leave none empty.
    for seconds in latencies:
        metrics.add_metric(Metric.INGEST_LATENCY, MetricUnit.Milliseconds, round(seconds * 1000, 1))
    for metric, count in counts.items():
        metrics.add_metric(metric, MetricUnit.Count, count)
    if filtered:
        metrics.add_metadata("filteredBy", {cause.value: events for cause, events in filtered.items()})
    if log_groups:
        metrics.add_metadata("logGroups", list(log_groups))
    metrics.flush_metrics()
    for metric, reasons in ((Metric.EVENTS_DEAD_LETTERED, dead_lettered), (Metric.EVENTS_RETURNED, returned)):
        for reason, events in reasons.items():
            by_reason = _metrics(stack, source)
            by_reason.add_dimension("Reason", reason)
            by_reason.add_metric(metric, MetricUnit.Count, events)
            by_reason.flush_metrics()
    if blocked := sum(each.get(reason, 0) for each in (dead_lettered, returned) for reason in KEY_OR_ADDRESS):
        of_stack = _of_stack(stack)
        of_stack.add_metric(Metric.EVENTS_BLOCKED, MetricUnit.Count, blocked)
        of_stack.flush_metrics()


def _metrics(stack: str, source: Source) -> EphemeralMetrics:
    metrics = _of_stack(stack)
    metrics.add_dimension("Source", source)
    return metrics


def _of_stack(stack: str) -> EphemeralMetrics:
    """Metrics of one stack alone: two in one account must not be counted as one.

    By the stack's name and not by the function's: alarms, dashboard and queries know it beforehand, and it
    stays where a function is replaced. Each further set of dimensions would be billed as a further metric.
    """
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    metrics.add_dimension("Stack", stack)
    metrics.add_metadata("version", __version__)
    return metrics


def log_dead_lettered(failure: Failure, events: int) -> None:
    """Log that `events` log events went to the dead-letter queue, and why."""
    _say("log events were not delivered and wait in the dead-letter queue", failure, events)


def log_parked(failure: Failure, events: int) -> None:
    """Log that `events` log events went to the parked queue, and why."""
    _say("log events were not delivered and wait for a person in the parked queue", failure, events)


def log_returned(failure: Failure, events: int) -> None:
    """Log that `events` log events stay with their source, a stream or a queue, and will come again."""
    _say("log events were not delivered and are returned to their source", failure, events)


def log_tags_not_read(log_group: str, error: Exception) -> None:
    """Log that logs are shipped without the tags of their log group."""
    logger.warning(
        "the tags of a log group cannot be read: its logs are shipped without them (TagProperties)",
        log_group=log_group,
        detail=str(error)[:300],
    )


def log_answered_by_a_page(ingest_url: str) -> None:
    """Log that what answers 2xx at the ingest API's address answers with a page for people."""
    logger.warning(
        "requests are answered 2xx with HTML: the logs count as delivered, but what answers may not be the "
        "ingest API; look at IngestUrl and at any proxy in between",
        ingest_url=ingest_url,
    )


def _say(what: str, failure: Failure, events: int) -> None:
    logger.warning(
        what, reason=failure.reason.value, events=events, status=failure.status, detail=failure.detail
    )
