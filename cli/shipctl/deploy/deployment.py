"""One deployment: upload, show the changes, execute them and wait for the end."""

import secrets
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from shipctl.account import aws_errors, is_refused
from shipctl.deploy.account import Account
from shipctl.deploy.artefacts import Artefacts
from shipctl.deploy.change_set import ChangeSet, discard, make_change_set, refuse_other_values
from shipctl.deploy.changes import write_removed_parameters, write_resources, write_settings
from shipctl.deploy.live_stack import LiveStack
from shipctl.deploy.progress import Ending, follow, newest_event
from shipctl.deploy.questions import confirm, refuse_without_terminal
from shipctl.deploy.settings_plan import Setting
from shipctl.deploy.stored_key import with_stored_key
from shipctl.deploy.upload import own_bucket, upload
from shipctl.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True)
class Deployment:
    """One deployment and its steps."""

    console: Console
    account: Account
    client: "CloudFormationClient"
    stack_name: str
    artefacts: Artefacts
    settings: list[Setting]
    live: LiveStack | None
    options: tuple[str, ...]
    """The options with which another command finds this stack."""

    def run(self, bucket: str | None, *, yes: bool, dry_run: bool) -> None:
        """Upload the artefacts, show what would change and, if confirmed, change it.

        Args:
            bucket: The bucket for the artefacts. None: shipctl's own bucket in the account.
            yes: Whether to deploy without asking for confirmation.
            dry_run: Whether to stop after showing what would change.

        Raises:
            CommandError: The deployment failed. The message says what state the stack is in.
            Refused: Confirmation is required, and there is no terminal.
            typer.Exit: The user did not confirm.
        """
        with self.console.status("Uploading"):
            url = upload(self.account, self.artefacts, bucket)
        with self.console.status("Asking CloudFormation what would change"):
            change_set = self._what_would_change(url)
        wanted = False
        try:
            refuse_other_values(change_set, self.settings)
            wanted = self._is_wanted(change_set, bucket or own_bucket(self.account), yes=yes, dry_run=dry_run)
        finally:
            if not wanted:
                discard(self.client, change_set)
        if wanted:
            self._carry_out(change_set)

    def _what_would_change(self, template_url: str) -> ChangeSet:
        change_set = make_change_set(self.client, self.stack_name, template_url, self.settings, self.live)
        try:
            settings = with_stored_key(self.account, change_set, self.settings)
        except BaseException:
            discard(self.client, change_set)
            raise
        if settings is None:
            return change_set
        discard(self.client, change_set)
        return make_change_set(self.client, self.stack_name, template_url, settings, self.live)

    def _is_wanted(self, change_set: ChangeSet, bucket: str, *, yes: bool, dry_run: bool) -> bool:
        if not change_set.changes:
            self.console.print(f"Stack {self.stack_name} is up to date: nothing to change.")
            return False
        self._show(change_set)
        if dry_run:
            self._tell_what_was_not_done(" (--dry-run)", bucket)
            return False
        if not yes:
            refuse_without_terminal()
            if not confirm("Deploy this?"):
                self._tell_what_was_not_done("", bucket)
                raise typer.Exit(1)
        return True

    def _tell_what_was_not_done(self, why: str, bucket: str) -> None:
        self.console.print(
            f"The stack was not changed{why}. The code and the template are in bucket {bucket}.",
            soft_wrap=True,
        )

    def _show(self, change_set: ChangeSet) -> None:
        console, is_new = self.console, self.live is None
        console.print(f"\nStack {self.stack_name} {'is new' if is_new else 'would change'}.\n")
        write_settings(console, self.settings, is_new_stack=is_new)
        if self.live:
            gone = set(self.live.parameters) - set(self.artefacts.template["Parameters"])
            write_removed_parameters(console, sorted(gone))
        console.print()
        write_resources(console, change_set.changes, is_new_stack=is_new)
        console.print()

    def _carry_out(self, change_set: ChangeSet) -> None:
        since = newest_event(self.client, change_set.stack_id)
        try:
            with aws_errors("Starting the deployment"):
                self.client.execute_change_set(
                    StackName=change_set.stack_id,
                    ChangeSetName=change_set.id,
                    # boto3 repeats a request without an answer ("ExecuteChangeSet", CloudFormation API
                    # Reference)
                    ClientRequestToken=f"shipctl-{secrets.token_hex(16)}",
                )
        except CommandError as error:
            if is_refused(error.__cause__):
                discard(self.client, change_set)
            else:
                self._tell_where_to_look("CloudFormation may have started the deployment")
            raise
        except (KeyboardInterrupt, SystemExit):
            self._tell_where_to_look("CloudFormation may have started the deployment")
            raise
        try:
            outcome = follow(self.client, change_set.stack_id, since, self.console)
        except (KeyboardInterrupt, SystemExit, CommandError):
            self._tell_where_to_look("CloudFormation continues the deployment")
            raise
        self._tell(outcome)

    def _tell(self, outcome: Ending) -> None:
        if not outcome.is_good:
            after = "the stack was removed" if self.live is None else "the stack was rolled back"
            if outcome.status not in ("DELETE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
                after = f"the stack is {outcome.status}"
            raise CommandError(f"the deployment failed, and {after}: {_why(outcome)}")
        self.console.print(f"Stack {self.stack_name} is deployed.")
        values = {each.name: each.after for each in self.settings}
        if not values.get("LogGroups") and values.get("SubscribeAccount") != "true":
            hint = self._command("deploy", "--set", "LogGroups=/aws/lambda/*")
            self.console.print(
                f"It does not subscribe any log groups yet. To do so, run: {hint}", soft_wrap=True
            )
        following = f"{self._command('doctor')}, {self._command('subscriptions', 'list')}"
        self.console.print(f"Next: {following}", soft_wrap=True)

    def _command(self, *words: str) -> str:
        return shlex.join(("shipctl", *words, *self.options))

    def _tell_where_to_look(self, what: str) -> None:
        look = self.account.aws_command(
            *("cloudformation", "describe-stacks", "--stack-name", self.stack_name),
            *("--query", "Stacks[0].StackStatus"),
        )
        print(
            f"shipctl: {what}. To see its progress, open the events of stack {self.stack_name} in the "
            f"CloudFormation console, or run: {look}",
            file=sys.stderr,
        )


def remove_failed_stack(console: Console, client: "CloudFormationClient", name: str, live: LiveStack) -> None:
    """Delete a stack whose first deployment failed. Such a stack is empty, and can only be deleted."""
    console.print(f"Removing stack {name}, whose first deployment failed")
    since = newest_event(client, live.id)
    with aws_errors(f"Removing stack {name}"):
        client.delete_stack(StackName=live.id)
    outcome = follow(client, live.id, since, console)
    if outcome.status != "DELETE_COMPLETE":
        raise CommandError(f"stack {name} could not be removed: {_why(outcome)}")


def _why(outcome: Ending) -> str:
    return "; ".join(outcome.failures[:3]) or f"see the stack's events (status {outcome.status})"
