"""The steps of a run in their order: what each proves, and whether the emulator supports it."""

from collections.abc import Callable
from dataclasses import dataclass

from smoke import arriving, changing, looking, trouble
from smoke.world import Failed, World


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step observed."""

    number: int
    """The number of observations. 0 is a failure."""
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run."""

    name: str
    proves: str
    run: Callable[[World], tuple[int, str]]
    """Returns the number of observations and a description. Raises `Failed` or an error of boto3."""
    why_not_emulated: str = ""
    """Why the emulator does not support the step; empty if it does."""

    @property
    def is_emulated(self) -> bool:
        """Return whether the emulator supports the step."""
        return not self.why_not_emulated


def carried_out(step: Step, world: World) -> Seen:
    """Run a step.

    Raises:
        Failed: The step failed, or observed nothing.
    """
    number, text = step.run(world)
    if number < 1:
        raise Failed(f"nothing was observed: {text}")
    return Seen(number, text)


STEPS = (
    Step(
        "surroundings",
        "the account, region, quotas, trails and account policy on which the other steps depend",
        looking.surroundings,
        "it has no concurrency quotas, no trails and no account policies",
    ),
    Step(
        "ingest-api",
        "the ingest API of this run answers 200, 400 and 500 as told, and 401 to a wrong key",
        looking.ingest_api,
    ),
    Step(
        "deploy",
        "a first deployment with a pattern and redaction succeeds",
        changing.deploy,
    ),
    Step("plain", "a plain line arrives, redacted, and how long it takes", arriving.plain),
    Step(
        "arm64",
        "RE2, which the pattern needs at every start, loads on arm64",
        changing.arm64,
        "it runs functions on the processor of this machine",
    ),
    Step("json", "a JSON log arrives with its level", arriving.structured),
    Step("large", "a log event of 1 MB arrives", arriving.large),
    Step("many", "10,000 lines with the same time all arrive", arriving.many),
    Step(
        "metrics",
        "CloudWatch creates metrics from the functions' log lines",
        looking.metrics,
        "it creates no metrics from log lines (embedded metric format)",
    ),
    Step(
        "new-log-group",
        "a new log group is subscribed automatically",
        arriving.new_log_group,
        "it has no CloudTrail events of new log groups, and the schedule takes 15 minutes",
    ),
    Step(
        "outage", "500: logs wait in the dead-letter queue, and it empties itself afterwards", trouble.outage
    ),
    Step(
        "alarm",
        "the alarm on the dead-letter queue goes off",
        trouble.alarm,
        "it has no metrics of SQS",
    ),
    Step(
        "refused",
        "400: the one log waits in the dead-letter queue, with the reason rejected",
        trouble.refused,
    ),
    Step("parked", "what cannot be read goes to the parked queue at once", trouble.parked),
    Step(
        "no-concurrency",
        "with a reserved concurrency of 0 Lambda itself writes the event to the dead-letter queue",
        trouble.no_concurrency,
        "it runs functions whatever their concurrency, and writes a message of another format to the queue",
    ),
    Step("refused-setting", "`(error` is refused, and no function is changed", changing.refused_setting),
    Step("same-again", "a second deployment changes nothing", changing.same_again),
    Step(
        "key-kind",
        "the key moves from the stack's secret to an SSM parameter while logs flow",
        changing.key_kind,
    ),
    Step(
        "kms-key",
        "a message that waits while the queues get a KMS key can be read afterwards",
        changing.kms_key,
        "it checks no keys",
    ),
    Step(
        "architecture",
        "the functions move to x86_64, and RE2 loads there",
        changing.architecture,
        "it runs functions on the processor of this machine",
    ),
    Step(
        "vpc",
        "the shipper runs in subnets of the default VPC, and Lambda keeps events while it can reach nothing",
        changing.vpc,
        "it has no network of its own",
    ),
    Step(
        "permissions",
        "according to CloudTrail, no role of the stack was denied anything",
        looking.permissions,
        "it has no CloudTrail",
    ),
)
"""The cleanup is not a step, since it always runs (`cleanup`)."""
