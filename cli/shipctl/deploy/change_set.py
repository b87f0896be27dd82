"""Change sets of CloudFormation: create one, read it, compare it with the plan, and delete it."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipctl.account import aws_errors
from shipctl.deploy.live_stack import IN_REVIEW, LiveStack
from shipctl.deploy.settings_plan import Origin, Setting, to_cloudformation
from shipctl.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_POLL_SECONDS = 1.0
_MAX_POLLS = 600
_NOTHING = ("didn't contain changes", "No updates are to be performed")
"""Parts of the message for a change set without changes. CloudFormation has no error code for it; the AWS SAM
CLI looks for the same words (aws-sam-cli, samcli/lib/deploy/deployer.py)."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has created and not executed."""

    id: str
    stack_id: str
    is_new_stack: bool
    parameters: dict[str, dict[str, Any]]
    changes: list[dict[str, Any]]
    """The `ResourceChange` of each change."""


def make_change_set(
    client: "CloudFormationClient",
    stack_name: str,
    template_url: str,
    settings: Iterable[Setting],
    live: LiveStack | None,
) -> ChangeSet:
    """Create a change set and wait until it is complete.

    The tags of the live stack are kept. If the first deployment of a stack fails, CloudFormation deletes the
    stack, even if this program has ended by then.

    Args:
        client: The client of the account to deploy to.
        stack_name: The stack's name.
        template_url: The URL of the template in S3.
        settings: The value of every parameter.
        live: The stack as it is deployed. None: the stack is created.

    Raises:
        CommandError: CloudFormation rejects the changes, or does not answer within ten minutes.
    """
    options: dict[str, Any] = {} if live else {"OnStackFailure": "DELETE"}
    if live and live.tags:
        options["Tags"] = live.tags
    with aws_errors("Asking CloudFormation what would change"):
        made = client.create_change_set(
            StackName=stack_name,
            ChangeSetName=f"shipctl-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}",
            ChangeSetType="UPDATE" if live else "CREATE",
            TemplateURL=template_url,
            Parameters=to_cloudformation(settings),
            Capabilities=["CAPABILITY_IAM"],  # AUTO_EXPAND does not apply to change sets (CreateChangeSet)
            **options,
        )
        found = ChangeSet(made["Id"], made["StackId"], live is None, {}, [])
        try:
            return _worked_out(client, found)
        except BaseException:
            discard(client, found)
            raise


def _worked_out(client: "CloudFormationClient", made: ChangeSet) -> ChangeSet:
    for _ in range(_MAX_POLLS):
        page = client.describe_change_set(StackName=made.stack_id, ChangeSetName=made.id)
        if page["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            break
        time.sleep(_POLL_SECONDS)
    else:
        raise CommandError("CloudFormation did not complete the change set within ten minutes: try again")
    reason = page.get("StatusReason", "")
    if page["Status"] != "CREATE_COMPLETE" and not any(words in reason for words in _NOTHING):
        raise CommandError(f"CloudFormation rejects these changes: {reason or page['Status']}")
    parameters = {each["ParameterKey"]: dict(each) for each in page.get("Parameters", [])}
    changes = list(page.get("Changes", []))
    while token := page.get("NextToken"):
        page = client.describe_change_set(StackName=made.stack_id, ChangeSetName=made.id, NextToken=token)
        changes += page.get("Changes", [])
    return ChangeSet(
        made.id,
        made.stack_id,
        made.is_new_stack,
        parameters,
        [dict(change["ResourceChange"]) for change in changes if "ResourceChange" in change],
    )


def refuse_other_values(change_set: ChangeSet, settings: Iterable[Setting]) -> None:
    """Raise `CommandError` unless the change set would set every parameter to its planned value.

    Secret parameters are not compared, since CloudFormation shows asterisks instead of their values.
    """
    for setting in settings:
        if setting.parameter.secret:
            continue
        found = change_set.parameters.get(setting.name, {})
        kept = setting.origin is Origin.KEPT and found.get("UsePreviousValue")
        if not kept and found.get("ParameterValue") != setting.after:
            raise CommandError(
                f"the stack was not changed: CloudFormation would set {setting.name} to "
                f"{found.get('ParameterValue')!r} instead of {setting.after!r}. If someone else just changed "
                "the stack, run the command again"
            )


def discard(client: "CloudFormationClient", change_set: ChangeSet) -> None:
    """Delete a change set, and its stack if that is new, empty, and has no other change set.

    Someone else may have deployed the stack in the meantime, or be about to: then it stays. Errors are
    ignored: both do no harm if they stay.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.delete_change_set(StackName=change_set.stack_id, ChangeSetName=change_set.id)
        if change_set.is_new_stack and _is_only_in_review(client, change_set):
            client.delete_stack(StackName=change_set.stack_id)
    except (BotoCoreError, ClientError):
        pass


def _is_only_in_review(client: "CloudFormationClient", change_set: ChangeSet) -> bool:
    """Return whether no change set of the stack was executed, and none but `change_set` could be.

    The status is read last: a change set may be executed after the others were listed.
    """
    pages = client.get_paginator("list_change_sets").paginate(StackName=change_set.stack_id)
    others = (each for page in pages for each in page["Summaries"] if each["ChangeSetId"] != change_set.id)
    if any(others):
        return False
    (stack,) = client.describe_stacks(StackName=change_set.stack_id)["Stacks"]
    return stack["StackStatus"] == IN_REVIEW
