"""Find a short name for the source of a log."""

import re
from functools import lru_cache
from typing import Any

# Log groups that are named after the resource that writes to them: `/aws/<service>/<kinds …>/<name>/<parts
# …>`. The name is the source; these words come before it. They are from the services' own documentation.
_KINDS = frozenset(
    {
        *("instance", "cluster", "proxy", "dbclusters"),  # rds, docdb, neptune
        *("containerinsights", "application-signals"),  # ecs
        "clusters",  # sagemaker: HyperPod
        *("function", "lambdaedge"),  # cloudfront
        *("domains", "apis", "broker", "jobs", "endpoints", "trainingjobs", "processingjobs", "flowlogs"),
        *("job", "output", "error", "logs", "logs-v2", "runtimes", "data", "default"),
    }
)

# Lambda@Edge writes to a log group of the region it ran in, with the function's home region before its name.
_HOME_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{1,10}){1,3}-\d\.")

_COMPANION = ".local"
"""The suffix of the companion of a Web Function's log group ("Web Function logs in Amazon CloudWatch Logs",
AWS Lambda Developer Guide)."""

_STATE_MACHINE = "-Logs"
"""The suffix that the Step Functions console adds to the name of a state machine."""

_VENDED_KIND = re.compile(
    r"(?:access|error|flow|application|event|usage|connection|execution)[-_]?logs?\Z", re.I
)
"""The kind of a log that a service delivers itself: `ACCESS_LOGS`, `APPLICATION_LOGS`, `access-logs`."""

_API_GATEWAY_EXECUTION = "API-Gateway-Execution-Logs_"
_WAF = "aws-waf-logs-"

_FUNCTION_IN_LOG_STREAM = re.compile(
    r"[0-9]{4}/[0-9]{2}/[0-9]{2}/([\w.-]{1,140})\[(?:\$LATEST|[\w-]{1,128})\]\[?[0-9a-f]{32}\]?", re.ASCII
)
"""`<date>/<function>[<version>]<environment>`: the log stream of a Lambda function with a custom log group,
to which several functions may write ("Configuring CloudWatch log groups", AWS Lambda Developer Guide; pull
request 1160 of DataDog/datadog-serverless-functions)."""


def source_of_log_stream(log_group: str, log_stream: str) -> str:
    """Return the function, database, cluster, service … that writes to a log stream.

    That is the Lambda function that the log stream names, or the source of the log group.
    """
    if (function := _FUNCTION_IN_LOG_STREAM.fullmatch(log_stream)) is not None:
        return function[1]
    return source_of_log_group(log_group)


