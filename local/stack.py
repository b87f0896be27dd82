"""Build and deploy the stack into an emulated account on this machine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.account import Account, emulated_account
from local.build import local_build
from local.processes import run, unwinding_when_terminated
from local.sam import SAM

PROJECT = Path(__file__).resolve().parent.parent
STACK_NAME = "loginformant-shipper"


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    account: Account
    name: str
    outputs: Mapping[str, str]
    build: Path
    """The folder with the output of `sam build`."""


@contextmanager
def deployed_stack(
    parameters: Mapping[str, str],
    *,
    log: Path,
    on_step: Callable[[str], None] = lambda step: None,
    project: Path = PROJECT,
    enforced: bool = False,
    adapt: Callable[[Path], Path] = lambda build: build,
) -> Iterator[Stack]:
    """Build and deploy the template during a block. Afterwards, all processes and files are removed.

    Args:
        parameters: The parameters of the template.
        log: The file for the output of all programs.
        on_step: Called with a short description of each step.
        project: The folder of the project.
        enforced: Whether to enforce policies and TLS, as in `emulated_account`.
        adapt: Returns the folder to deploy for the folder of the build, which must not be changed.

    Raises:
        ProgramFailed: The build, the emulator or the deployment failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with unwinding_when_terminated():
        on_step("Building with sam")
        build = adapt(local_build(project, log))
        on_step("Starting the emulated AWS account")
        with emulated_account(log, enforced=enforced) as account:
            on_step("Deploying with sam")
            yield _deploy(account, build, parameters, log, project)


def updated_stack(
    stack: Stack, parameters: Mapping[str, str], *, log: Path, project: Path = PROJECT
) -> Stack:
    """Update a stack with some changed parameters. Raises `ProgramFailed`."""
    return _deploy(stack.account, stack.build, parameters, log, project)


def _deploy(account: Account, build: Path, parameters: Mapping[str, str], log: Path, project: Path) -> Stack:
    run(
        [
            *(SAM, "deploy"),
            *("--config-file", str(project / "samconfig.toml")),
            *("--template-file", str(build / "template.yaml")),
            *("--stack-name", STACK_NAME),
            "--no-confirm-changeset",
            *("--parameter-overrides", *map(_override, parameters, parameters.values())),
        ],
        environment=account.environment,
        folder=project,
        log=log,
    )
    stack = Stack(account, STACK_NAME, _outputs(account), build)
    if "AutoReplay" in parameters:
        # The emulator reports a mapping that the template disables as enabled, although it is not active.
        switch_auto_replay(stack, parameters["AutoReplay"] == "true")
    return stack


def _override(name: str, value: str) -> str:
    """Return a parameter in the format of `sam`, which requires quotation marks for an empty value."""
    return f"{name}={value}" if value else f'{name}=""'


def switch_auto_replay(stack: Stack, on: bool) -> None:
    """Enable or disable the event source mapping of replay, as in the console of Lambda."""
    client = stack.account.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=stack.outputs["ReplayFunctionName"])[
        "EventSourceMappings"
    ]
    # The emulator stores a parameter's number as text, which it cannot use as a number.
    scaling = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on, ScalingConfig=scaling)


def _outputs(account: Account) -> dict[str, str]:
    stacks = account.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
