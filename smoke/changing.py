"""Steps that deploy the stack: initially, again, and with other settings while logs are shipped."""

import json
import uuid

from smoke.arriving import plain, until_in_force
from smoke.trouble import QUEUE, REPLAY_SECONDS, STORED_SECONDS, until_empty
from smoke.world import Failed, World

FUNCTIONS = ("Shipper", "Replay", "Subscriber")


def deploy(world: World) -> tuple[int, str]:
    """Deploy the stack for the first time."""
    done = world.deploy(
        "--api-key",
        *("--set", f"IngestUrl={world.ingest.url.rstrip('/')}"),
        *("--set", f"LogGroups=/smoke/{world.name}/*"),
        *("--set", "ExcludePattern=GET /health"),
        *("--set", "Redact=email"),
        *("--set", "Monitoring=basic"),
        typed=f"{world.key}\n",
    )
    done.expect()
    seconds = until_in_force(world)
    return len(world.outputs()), f"{len(world.outputs())} outputs, and logs arrive {seconds:.0f} s after"


def refused_setting(world: World) -> tuple[int, str]:
    """Try to deploy an invalid pattern."""
    before = changed_when(world)
    done = world.deploy("--set", "ExcludePattern=(error").expect(2)
    said = (done.out + done.err).strip()
    if "ExcludePattern" not in said:
        raise Failed(f"the error does not name the parameter: {said[:200]}")
    if changed_when(world) != before:
        raise Failed("a function was changed although the setting was rejected")
    return len(before), f"rejected, {len(before)} functions unchanged"


def same_again(world: World) -> tuple[int, str]:
    """Deploy the same settings again."""
    before = changed_when(world)
    world.deploy().expect()
    if changed_when(world) != before:
        raise Failed("a function was changed although nothing else was")
    return len(before), f"{len(before)} functions unchanged"


def key_kind(world: World) -> tuple[int, str]:
    """Move the API key to an SSM parameter."""
    name = f"/smoke/{world.name}/key"
    world.client("ssm").put_parameter(Name=name, Type="SecureString", Value=world.key)
    world.deploy("--unset", "ApiKey", "--set", f"ApiKeyParameterName={name}").expect()
    number, text = plain(world)
    return number, f"with the key in {name}: a line {text}"


def kms_key(world: World) -> tuple[int, str]:
    """Store a message in the queue, encrypt the queues with a KMS key, and replay the message."""
    kms = world.client("kms")
    account = world.client("sts").get_caller_identity()["Account"]
    key = kms.create_key(Description=f"smoke {world.name}", Policy=key_policy(account, world))["KeyMetadata"]
    try:
        kms.create_alias(AliasName=f"alias/{world.name}", TargetKeyId=key["KeyId"])
    except BaseException:  # including Ctrl-C: the cleanup would not find a key without an alias
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
        raise
    until_empty(world)
    mark = f"smoke {uuid.uuid4()}"
    world.ingest.answer(500)
    try:
        world.write([mark])
        world.wait_for("a message in the dead-letter queue", STORED_SECONDS, lambda: world.waiting(QUEUE) > 0)
        world.deploy("--set", f"KmsKeyArn={key['Arn']}").expect()
    finally:
        world.ingest.answer(200)
    world.wait_for(
        "the log", REPLAY_SECONDS, lambda: any(each.startswith(mark) for each in world.ingest.arrived())
    )
    world.deploy("--unset", "KmsKeyArn").expect()
    return 1, "the stored message was delivered"


def key_policy(account: str, world: World) -> str:
    """Return the policy of a key that IAM policies of the account and CloudWatch Logs may use."""
    partition = "aws-cn" if world.region.startswith("cn-") else "aws"
    root = f"arn:{partition}:iam::{account}:root"
    logs = f"logs.{world.region}.amazonaws.com"
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": logs},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def arm64(world: World) -> tuple[int, str]:
    """Check that the shipper runs on arm64, and ships."""
    return _ships_on(world, "arm64")


def _ships_on(world: World, processor: str) -> tuple[int, str]:
    function = world.outputs()["ShipperFunctionName"]
    found = world.client("lambda").get_function_configuration(FunctionName=function)["Architectures"]
    if found != [processor]:
        raise Failed(f"{function} runs on {found}, not on {processor}")
    number, text = plain(world)
    return number, f"on {processor}: a line {text}"


def architecture(world: World) -> tuple[int, str]:
    """Change the architecture of the functions, and ship with a pattern."""
    world.deploy("--set", "Architecture=x86_64").expect()
    return _ships_on(world, "x86_64")


def vpc(world: World) -> tuple[int, str]:
    """Move the functions into the default VPC and out again.

    Subnets of the default VPC give functions no route to the internet. Logs that are written in the meantime
    cannot be shipped. They must arrive after the functions have left the VPC.
    """
    ec2 = world.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        raise Failed(f"{world.region} has no default VPC: to create one, run aws ec2 create-default-vpc")
    of_vpc = [{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=of_vpc)["Subnets"]][:2]
    (group,) = ec2.describe_security_groups(Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    world.deploy(
        *("--set", f"VpcSubnetIds={','.join(subnets)}"), *("--set", f"VpcSecurityGroupIds={group['GroupId']}")
    ).expect()
    mark = f"smoke {uuid.uuid4()}"
    world.write([mark])
    world.deploy("--unset", "VpcSubnetIds", "--unset", "VpcSecurityGroupIds").expect()
    # Lambda retries an asynchronous invocation after one minute and after two more.
    world.wait_for("the log", 900, lambda: any(each.startswith(mark) for each in world.ingest.arrived()))
    return len(subnets), "moved in and out, and the log of that time arrived"


def changed_when(world: World) -> list[str]:
    """Return when each function was changed last."""
    client, outputs = world.client("lambda"), world.outputs()
    names = [outputs[f"{each}FunctionName"] for each in FUNCTIONS]
    return [client.get_function_configuration(FunctionName=each)["LastModified"] for each in names]
