"""The questions for a new stack: the API key, the log groups, whom to tell. Answers are checked at once."""

import sys
from collections.abc import Callable

import typer
from rich.console import Console

from shipctl.deploy.refused import Refused

KEYS = {
    "1": ("ApiKey", "I enter it now: the stack keeps it in a new secret"),
    "2": ("ApiKeySecretArn", "it is in a secret of AWS Secrets Manager"),
    "3": ("ApiKeyParameterName", "it is in an SSM parameter"),
}
_PROMPTS = {
    "ApiKey": "The API key (it is not shown)",
    "ApiKeySecretArn": "The ARN of the secret",
    "ApiKeyParameterName": "The name of the parameter",
    "LogGroups": "Log groups to ship, such as /aws/lambda/*,orders (* is all; Enter: none for now)",
    "NotificationEmail": "E-mail address, or ARN of an SNS topic, that is told of alarms (Enter: nobody)",
}
_MAY_BE_EMPTY = {"LogGroups", "NotificationEmail"}

Check = Callable[[str, str], str | None]
"""Name and value of a parameter; what is wrong with it."""


def is_terminal() -> bool:
    """Whether someone is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def refuse_without_terminal() -> None:
    """Raise `Refused` if nobody is there to answer."""
    if not is_terminal():
        raise Refused(
            "there is no terminal to ask on: give --yes to deploy (make deploy ARGS=--yes), or --dry-run to "
            "see what would be"
        )


def ask(console: Console, wishes: dict[str, str], check: Check) -> dict[str, str]:
    """Return the answers to what is not among the wishes already. Ctrl-C raises `KeyboardInterrupt`."""
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
    """Return the API key, typed without being shown."""
    try:
        return _answer(console, "ApiKey", check)
    except typer.Abort:
        raise KeyboardInterrupt from None


def confirm(question: str) -> bool:
    """Ask until the answer is y or n: Enter alone is neither."""
    try:
        while True:
            answer: str = typer.prompt(f"{question} [y/n]", default="", show_default=False).strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
    except typer.Abort:
        raise KeyboardInterrupt from None


def _told_by(answer: str) -> str:
    """Return the parameter that an answer to the question whom to tell is the value of."""
    return "NotificationTopicArn" if answer.startswith("arn:") else "NotificationEmail"


def _which_key(console: Console) -> str:
    console.print("Where is the API key of LogInformant?")
    for number, (_, words) in KEYS.items():
        console.print(f"  {number}  {words}")
    while True:
        number = typer.prompt("1, 2 or 3", default="", show_default=False).strip()
        if number in KEYS:
            return KEYS[number][0]
        console.print("1, 2 or 3, please: the ARN or name is asked next", style="red")


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
