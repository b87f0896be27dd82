"""The alarms: those that are on, and whether anybody is told."""

import shlex
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
        how_long = f" for {ago(alarm.since).removesuffix(' ago')}" if alarm.since else ""
        yield notice(f"{alarm.resource} is on{how_long}", "docs/operations.md, The alarms")
    silent = [alarm for alarm in alarms if not alarm.tells]
    if silent:
        yield notice(
            f"nobody is told of {len(silent)} of {len(alarms)} alarms",
            deploy_with(installation.stack, "NotificationEmail", "E_MAIL_ADDRESS"),
        )
    is_confirmed = installation.email_is_confirmed
    if is_confirmed is False:
        yield notice(
            f"{installation.parameters.get('NotificationEmail', '')} is not told of alarms: "
            "nobody has opened the link in the mail of AWS Notifications",
            f"open it; for another mail: {_another_mail(installation)}",
        )
    if not on and not silent and is_confirmed is not False:
        yield ok(f"{len(alarms)} alarms, none is on")


def _another_mail(installation: Installation) -> str:
    return shlex.join(
        (
            *("aws", "sns", "subscribe", "--region", installation.stack.region, "--protocol", "email"),
            *("--topic-arn", installation.stack.output("NotificationEmailTopicArn")),
            *("--notification-endpoint", installation.parameters.get("NotificationEmail", "")),
        )
    )
