"""The alarms: those that are on, and whether anybody is told."""

from collections.abc import Iterator

from shipctl.dlq.spans import ago
from shipctl.doctor.findings import Finding, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.installation import Installation


def check_alarms(installation: Installation) -> Iterator[Finding]:
    """Find alarms that are on, and alarms that nobody is told of."""
    alarms = installation.alarms
    on = [alarm for alarm in alarms if alarm.state == "ALARM"]
    for alarm in on:
        since = f" since {ago(alarm.since).removesuffix(' ago')}" if alarm.since else ""
        yield notice(f"{alarm.resource} is on{since}", "docs/operations.md, The alarms")
    silent = [alarm for alarm in alarms if not alarm.tells]
    if silent:
        yield notice(
            f"nobody is told of {len(silent)} of {len(alarms)} alarms",
            deploy_with(installation.stack, "NotificationTopicArn", "ARN_OF_AN_SNS_TOPIC"),
        )
    if not on and not silent:
        yield ok(f"{len(alarms)} alarms, none is on")
