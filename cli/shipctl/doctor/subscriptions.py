"""Check the subscriptions of log groups and the shipper's permission."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from loginformant_shipper.subscriptions.plan import State

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.functions import Function
from shipctl.installation.installation import AccountPolicy, Installation
from shipctl.subscriptions.outcomes import is_wrong, why

SHIPPED = (State.SUBSCRIBED, State.BY_ACCOUNT_POLICY, State.BY_HAND, State.OUTDATED, State.DOUBLED)
MAX_NAMES = 5


def check_permission(installation: Installation) -> Iterator[Finding]:
    """Report a shipper that CloudWatch Logs is not allowed to invoke."""
    principals = installation.invokers(Function.SHIPPER)
    if "logs.amazonaws.com" in principals:
        yield ok("CloudWatch Logs is allowed to invoke the shipper")
    else:
        stack = installation.stack
        shipper = stack.output("ShipperFunctionArn")
        add = stack.aws_command(
            *("lambda", "add-permission", "--function-name", shipper, "--statement-id", "cloudwatch-logs"),
            *("--action", "lambda:InvokeFunction", "--principal", "logs.amazonaws.com"),
            *("--source-account", shipper.split(":")[4]),
        )
        yield fault(
            "CloudWatch Logs is not allowed to invoke the shipper: its permission is missing",
            f"deploy again after removing ShipperInvokePermission, or run {add}",
        )


def check_subscriptions(installation: Installation) -> Iterator[Finding]:
    """Report log groups whose subscription differs from the stack's settings, and a stack without any."""
    stack = installation.stack
    wrong: dict[str, list[str]] = {}
    states: Counter[State] = Counter()
    for outcome in installation.subscriptions:
        states[outcome.finding.state] += 1
        if is_wrong(outcome):
            wrong.setdefault(why(outcome), []).append(outcome.finding.log_group)
    for words, names in wrong.items():
        more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
        yield fault(
            f"{words}: {', '.join(names[:MAX_NAMES])}{more}", stack.command("subscriptions", "reconcile")
        )
    shipped = sum(states[state] for state in SHIPPED)
    reads_a_stream = stack.parameters.get("KinesisStreamArn") or stack.parameters.get("OrganizationId")
    if not (shipped or states[State.MISSING] or reads_a_stream):
        patterns = stack.parameters.get("LogGroups", "")
        matches = f"; none matches LogGroups, {patterns}" if patterns else ""
        yield fault(
            f"0 of {states.total():,} log groups are subscribed, so nothing is shipped{matches}",
            f"{deploy_with(stack, 'LogGroups', 'NAMES_AND_PATTERNS')}, or use the output SubscribeCommand",
        )
    elif not wrong:
        yield ok(f"{shipped:,} of {states.total():,} log groups are shipped, as configured")


def check_loops(installation: Installation) -> Iterator[Finding]:
    """Report a function's own log group that is subscribed to the shipper, which is a loop."""
    stack = installation.stack
    for group in installation.looped:
        of_group = ("--log-group-name", group)
        find = stack.aws_command("logs", "describe-subscription-filters", *of_group)
        remove = stack.aws_command("logs", "delete-subscription-filter", *of_group, "--filter-name", "NAME")
        yield fault(
            f"{group} is subscribed to the shipper, which does not ship it: each line causes an invocation",
            f"{find}; then {remove}",
        )
    if not installation.looped:
        yield ok("no log group of the functions is subscribed to the shipper")


def check_account_policy(installation: Installation) -> Iterator[Finding]:
    """Report an account policy with another destination, or not as the stack's settings ask for.

    AWS allows one per account and region.
    """
    shipper = installation.stack.output("ShipperFunctionArn")
    wanted = installation.parameters.get("SubscribeAccount") == "true"
    is_ours = False
    for policy in installation.account_policies:
        destination = _content(policy).get("DestinationArn", "an unknown destination")
        if destination == shipper:
            is_ours = True
            different = _difference(policy, installation) if wanted else None
            yield different or ok(f"{policy.name} subscribes the account to the shipper")
        else:
            yield notice(
                f"the account policy {policy.name} also sends the events of all log groups to {destination}",
                "none, if intended; it prevents SubscribeAccount=true",
            )
    if wanted and not is_ours:
        yield fault("SubscribeAccount is true, but the account policy does not exist", "deploy again")
    elif not wanted and not installation.account_policies:
        yield ok("no account policy")


def _difference(policy: AccountPolicy, installation: Installation) -> Finding | None:
    """Return how the stack's account policy differs from the settings.

    CloudFormation may not apply a change of the selection criteria, and does not try again
    (aws-cloudformation/aws-cloudformation-resource-providers-logs#111).
    """
    settings = installation.subscription_settings
    left_out = settings.own_log_groups | set(settings.excluded)
    has_pattern = str(_content(policy).get("FilterPattern", "")).strip() == settings.filter_pattern
    if has_pattern and set(re.findall(r'"([^"]*)"', policy.criteria)) == left_out:
        return None
    document = json.dumps(
        {"DestinationArn": settings.destination_arn, "FilterPattern": settings.filter_pattern}
    )
    criteria = f"LogGroupName NOT IN {json.dumps(sorted(left_out))}"
    different = "leaves out other log groups" if has_pattern else "has another filter pattern"
    return fault(
        f"the account policy {policy.name} {different} than the stack's parameters say",
        installation.stack.aws_command(
            *("logs", "put-account-policy", "--policy-name", policy.name),
            *("--policy-type", "SUBSCRIPTION_FILTER_POLICY", "--policy-document", document),
            *("--selection-criteria", criteria),
        ),
    )


def _content(policy: AccountPolicy) -> dict[str, Any]:
    try:
        content = json.loads(policy.document)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
