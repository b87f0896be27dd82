"""Commands in documents and messages: where they are, and whether the program accepts them.

Nothing is run. A command of `shipctl` is given to its command objects. One of `make` is looked up in the
Makefile, one of the AWS CLI in botocore's models of the services, one of `sam` in the SAM CLI's lists of
options, one of `pytest` in the files of tests.
"""

import argparse
import ast
import functools
import gzip
import importlib
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import botocore
import typer
from botocore import xform_name
from shipctl.__main__ import app
from typer.main import get_command

PROJECT = Path(__file__).parents[2]
PROGRAMS = ("shipctl", "make", "aws", "sam", "python", "pytest")

AWS_GLOBAL_OPTIONS = {"region", "profile", "query", "output", "endpoint-url", "no-paginate", "no-cli-pager"}
"""("Global options", AWS CLI Command Reference.)"""
AWS_PAGING_OPTIONS = {"max-items", "page-size", "starting-token", "cli-input-json"}
WRITTEN_IN_THE_AWS_CLI = {
    (
        "cloudformation",
        "deploy",
    ): "template-file stack-name capabilities parameter-overrides s3-bucket s3-prefix",
    ("cloudformation", "package"): "template-file output-template-file use-json s3-bucket s3-prefix",
    ("configure", "list-profiles"): "",
    ("login", ""): "",
    ("logs", "tail"): "follow format since",
    ("s3", "rb"): "force",
    ("sso", "login"): "",
}
"""Commands that the AWS CLI adds to those of the services' APIs, with the options that are used here (AWS CLI
Command Reference, the page of each)."""

OPTIONS_WRITTEN_IN_THE_AWS_CLI = {"content": "zip-file"}
"""Options that replace a member of the request ("publish-layer-version", AWS CLI Command Reference)."""

EXAMPLE_VALUES = {
    "COMMAND": "status",
    "REASON": "rejected",
    "LEVEL": "Error",
    "TIME": "1h",
    "CHECK": "stack",
    "NUMBER": "1",
}
"""Values for placeholders of options that check their values."""


class Command(NamedTuple):
    """A command and its place."""

    place: str
    words: tuple[str, ...]
    complete: bool
    """Whether it can be run as printed: it is in a block and not part of a sentence."""

    def __str__(self) -> str:
        return f"{self.place}: {shlex.join(self.words)}"


# --- finding commands ---


def commands_in_document(path: Path, below: Path = PROJECT) -> Iterator[Command]:
    """Return the commands in a document's blocks of shell lines and in its inline code."""
    place = str(path.relative_to(below))
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        for words in split_commands(re.sub(r"(^|\s)#.*$", "", block, flags=re.MULTILINE)):
            yield Command(place, words, complete=True)
    for span in re.findall(
        r"(?<!`)`([^`]+)`(?!`)", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.DOTALL)
    ):
        if (len(span.split()) > 1 and span.split()[0] in PROGRAMS) or " | shipctl " in span:
            for words in split_commands(re.sub(r"\s+", " ", span)):
                yield Command(place, words, complete=False)


def split_commands(text: str) -> Iterator[tuple[str, ...]]:
    """Split shell lines into the words of each command of a known program; redirections are left out."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if word and set(word) <= set("|&;\n"):
            yield from known(words)
            words = []
        else:
            words.append(word)


def known(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Return the words of one command, without variables in front of it and without redirections."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    for sign in ("<", ">"):
        if sign in words:
            words = words[: words.index(sign)]
    if words and words[0] in PROGRAMS:
        yield tuple(words)


def strings_of(path: Path) -> Iterator[str]:
    """Return the strings in a module without docstrings, with `7` for each value that is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            passed_over.add(id(node.body[0].value))  # type: ignore[attr-defined]
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(value) for value in node.values}
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)


def commands_in_prose(place: str, text: str) -> Iterator[Command]:
    """Return the commands that a message or description names without quoting them."""
    for part in re.split(r"[;)`]|[.,:](?: |$)| (?:or|and|with|\|) ", re.sub(r"\s+", " ", text)):
        found = re.search(r"(?<![\w./-])(?:shipctl|aws|sam|make) [a-z].*", part)
        if found is None:
            continue
        words = found[0]
        try:
            command = without_prose(shlex.split(words))
        except ValueError:  # an apostrophe in the sentence
            command = without_prose(words.split())
        if is_named(command):
            yield Command(place, tuple(command), complete=False)


