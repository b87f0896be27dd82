"""Keep the API key in the stack's secret when CloudFormation updates that secret.

`shipctl key set` writes to the secret and not to the parameter `ApiKey`. It is not documented whether an
update of another property or of a tag makes CloudFormation write the parameter's value again
(AWS::SecretsManager::Secret, Template Reference); a generated value is generated again (aws/aws-cdk#19985).
Therefore such an update is deployed with the stored key.
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
"""The logical id of the secret that holds the value of the parameter `ApiKey`."""
_PARAMETER = "ApiKey"


def with_stored_key(
    account: Account, change_set: ChangeSet, settings: Iterable[Setting]
) -> list[Setting] | None:
    """Return the settings with the stored key, or None if the change set does not update the secret.

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
        f"the stack was not changed: the deployment would update secret {arn}, which may contain a newer API "
        f"key than the parameter ApiKey, and the secret cannot be read ({why}): give the key with --api-key"
    )
