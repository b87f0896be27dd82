"""Check the queues and the event source mapping of replay."""

from collections.abc import Iterator

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.automatic_replay import automatic_replay
from shipctl.installation.installation import Installation

NUMBERS = ("MessageRetentionPeriod", "VisibilityTimeout", "MaximumMessageSize")


def check_queues(installation: Installation) -> Iterator[Finding]:
    """Report changed settings of a queue, and a KMS key that cannot be used."""
    for resource, attributes in installation.queue_attributes.items():
        wanted = installation.properties(resource)
        changes = [
            f"{number} is {attributes.get(number)}, the template says {wanted[number]}"
            for number in NUMBERS
            if isinstance(wanted.get(number), int) and attributes.get(number) != str(wanted[number])
        ]
        if "aws:SecureTransport" not in attributes.get("Policy", ""):
            changes.append("its policy does not deny unencrypted HTTP")
        is_encrypted = attributes.get("KmsMasterKeyId") or attributes.get("SqsManagedSseEnabled") == "true"
        if not is_encrypted:
            changes.append("it is not encrypted")
        name = attributes.get("QueueArn", resource).rpartition(":")[2]
        for change in changes:
            yield fault(f"{name}: {change}", f"SQS → {name} → Edit; see template.yaml for the correct value")
        if not changes:
            yield ok(f"{name}: as in the template")
    for parameter in ("KmsKeyArn", "ApiKeyKmsKeyArn", "KinesisKmsKeyArn"):
        if arn := installation.parameters.get(parameter, ""):
            state = installation.key_state(arn)
            if state == "Enabled":
                yield ok(f"{parameter}: the key is enabled")
            else:
                enable = installation.stack.aws_command("kms", "enable-key", "--key-id", arn)
                yield fault(f"{parameter}: the key is {state}", enable)


def check_trigger(installation: Installation) -> Iterator[Finding]:
    """Report an event source mapping that differs from AutoReplay, and a replay that cannot run."""
    replay = automatic_replay(installation)
    if replay.is_as_wanted:
        yield ok(replay.words)
    elif replay.runs:
        yield notice(replay.words, replay.remedy)
    else:
        yield fault(replay.words, replay.remedy)