def without_prose(words: list[str]) -> list[str]:
    """Cut off the rest of the sentence after a command, at a word that is no option, value or choice."""
    start = 2 if words[0] in ("make", "sam") else 3
    if words[0] == "shipctl" and not hasattr(top_commands().get(words[1]), "commands"):
        start = 2
    for index in range(start, len(words)):
        word = words[index]
        is_value = words[index - 1].startswith("--") and index > start
        is_argument = words[0] == "shipctl" and re.fullmatch(
            r"-|[A-Z]+|on|off|shipper|replay|subscriber", word
        )
        if not (word.startswith("--") or is_value or is_argument or "=" in word):
            return words[:index]
    return words


def is_named(words: list[str]) -> bool:
    """Tell a command from a sentence about a program, such as "this shipctl cannot"."""
    match words:
        case ["shipctl", name, *_]:
            return name in top_commands()
        case ["make", name, *_]:
            return name in make_targets()
        case ["aws", service, *rest]:
            return bool(rest) or service == "login"
        case ["sam", name, *_]:
            return name in ("build", "deploy", "delete", "package", "publish")
    return False


def calls_of_command(path: Path) -> Iterator[Command]:
    """Return the arguments of `Stack.command(…)` that are literals."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    registrations = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    registrations |= {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
    }
    for node in ast.walk(tree):
        if id(node) in registrations:
            continue
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "command"
        ):
            words = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if words and len(words) == len(node.args) and all(isinstance(word, str) for word in words):
                yield Command(path.name, ("shipctl", *map(str, words)), complete=True)


# --- whether programs accept them ---


def check(command: Command) -> None:
    """Fail unless the program accepts the command."""
    words = list(command.words)
    match words:
        case ["shipctl", *rest]:
            check_shipctl(rest, complete=command.complete)
        case ["make", *rest]:
            check_make(rest)
        case ["aws", *rest]:
            check_aws(rest, complete=command.complete)
        case ["sam", *rest]:
            check_sam(rest)
        case ["python", "-m", module, *rest]:
            check_module(module, rest)
        case ["pytest", *rest]:
            check_pytest(rest)
        case _:
            raise AssertionError(f"{command}: is that a command?")


@functools.cache
def top_commands() -> dict[str, Any]:
    """Return the commands of shipctl by name."""
    found: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return found


def check_shipctl(words: list[str], *, complete: bool) -> None:
    """Fail unless shipctl accepts these words: command, arguments, options and their values.

    In a sentence a command may be named without what it needs, and an option without its value.
    """
    command: Any = get_command(app)
    rest = [EXAMPLE_VALUES.get(word, word) for word in words]
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"there is no command {' '.join(words)}"
        command = command.commands[rest.pop(0)]
    if not complete:
        if not rest:
            return
        option = option_of(command, rest[-1])
        if option is not None and not option.is_flag:
            rest.append(EXAMPLE_VALUES.get(str(option.metavar), "value"))
        if rest[-1] in ("--help", "--version"):
            return
    command.make_context("shipctl", rest)


def option_of(command: Any, word: str) -> Any:
    """Return the option of that name, or None."""
    return next((each for each in command.params if word in getattr(each, "opts", ())), None)


@functools.cache
def make_targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


PYTEST_TARGETS = {"test", "trial", "coverage", "test-oldest"}
MODULES_OF_TARGETS = {
    "run": "local.demo",
    "smoke": "smoke",
    "bench": "benchmarks",
    "chaos": "tests.chaos",
    "fuzz": "tests.fuzz",
    "soak": "tests.soak",
}


def check_make(words: list[str]) -> None:
    """Fail unless the Makefile has the target and the program that it runs accepts the arguments."""
    targets = [word for word in words if "=" not in word]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    assert set(targets) <= make_targets(), targets
    assert set(given) <= {"ARGS", "SET", "PYTHON"}, given
    arguments = shlex.split(given.get("ARGS", ""))
    for target in targets:
        if target in MODULES_OF_TARGETS:
            check_module(MODULES_OF_TARGETS[target], arguments)
        elif target in PYTEST_TARGETS:
            check_pytest(["-m", "trial", *arguments] if target == "trial" else arguments)
        elif target == "deploy":
            check_shipctl(
                ["deploy", *(["--set", given["SET"]] if "SET" in given else []), *arguments], complete=True
            )
        else:
            assert not arguments or target in ("lock", "mutants"), f"make {target} with {arguments}"


def check_module(name: str, arguments: list[str]) -> None:
    """Fail unless there is such a Python program and it accepts the arguments."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"python -m {name}"
    if spec.submodule_search_locations is not None:
        name = f"{name}.__main__"
    module = importlib.import_module(name)
    parser = getattr(module, "argument_parser", None)
    if parser is not None:
        parsed: argparse.ArgumentParser = parser()
        parsed.parse_args(arguments)
    elif hasattr(module, "typer"):
        program = getattr(module, "app", None)
        if program is None:
            program = typer.Typer()
            program.command()(module.main)
        get_command(program).make_context(name, list(arguments))
    else:
        assert not arguments, f"python -m {name} with {arguments}"


