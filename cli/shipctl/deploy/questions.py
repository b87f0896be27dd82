"""Ask for the settings of a new stack: the API key, the log groups and the address for alarms."""

import sys
from collections.abc import Callable

import typer
from rich.console import Console

from shipctl.deploy.refused import Refused

KEYS = {
    "1": ("ApiKey", "I enter it now; the stack stores it in a new secret"),
    "2": ("ApiKeySecretArn", "It is in an AWS Secrets Manager secret"),
    "3": ("ApiKeyParameterName", "It is in an SSM parameter"),
}
_PROMPTS = {
    "ApiKey": "API key (not shown while you type)",
    "ApiKeySecretArn": "ARN of the secret",
    "ApiKeyParameterName": "Name of the parameter",
    "LogGroups": "Log groups to ship, such as /aws/lambda/*,orders (* for all, Enter for none)",
    "NotificationEmail": "Email address or ARN of an SNS topic to notify of alarms (Enter for none)",
}
_MAY_BE_EMPTY = {"LogGroups", "NotificationEmail"}

Check = Callable[[str, str], str | None]
"""Returns why a value of a parameter, given by name, is not allowed, or None if it is."""


def is_terminal() -> bool:
    """Return whether a person can answer questions."""
    return sys.stdin is not None and sys.stdin.isatty()


def refuse_without_terminal() -> None:
    """Raise `Refused` if no person can answer questions."""
    if not is_terminal():
        raise Refused(
            "confirmation requires a terminal: give --yes to deploy without it (make deploy ARGS=--yes), or "
            "--dry-run to see what would change"
        )


def ask(console: Console, wishes: dict[str, str], check: Check) -> dict[str, str]:
    """Ask for the settings that were not given as options, and return the answers by parameter."""
    answers: dict[str, str] = {}
    try:
        if not any(wishes.get(name) for name, _ in KEYS.values()):
            name = _which_key(console)
            answers[name] = _answer(console, name, check)
        if "LogGroups" not in wishes:
            answers["LogGroups"] = _answer(console, "LogGroups", check)
        if not wishes.keys() & {"NotificationEmail", "NotificationTopicArn"}:
            told = _answer(console, "NotificationEmail", lambda _, value: check(_told_by(value), value))
            answers[_told_by(told)] = told
    except typer.Abort:
        raise KeyboardInterrupt from None
    return answers


def ask_api_key(console: Console, check: Check) -> str:
    """Prompt for the API key without showing it."""
    try:
        return _answer(console, "ApiKey", check)
    except typer.Abort:
        raise KeyboardInterrupt from None


def confirm(question: str) -> bool:
    """Ask a question until the answer is y or n, and return whether it is y. Enter alone is not an answer."""
    try:
        while True:
            answer: str = typer.prompt(f"{question} [y/n]", default="", show_default=False).strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
    except typer.Abort:
        raise KeyboardInterrupt from None


def _told_by(answer: str) -> str:
    """Return the parameter for an answer to the question about alarms: an email address or a topic."""
    return "NotificationTopicArn" if answer.startswith("arn:") else "NotificationEmail"


def _which_key(console: Console) -> str:
    console.print("Where is the API key of LogInformant?")
    for number, (_, words) in KEYS.items():
        console.print(f"  {number}  {words}")
    while True:
        number = typer.prompt("1, 2 or 3", default="", show_default=False).strip()
        if number in KEYS:
            return KEYS[number][0]
        console.print("Enter 1, 2 or 3. You are asked for the ARN or the name next.", style="red")


def _answer(console: Console, name: str, check: Check) -> str:
    while True:
        hidden = name == "ApiKey"
        answer: str = typer.prompt(_PROMPTS[name], default="", show_default=False, hide_input=hidden).strip()
        if not answer and name not in _MAY_BE_EMPTY:
            continue
        complaint = check(name, answer)
        if complaint is None:
            return answer
        console.print(complaint, style="red", markup=False, soft_wrap=True)
