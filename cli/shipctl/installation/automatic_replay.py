"""Whether the dead-letter queue empties itself: what the stack says, what the trigger is, what can run."""

from typing import NamedTuple

from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation


class AutomaticReplay(NamedTuple):
    """Whether the dead-letter queue empties itself, and why not."""

    runs: bool
    """Whether messages are replayed without a command."""
    is_as_wanted: bool
    """Whether that is what the parameter `AutoReplay` says."""
    words: str
    remedy: str = ""
    """The command that makes it as it is wanted; empty where it is so."""


def automatic_replay(installation: Installation) -> AutomaticReplay:
    """Return whether and why messages are replayed without a command. Raises `CommandError`."""
    stack, trigger, says = installation.stack, installation.trigger, installation.says_auto_replay
    if not trigger.identifier:
        return AutomaticReplay(False, False, "replay has no trigger: only a command replays", "deploy again")
    if trigger.is_on and installation.concurrency(Function.REPLAY) == 0:
        name = Function.REPLAY.name_in(stack)
        return AutomaticReplay(
            False,
            False,
            "the trigger of replay is on, and replay cannot run: its reserved concurrency is 0",
            f"aws lambda delete-function-concurrency --function-name {name} --region {stack.region}",
        )
    if trigger.is_on and says:
        words = (
            "AutoReplay is on: the dead-letter queue empties itself as soon as LogInformant takes the logs"
        )
        return AutomaticReplay(True, True, words)
    if trigger.is_on:
        words = f"AutoReplay is false, and somebody switched its trigger on ({trigger.state}): it replays"
        return AutomaticReplay(True, False, words, stack.command("autoreplay", "off"))
    if says:
        words = f"AutoReplay is true, and somebody switched its trigger off ({trigger.state}): it rests"
        return AutomaticReplay(False, False, words, stack.command("autoreplay", "on"))
    words = f"AutoReplay is off: nothing is replayed but by {stack.command('dlq', 'replay')}"
    return AutomaticReplay(False, True, words)