@lru_cache(maxsize=1024)
def source_of_log_group(log_group: str) -> str:
    """Return the function, database, cluster, service … that writes to `log_group`.

    | log group | source |
    |---|---|
    | `/aws/lambda/orders`, `/aws/lambda/us-east-1.orders` | `orders` |
    | `/aws/lambda/web/shop`, `/aws/lambda/web/shop.local` | `shop` |
    | `/aws/cloudfront/function/redirect` | `redirect` |
    | `/aws/greengrass/UserComponent/eu-west-1/com.example.Sensor` | `com.example.Sensor` |
    | `/aws/rds/instance/shop-db/error` | `shop-db` |
    | `/aws/eks/prod/cluster` | `prod` |
    | `/ecs/checkout` | `checkout` |
    | `/aws/vendedlogs/states/billing-Logs` | `billing` |
    | `/aws/vendedlogs/events/event-bus/orders` | `orders` |
    | `API-Gateway-Execution-Logs_a1b2c3/prod` | `API Gateway a1b2c3/prod` |
    | `aws-waf-logs-shop` | `shop` |
    | `sns/eu-west-1/123456789012/alerts/Failure` | `alerts` |
    | any other | the name of the log group |
    """
    if log_group.startswith(_API_GATEWAY_EXECUTION):
        return "API Gateway " + log_group.removeprefix(_API_GATEWAY_EXECUTION)
    if log_group.startswith(_WAF):
        return log_group.removeprefix(_WAF) or log_group
    match [part for part in log_group.split("/") if part]:
        case ["aws", "vendedlogs", *rest] if rest:
            # `<service>/<kinds …>/<name>`, with the kind of log before the name or after it.
            kinds = {*_KINDS, "access"}
            names = [part for part in rest if part.lower() not in kinds and not _VENDED_KIND.match(part)]
            return (names or rest)[-1].removesuffix(_STATE_MACHINE) or log_group
        case ["aws", "lambda", name]:
            return _HOME_REGION.sub("", name, count=1) or name
        case ["aws", "lambda", "web", name]:
            return name.removesuffix(_COMPANION) or name
        case ["aws", "greengrass", _, _, *rest] if rest:  # `<kind>/<region>/<component>`
            return "/".join(rest)
        case ["aws", _, *rest]:
            names = [part for part in rest if part.lower() not in _KINDS]
            name = names[0] if names else "/".join(log_group.split("/")[2:])
            return _HOME_REGION.sub("", name, count=1).removesuffix(_STATE_MACHINE) or log_group
        case ["ecs", *rest] if rest and log_group.startswith("/"):
            return "/".join(rest)
        case ["sns", _, _, topic, *_]:
            return topic
    return log_group


# The names of fields with the name of a logger. Those of the second group count only next to other fields.
_LOGGER_FIELDS = (
    "logger",  # structlog, zap, slog, Logstash, Powertools for Java, java.util.logging
    "logger_name",  # logstash-logback-encoder, Spring Boot
    "loggerName",  # log4j2 JsonLayout, Quarkus
    "log.logger",  # Elastic Common Schema
    "SourceContext",  # Serilog, compact format
    "_logger",  # GELF
    "_logger_name",
    "_log_logger",  # GELF of Spring Boot
)
_LOGGER_FIELDS_IN_COMPANY = {
    "name": (frozenset({"pid", "hostname"}), frozenset({"levelname"})),  # pino and bunyan; python-json-logger
    "channel": (frozenset({"level_name"}),),  # Monolog
    "Category": (frozenset({"LogLevel"}),),  # .NET's JSON console
    "categoryName": (frozenset({"level"}),),  # log4js
    "context": (frozenset({"pid", "level"}),),  # NestJS
    "target": (frozenset({"level", "fields"}), frozenset({"level", "spans"})),  # Rust's tracing-subscriber
}
_LOGGER_FIELDS_INSIDE = (
    ("log", "logger"),  # Elastic Common Schema, nested
    ("Properties", "SourceContext"),  # Serilog, JSON formatter
)
_ANY_LOGGER_FIELD = frozenset(
    {*_LOGGER_FIELDS, *_LOGGER_FIELDS_IN_COMPANY, *(outer for outer, _ in _LOGGER_FIELDS_INSIDE)}
)


def logger_of(fields: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return the name of the logger in a structured log, and the name of its field.

    The field is None if it is inside another one. The result is None if there is no name.
    """
    if _ANY_LOGGER_FIELD.isdisjoint(fields):
        return None
    for field in _LOGGER_FIELDS:
        if name := _name(fields.get(field)):
            return name, field
    for field, companies in _LOGGER_FIELDS_IN_COMPANY.items():
        if (name := _name(fields.get(field))) and any(company <= fields.keys() for company in companies):
            return name, field
    for outer, inner in _LOGGER_FIELDS_INSIDE:
        if isinstance(holder := fields.get(outer), dict) and (name := _name(holder.get(inner))):
            return name, None
    return None


def _name(value: object) -> str | None:
    name = value.strip() if isinstance(value, str) else ""
    return name if name and name.lower() != _NAMELESS else None


_NAMELESS = "root"
"""Names of root loggers in Python, Java and others, which are less useful than the name of the log group."""
