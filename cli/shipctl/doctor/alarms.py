"""Check the alarms and their notifications."""

import shlex
from collections.abc import Iterator

from shipctl.dlq.spans import ago
from shipctl.doctor.findings import Finding, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.installation import Installation


def check_alarms(installation: Installation) -> Iterator[Finding]:
    """Report alarms that are on, and alarms that notify no one."""
    alarms = installation.alarms
    on = [alarm for alarm in alarms if alarm.state == "ALARM"]
    for alarm in on:
        how_long = f" for {ago(alarm.since).removesuffix(' ago')}" if alarm.since else ""
        yield notice(f"{alarm.resource} is on{how_long}", "docs/operations.md, The alarms")
    silent = [alarm for alarm in alarms if not alarm.tells]
    if silent:
        yield notice(
            f"{len(silent)} of {len(alarms)} alarms notify no one",
            deploy_with(installation.stack, "NotificationEmail", "E_MAIL_ADDRESS"),
        )
    is_confirmed = installation.email_is_confirmed
    if is_confirmed is False:
        yield notice(
            f"{installation.parameters.get('NotificationEmail', '')} is not notified of alarms: "
            "the link in the confirmation email from AWS Notifications has not been opened",
            f"open it; for another email: {_another_mail(installation)}",
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
