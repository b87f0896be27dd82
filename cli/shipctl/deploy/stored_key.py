"""The API key as the stack's own secret has it now, where CloudFormation is about to update that secret.

`shipctl key set` writes to the secret and not to the parameter `ApiKey`. Whether an update of another
property or of a tag makes CloudFormation write the parameter's value again is not documented
(AWS::SecretsManager::Secret, Template Reference); a generated value is generated again (aws/aws-cdk#19985).
So the key that is stored goes with the update.
"""

from collections.abc import Iterable
from dataclasses import replace

from shipctl.account import explain
from shipctl.deploy.account import Account
from shipctl.deploy.change_set import ChangeSet
from shipctl.deploy.settings_plan import Origin, Setting
from shipctl.errors import CommandError
from shipctl.key_store import KeyStoreError, key_in

_SECRET = "ApiKeySecret"
"""The resource that keeps the value of the parameter `ApiKey`."""
_PARAMETER = "ApiKey"


def with_stored_key(
    account: Account, change_set: ChangeSet, settings: Iterable[Setting]
) -> list[Setting] | None:
    """Return the settings with the key as it is stored; None where the change set leaves the secret alone.

    Raises:
        CommandError: The secret cannot be read.
    """
    settings = list(settings)
    arn = next((secret for each in change_set.changes if (secret := _updated_secret(each))), None)
    is_kept = any(each.name == _PARAMETER and each.origin is Origin.KEPT for each in settings)
    if arn is None or not is_kept:
        return None
    key = _read(account, arn)
    return [
        replace(each, after=key, origin=Origin.STORED) if each.name == _PARAMETER else each
        for each in settings
    ]


def _updated_secret(change: dict[str, object]) -> str | None:
    is_it = change["LogicalResourceId"] == _SECRET and change["Action"] == "Modify"
    return str(change["PhysicalResourceId"]) if is_it else None


def _read(account: Account, arn: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = account.client("secretsmanager").get_secret_value(SecretId=arn)
        return key_in(str(answer.get("SecretString", "")))
    except (BotoCoreError, ClientError) as error:
        why = explain(error)
    except KeyStoreError as error:
        why = str(error)
    raise CommandError(
        f"the stack was not changed: this would update the secret {arn}, which may hold another API key than "
        f"the stack was deployed with, and it cannot be read ({why}): give the key, with --api-key"
    )
