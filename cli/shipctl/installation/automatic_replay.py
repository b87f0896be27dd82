"""Find out whether automatic replay works: by the parameter, the event source mapping and the concurrency."""

from typing import NamedTuple

from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation


class AutomaticReplay(NamedTuple):
    """Whether automatic replay works, and if not, why."""

    runs: bool
    """Whether messages are replayed automatically."""
    is_as_wanted: bool
    """Whether `runs` agrees with the parameter `AutoReplay`."""
    words: str
    remedy: str = ""
    """The command that corrects it; empty if nothing is wrong."""


def automatic_replay(installation: Installation) -> AutomaticReplay:
    """Return whether and why messages are replayed automatically. Raises `CommandError`."""
    stack, trigger, says = installation.stack, installation.trigger, installation.says_auto_replay
    if not trigger.identifier:
        return AutomaticReplay(False, False, "automatic replay has no event source mapping", "deploy again")
    if trigger.is_on and installation.concurrency(Function.REPLAY) == 0:
        name = Function.REPLAY.name_in(stack)
        return AutomaticReplay(
            False,
            False,
            "automatic replay is on, but its function cannot run: its reserved concurrency is 0",
            stack.aws_command("lambda", "delete-function-concurrency", "--function-name", name),
        )
    if trigger.is_on and says:
        words = "AutoReplay is on: logs are replayed automatically as soon as LogInformant accepts them"
        return AutomaticReplay(True, True, words)
    if trigger.is_on:
        words = f"AutoReplay is false, but automatic replay was switched on ({trigger.state})"
        return AutomaticReplay(True, False, words, stack.command("autoreplay", "off"))
    if says:
        words = f"AutoReplay is true, but automatic replay was switched off ({trigger.state})"
        return AutomaticReplay(False, False, words, stack.command("autoreplay", "on"))
    words = f"AutoReplay is off: to replay, run {stack.command('dlq', 'replay')}"
    return AutomaticReplay(False, True, words)
