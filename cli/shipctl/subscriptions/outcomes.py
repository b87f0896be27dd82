"""Reconcile log groups, and write the outcomes as text or JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator

from loginformant_shipper.subscriptions.plan import Action, State
from loginformant_shipper.subscriptions.reconcile import Reconciled, Trouble, has_account_policy, settle
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.wanted import matches
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.style import Style
from rich.text import Text

from shipctl.account import aws_errors
from shipctl.errors import CommandError
from shipctl.json_lines import print_json
from shipctl.stack import Stack
from shipctl.subscriptions.deployed_settings import logs_api
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import one_line

WORDS = {
    State.SUBSCRIBED: "subscribed",
    State.BY_ACCOUNT_POLICY: "subscribed by the account policy",
    State.BY_HAND: "subscribed manually",
    State.MISSING: "selected, not subscribed yet",
    State.OUTDATED: "subscribed with another filter pattern",
    State.LEFT_OVER: "subscribed, no longer selected",
    State.DOUBLED: "shipped twice: also subscribed manually",
    State.NAME_TAKEN: "a filter with the subscriber's name has another destination",
    State.UNSUPPORTED: "its log class does not support subscription filters",
    State.EXCLUDED: "excluded",
    State.OWN: "never shipped: a log group of the shipper",
    State.UNLISTED: "not selected",
    State.COMPANION: "not selected: a Web Function's log group has the same logs",
}
TROUBLES = {
    Trouble.QUOTA_FULL: "already has the maximum number of subscription filters",
    Trouble.DENIED: "access denied",
    Trouble.UNSUPPORTED: WORDS[State.UNSUPPORTED],
    Trouble.NAME_TAKEN: WORDS[State.NAME_TAKEN],
    Trouble.DOUBLED: WORDS[State.DOUBLED],
    Trouble.REFUSED: "rejected by AWS",
    Trouble.REFUSED_FOR_NOW: "rejected by AWS for now; try again later",
}
SIGNS = {Action.PUT: "+", Action.DELETE: "-", None: " "}

_GOOD = Style(color="green")
_STYLES = {
    **dict.fromkeys((State.SUBSCRIBED, State.BY_ACCOUNT_POLICY, State.BY_HAND), _GOOD),
    **dict.fromkeys((State.EXCLUDED, State.OWN, State.UNLISTED, State.COMPANION), DIM),
}
_WIDTH = max(map(len, WORDS.values()))


def outcomes(
    stack: Stack, settings: SubscriptionSettings, only: Iterable[str], *, only_look: bool
) -> Iterator[Reconciled]:
    """Yield the outcome for each log group, sorted by name, with a progress bar on standard error.

    Args:
        stack: The stack.
        settings: The settings of its subscriber.
        only: Patterns of names of log groups. Empty: all log groups.
        only_look: Whether to change nothing.

    Raises:
        CommandError: A request to AWS fails.
    """
    api = logs_api(stack, settings)
    patterns = tuple(only)
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("log groups")
    with (
        aws_errors("Asking CloudWatch Logs"),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        if settings.account_wide and not only_look and not has_account_policy(api, settings):
            raise CommandError(
                f"the account policy {settings.filter_name} does not exist, so no filter is removed; "
                "to create it again, deploy with SubscribeAccount=false, and then with true"
            )
        task = progress.add_task("listing", total=None)
        groups = [group for group in api.log_groups() if not patterns or matches(group.name, patterns)]
        progress.update(task, description="looking" if only_look else "reconciling", total=len(groups))
        for group in groups:
            outcome = settle(api, group, settings, only_look=only_look)
            progress.advance(task)
            if outcome:
                yield outcome


def why(outcome: Reconciled) -> str:
    """Return the state of a log group as one line of text."""
    if outcome.trouble is None:
        return WORDS[outcome.finding.state]
    words = TROUBLES[outcome.trouble]
    return f"{words}: {one_line(outcome.detail)}" if outcome.detail else words


def is_wrong(outcome: Reconciled) -> bool:
    """Return whether the subscription of a log group differs from the stack's settings."""
    return outcome.trouble is not None or outcome.finding.action is not None


def write_json(outcome: Reconciled) -> None:
    """Write an outcome as one line of JSON."""
    finding = outcome.finding
    document = {
        "logGroup": finding.log_group,
        "state": finding.state,
        "action": finding.action,
        "trouble": outcome.trouble,
        "detail": outcome.detail,
        "otherFilters": list(finding.others),
    }
    print_json(document)


def write_state(console: Console, outcome: Reconciled) -> None:
    """Write the state of a log group, its problem and its other filters."""
    finding = outcome.finding
    style = TROUBLE if outcome.trouble else _STYLES.get(finding.state, TROUBLE)
    line = Text(WORDS[finding.state].ljust(_WIDTH) + "  ", style=style)
    line.append(one_line(finding.log_group), style=Style(dim=False, bold=False))
    notes = [f"{why(outcome)}"] if outcome.trouble and why(outcome) != WORDS[finding.state] else []
    if finding.others:
        notes.append(f"other filters: {', '.join(map(one_line, finding.others))}")
    if notes:
        line.append(f"  ({'; '.join(notes)})", style=DIM)
    console.print(line, soft_wrap=True)


def write_action(console: Console, outcome: Reconciled) -> None:
    """Write what was or would be done, or nothing if there is nothing to do and no problem."""
    finding = outcome.finding
    if outcome.trouble:
        line = (
            Text("! ", style=TROUBLE + BOLD).append(one_line(finding.log_group)).append(f"  {why(outcome)}")
        )
    elif finding.action:
        line = Text(f"{SIGNS[finding.action]} {one_line(finding.log_group)}")
        if finding.state is not State.MISSING:
            line.append(f"  {why(outcome)}", style=DIM)
    else:
        return
    console.print(line, soft_wrap=True)


class ReconcileCounts:
    """Counts outcomes for the summary."""

    def __init__(self) -> None:
        self.states: Counter[State] = Counter()
        self.actions: Counter[Action] = Counter()
        self.troubles: Counter[Trouble] = Counter()

    def count(self, outcome: Reconciled) -> None:
        """Add an outcome to the counts."""
        self.states[outcome.finding.state] += 1
        if outcome.trouble:
            self.troubles[outcome.trouble] += 1
        elif outcome.finding.action:
            self.actions[outcome.finding.action] += 1

    def changes(self, done: bool) -> str:
        """Return the summary of what was, or would be, changed."""
        put, deleted = self.actions[Action.PUT], self.actions[Action.DELETE]
        words = ("subscribed", "unsubscribed") if done else ("to subscribe", "to unsubscribe")
        line = f"{put:,} {words[0]}, {deleted:,} {words[1]}, of {self.states.total():,} log groups"
        return f"{line}; {self.troubles.total():,} with problems" if self.troubles else line
