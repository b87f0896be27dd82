"""The whole stack on this machine: the template, built and deployed by sam into an emulated account."""

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
    """The folder that `sam build` made."""


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
    """Build and deploys the template during a block; no process and no state is left after it.

    `parameters` are the template's. `on_step` is told what is being done, in a few words. All programs write
    to `log`. `enforced` is that of `emulated_account`. `adapt` gets the folder of the build, which must not
    be changed, and returns the one to deploy. Raises `ProgramFailed`.
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
    """Deploys a stack once more, with these parameters changed and all others as they were.

    Raises `ProgramFailed`.
    """
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
        # The emulator says of a mapping that a template disables that it is enabled, although it rests.
        switch_auto_replay(stack, parameters["AutoReplay"] == "true")
    return stack


def _override(name: str, value: str) -> str:
    """Return a parameter as `sam` takes it: an empty value by its quotation marks alone."""
    return f"{name}={value}" if value else f'{name}=""'


def switch_auto_replay(stack: Stack, on: bool) -> None:
    """Return what *Enable* and *Disable* do at the trigger of the replay function in Lambda's console."""
    client = stack.account.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=stack.outputs["ReplayFunctionName"])[
        "EventSourceMappings"
    ]
    # The emulator keeps a number that a parameter gave as text, and cannot count with it.
    scaling = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on, ScalingConfig=scaling)


def _outputs(account: Account) -> dict[str, str]:
    stacks = account.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
