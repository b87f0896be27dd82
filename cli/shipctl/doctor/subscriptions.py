"""Whether log groups are subscribed as they should be, and by nobody else."""

import json
from collections import Counter
from collections.abc import Iterator

from loginformant_shipper.subscriptions.plan import State

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.subscriptions.outcomes import is_wrong, why

SHIPPED = (State.SUBSCRIBED, State.BY_ACCOUNT_POLICY, State.BY_HAND, State.OUTDATED, State.DOUBLED)
MAX_NAMES = 5


def check_permission(installation: Installation) -> Iterator[Finding]:
    """Find a shipper that CloudWatch Logs may not invoke."""
    principals = installation.invokers(Function.SHIPPER)
    if "logs.amazonaws.com" in principals:
        yield ok("CloudWatch Logs may invoke the shipper")
    else:
        yield fault(
            "CloudWatch Logs may not invoke the shipper: its permission is missing",
            "deploy again after removing ShipperInvokePermission, or aws lambda add-permission with the "
            "principal logs.amazonaws.com",
        )


def check_subscriptions(installation: Installation) -> Iterator[Finding]:
    """Find log groups that are not subscribed as the stack wants, and a stack to which none is."""
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
            f"no log group of {states.total():,} is subscribed, nothing is shipped{matches}",
            f"{deploy_with(stack, 'LogGroups', 'NAMES_AND_PATTERNS')}, or by hand: output SubscribeCommand",
        )
    elif not wrong:
        yield ok(f"{shipped:,} of {states.total():,} log groups are shipped, as the stack wants")


def check_loops(installation: Installation) -> Iterator[Finding]:
    """Find a function's own log that is sent to the shipper: each line would bring the next."""
    for group in installation.looped:
        yield fault(
            f"{group} is subscribed to the shipper, which ships nothing of it: each line is an invocation",
            f"aws logs describe-subscription-filters --log-group-name {group} "
            f"--region {installation.stack.region}; then aws logs delete-subscription-filter",
        )
    if not installation.looped:
        yield ok("no function's own log is sent to the shipper")


def check_account_policy(installation: Installation) -> Iterator[Finding]:
    """Find an account-wide subscription of somebody else's: AWS allows one in a region."""
    shipper = installation.stack.output("ShipperFunctionArn")
    wanted = installation.parameters.get("SubscribeAccount") == "true"
    is_ours = False
    for name, document in installation.account_policies.items():
        destination = _destination(document)
        if destination == shipper:
            is_ours = True
            yield ok(f"{name} subscribes the account to the shipper")
        else:
            yield notice(
                f"the account policy {name} sends every log group's events to {destination}, too",
                "nothing, if that is meant; with SubscribeAccount=true it is in the way",
            )
    if wanted and not is_ours:
        yield fault("SubscribeAccount is true, and the account policy is not there", "deploy again")
    elif not wanted and not installation.account_policies:
        yield ok("no account policy")


def _destination(document: str) -> str:
    try:
        return str(json.loads(document)["DestinationArn"])
    except (ValueError, KeyError, TypeError):
        return "an unknown destination"