def check_pytest(words: list[str]) -> None:
    """Fail unless these files of tests exist and have tests of these names."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("-k")
    parser.add_argument("-m", choices=["trial"])
    parser.add_argument("-s", action="store_true")
    given = parser.parse_args(words)
    files = []
    for path in given.paths or [Path("tests")]:
        assert (PROJECT / path).exists(), path
        files += [PROJECT / path] if path.suffix else sorted((PROJECT / path).rglob("test_*.py"))
    if given.m is None:
        trials = [
            file for file in files if re.search(r"^pytestmark.*\btrial\b", file.read_text("utf-8"), re.M)
        ]
        assert files != trials, f"{words}: without -m trial, pytest deselects all of it"
    if given.k:
        names = [name for file in files for name in names_in(file)]
        for keyword in re.findall(r"\w+", given.k):
            if keyword not in ("and", "or", "not"):
                assert any(keyword in name for name in names), f"no test of {words} is called {keyword}"


def names_in(file: Path) -> list[str]:
    """Return the names by which pytest's `-k` finds the tests of a file."""
    text = file.read_text(encoding="utf-8")
    return [
        str(file.relative_to(PROJECT)),
        *re.findall(r"^ *(?:async )?(?:def|class) (\w+)", text, re.MULTILINE),
    ]


@functools.cache
def service_model(service: str, kind: str = "service") -> Any:
    """Return botocore's model of a service, or of its waiters: the newest version."""
    files = sorted((Path(botocore.__file__).parent / "data" / service).glob(f"*/{kind}-2.json*"))
    assert files, f"AWS has no service {service}"
    content = files[-1].read_bytes()
    return json.loads(gzip.decompress(content) if files[-1].suffix == ".gz" else content)


def check_aws(words: list[str], *, complete: bool) -> None:
    """Fail unless the AWS CLI has the command and its options, and all required options are there."""
    service, command, *rest = [*words, ""][: max(2, len(words))]
    options = [word.removeprefix("--") for word in rest if word.startswith("--")]
    if (service, command) in WRITTEN_IN_THE_AWS_CLI:
        allowed = set(WRITTEN_IN_THE_AWS_CLI[service, command].split())
        assert set(options) <= allowed | AWS_GLOBAL_OPTIONS, options
        return
    model = service_model(service)
    if command == "wait":
        waiters = service_model(service, "waiters")["waiters"]
        [operation] = [
            each["operation"] for name, each in waiters.items() if xform_name(name, "-") == rest[0]
        ]
        command = xform_name(operation, "-")
    names = {xform_name(name, "-"): name for name in model["operations"]}
    assert command in names, f"aws {service} {command}"
    taken = model["operations"][names[command]].get("input")
    shape = model["shapes"][taken["shape"]] if taken else {"members": {}}
    members = {xform_name(member, "-"): member for member in shape["members"]}
    booleans = {
        f"no-{name}"
        for name, member in members.items()
        if model["shapes"][shape["members"][member]["shape"]]["type"] == "boolean"
    }
    added = {*OPTIONS_WRITTEN_IN_THE_AWS_CLI.values()} if command == "publish-layer-version" else set()
    assert set(options) <= {*members} | added | booleans | AWS_GLOBAL_OPTIONS | AWS_PAGING_OPTIONS, options
    if complete:
        options += [member for member, option in OPTIONS_WRITTEN_IN_THE_AWS_CLI.items() if option in options]
        assert {xform_name(member, "-") for member in shape.get("required", ())} <= set(options), options


def check_sam(words: list[str]) -> None:
    """Fail unless the SAM CLI has the command and its options, by the lists from which it writes its help.

    They are read as text, as importing a command of the SAM CLI takes seconds.
    """
    spec = importlib.util.find_spec("samcli")
    assert spec is not None
    assert spec.origin is not None
    names = [word for word in words if not word.startswith("-")]
    place = Path(spec.origin).parent / "commands" / "/".join(names[:2] if names[0] == "remote" else names[:1])
    source = (place / "core/options.py").read_text(encoding="utf-8")
    listed = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert {word[2:].replace("-", "_") for word in words if word.startswith("--")} <= listed, words
