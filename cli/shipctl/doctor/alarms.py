"""Check the alarms and their notifications."""

import shlex
from collections.abc import Iterator

from shipctl.dlq.spans import ago
from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.installation import Installation
from shipctl.terminal import counted

NOT_EVALUATED = {
    "EVALUATION_ERROR": "its configuration is wrong",
    "EVALUATION_FAILURE": "CloudWatch has a problem for the moment",
    "PARTIAL_DATA": "it does not see all data",
}
"""The meanings of evaluation states. Others mean that an alarm is new."""


def check_alarms(installation: Installation) -> Iterator[Finding]:
    """Report alarms that are on, do not work or notify no one."""
    findings = [*_states(installation), *_recipients(installation)]
    yield from findings or [ok(f"{counted(len(installation.alarms), 'alarm')}, none is on")]


def _states(installation: Installation) -> Iterator[Finding]:
    if deleted := [alarm.resource for alarm in installation.alarms if not alarm.state]:
        yield fault(
            f"deleted, though the stack still names them: {', '.join(deleted)}",
            "a deployment does not create them again; a drift-aware change set does (aws cloudformation "
            "create-change-set with --deployment-mode REVERT_DRIFT): see docs/operations.md, The alarms",
        )
    for alarm in installation.alarms:
        if alarm.state == "ALARM":
            how_long = f" for {ago(alarm.since).removesuffix(' ago')}" if alarm.since else ""
            yield notice(f"{alarm.resource} is on{how_long}", "docs/operations.md, The alarms")
        if why := NOT_EVALUATED.get(alarm.evaluation):
            yield notice(
                f"{alarm.resource} may not go off: {why} ({alarm.evaluation})",
                "CloudWatch → Alarms says more",
            )


def _recipients(installation: Installation) -> Iterator[Finding]:
    alarms = [alarm for alarm in installation.alarms if alarm.state]
    if silent := [alarm for alarm in alarms if not alarm.has_action]:
        yield notice(
            f"{len(silent)} of {len(alarms)} alarms notify no one",
            deploy_with(installation.stack, "NotificationEmail", "E_MAIL_ADDRESS"),
        )
    if disabled := [alarm.resource for alarm in alarms if alarm.has_action and not alarm.is_enabled]:
        yield notice(
            f"notify no one, since their actions are disabled: {', '.join(disabled)}",
            "nothing, if this is intended; otherwise CloudWatch → Alarms → Actions → Enable alarm actions",
        )
    if installation.email_is_confirmed is False:
        yield notice(
            f"{installation.parameters.get('NotificationEmail', '')} is not notified of alarms: "
            "the link in the confirmation email from AWS Notifications has not been opened",
            f"open it; for another email: {_another_mail(installation)}",
        )


def _another_mail(installation: Installation) -> str:
    return shlex.join(
        (
            *("aws", "sns", "subscribe", "--region", installation.stack.region, "--protocol", "email"),
            *("--topic-arn", installation.stack.output("NotificationEmailTopicArn")),
            *("--notification-endpoint", installation.parameters.get("NotificationEmail", "")),
        )
    )
