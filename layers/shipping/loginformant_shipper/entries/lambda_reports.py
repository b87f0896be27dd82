"""Read the properties of a Lambda function's REPORT and of embedded metrics."""

import re
from collections.abc import Iterator

from loginformant_shipper.entries.bounded_json import Fields

REPORT_LINES = ("REPORT RequestId: ", "INIT_REPORT ", "RESTORE_REPORT ")


# "Monitoring Lambda functions with CloudWatch Logs", AWS Lambda developer guide.
_REPORTED = re.compile(
    r"\b(?:(?P<number>(?:Billed |Init |Restore |Billed Restore )?Duration|Memory Size|Max Memory Used)"
    r": (?P<amount>\d{1,15}(?:\.\d{1,9})?) (?:ms|MB)"
    r"|(?P<word>Status|Error Type|Phase|XRAY TraceId|SegmentId|Sampled): (?P<said>[^\s]{1,256}))(?!\S)"
)


_REPORT_PROPERTIES = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
    "Billed Restore Duration": "billedRestoreDurationMs",
    "Memory Size": "memorySizeMb",
    "Max Memory Used": "maxMemoryUsedMb",
    "Status": "status",
    "Error Type": "errorType",
    "Phase": "phase",
    "XRAY TraceId": "xrayTraceId",
    "SegmentId": "xraySegmentId",
    "Sampled": "xraySampled",
}


# The same reports in the JSON log format, with the names of their metrics ("Lambda Telemetry API Event schema
# reference", AWS Lambda developer guide). A report repeats what `platform.runtimeDone` and others say.
_REPORT_METRICS = {
    "platform.report": {
        "durationMs": "durationMs",
        "billedDurationMs": "billedDurationMs",
        "initDurationMs": "initDurationMs",
        "restoreDurationMs": "restoreDurationMs",
        "billedRestoreDurationMs": "billedRestoreDurationMs",
        "memorySizeMB": "memorySizeMb",
        "maxMemoryUsedMB": "maxMemoryUsedMb",
    },
    "platform.initReport": {"durationMs": "initDurationMs"},
    "platform.restoreReport": {"durationMs": "restoreDurationMs"},
}
_REPORT_WORDS = ("status", "errorType", "phase")


FIELDS_WE_READ = frozenset({"_aws", "record"})


def add_from_report(properties: Fields, text: str) -> None:
    """Add the metrics of a REPORT line of Lambda to the properties."""
    for found in _REPORTED.finditer(text[:4096]):
        if found["number"]:
            amount = found["amount"]
            number = float(amount) if "." in amount else int(amount)
            properties[_REPORT_PROPERTIES[found["number"]]] = number
        else:
            said = found["said"]
            properties[_REPORT_PROPERTIES[found["word"]]] = {"true": True, "false": False}.get(said, said)


def add_from_fields(properties: Fields, fields: Fields) -> None:
    """Add the metrics of a platform event or of the embedded metric format to the properties."""
    if FIELDS_WE_READ.isdisjoint(fields):
        return
    match fields:
        case {"_aws": {"CloudWatchMetrics": [*directives]}}:
            properties["embeddedMetrics"] = list(_embedded_metrics(directives))
        case {"type": str(kind), "record": dict(record)} if kind in _REPORT_METRICS:
            properties |= _of_report(record, _REPORT_METRICS[kind])


def _of_report(record: Fields, names: dict[str, str]) -> Fields:
    """Return the properties of a report in the JSON log format, in which its metrics have these names."""
    properties = {word: record[word] for word in _REPORT_WORDS if isinstance(record.get(word), str)}
    match record:
        case {"metrics": dict(metrics)}:
            properties |= {name: metrics[metric] for metric, name in names.items() if metric in metrics}
    match record:
        case {"tracing": {"type": "X-Amzn-Trace-Id", "value": str(header)}}:
            traced = dict(part.split("=", 1) for part in header[:1024].split(";") if "=" in part)
            if root := traced.get("Root"):
                properties |= {"xrayTraceId": root, "xraySampled": traced.get("Sampled") == "1"}
    return properties


def _embedded_metrics(directives: list[object]) -> "Iterator[str]":
    """Yield the names in a record of the CloudWatch embedded metric format, such as `Shop/Orders`."""
    for directive in directives:
        match directive:
            case {"Namespace": str(namespace), "Metrics": [*metrics]}:
                for metric in metrics:
                    match metric:
                        case {"Name": str(name)}:
                            yield f"{namespace}/{name}"
