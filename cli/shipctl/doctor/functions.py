"""Check the functions: their settings, their start and their errors."""

import shlex
from collections.abc import Iterator
from typing import Any

from shipctl.account import is_about_the_request
from shipctl.doctor.findings import Finding, fault, notice, ok, unknown
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.installation.metrics import ERRORS, THROTTLES
from shipctl.installation.own_log import is_error, words_of
from shipctl.probes import control_message

OPTIONS = {"Timeout": "--timeout", "MemorySize": "--memory-size", "Handler": "--handler"}
"""Properties of a function that the template sets directly, and the AWS CLI options for them."""


def check_settings(installation: Installation) -> Iterator[Finding]:
    """Report settings that were changed outside the stack. A deployment does not correct them."""
    count = 0
    for function in Function:
        before = count
        for finding in _changes(installation, function):
            yield finding
            count += 1
        if count == before:
            found = installation.function(function)
            yield ok(f"{function.words}: {found['Timeout']} s, {found['MemorySize']} MB, as in the template")


def _changes(installation: Installation, function: Function) -> Iterator[Finding]:
    found = installation.function(function)
    name = found["FunctionName"]
    wanted = installation.properties(f"{function}Function")
    update = ("lambda", "update-function-configuration", "--function-name", name)
    for member, option in OPTIONS.items():
        is_, should = found.get(member), _given(installation, wanted.get(member))
        if isinstance(should, int | str) and is_ != should:
            yield fault(
                f"{name}: {member} is {is_}, the template says {should}",
                installation.stack.aws_command(*update, option, str(should)),
            )
    variables = found.get("Environment", {}).get("Variables", {})
    for variable, should in _wanted_variables(installation, wanted).items():
        if variables.get(variable) != should:
            yield fault(
                f"{name}: the variable {variable} is {variables.get(variable, 'not set')!r}, the template "
                f"says {should!r}",
                f"Lambda → {name} → Configuration → Environment variables → {variable}={shlex.quote(should)}",
            )
    yield from _concurrency(installation, function, name)
    state, update_status = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    if state == "Failed" or update_status == "Failed":
        why = found.get("StateReason") or found.get("LastUpdateStatusReason") or "AWS gives no reason"
        yield fault(
            f"{name}: {state}, last update {update_status}: {why}", "fix the cause, then deploy again"
        )


def _given(installation: Installation, value: Any) -> Any:
    """Return a value of the template, or of the parameter that it refers to."""
    match value:
        case {"Ref": str(parameter)} if (given := installation.parameters.get(parameter, "")).isdecimal():
            return int(given)
    return value


def _wanted_variables(installation: Installation, wanted: Any) -> dict[str, str]:
    """Return the environment variables whose value is in the template or in a parameter."""
    given = wanted.get("Environment", {}).get("Variables", {})
    values: dict[str, str] = {}
    for variable, value in given.items():
        match value:
            case str():
                values[variable] = value
            case {"Ref": str(parameter)} if parameter in installation.parameters:
                values[variable] = installation.parameters[parameter]
    return values


def _concurrency(installation: Installation, function: Function, name: str) -> Iterator[Finding]:
    reserved = installation.concurrency(function)
    parameter = installation.parameters.get("ReservedConcurrency", "")
    wanted = int(parameter) if function is Function.SHIPPER and parameter.isdecimal() else None
    if reserved == wanted:
        return
    change: tuple[str, ...] = ("delete-function-concurrency", "--function-name", name)
    if wanted is not None:
        change = (
            *("put-function-concurrency", "--function-name", name),
            *("--reserved-concurrent-executions", str(wanted)),
        )
    remedy = installation.stack.aws_command("lambda", *change)
    should = "the template reserves none" if wanted is None else f"the template says {wanted}"
    if reserved == 0:
        yield fault(f"{name}: cannot run, since its reserved concurrency is 0; {should}", remedy)
    else:
        yield notice(f"{name}: reserved concurrency is {reserved}; {should}", remedy)


def check_start(installation: Installation) -> Iterator[Finding]:
    """Report a function that cannot start because of its code or an invalid setting."""
    for function in (Function.SHIPPER, Function.REPLAY):
        try:
            invocation = installation.invoke(function, control_message(function))
        except CommandError as error:
            what = f"{function.words} cannot be invoked: {error}"
            is_unknown = is_about_the_request(error.__cause__)
            yield unknown(what) if is_unknown else fault(what, "see the check settings above")
            continue
        if invocation.error:
            yield fault(
                f"{function.words} fails: {invocation.error}",
                "fix the settings (see the check settings above), or deploy a version that works",
            )
        else:
            yield ok(f"{function.words} starts")


def check_errors(installation: Installation) -> Iterator[Finding]:
    """Report recent errors in the functions' logs, and Lambda's errors and throttles of the last hour."""
    stack = installation.stack
    for function in Function:
        errors = [line for line in installation.lines(function) if is_error(line)]
        failed = installation.hour.total(ERRORS, function)
        throttled = installation.hour.total(THROTTLES, function)
        look = stack.command("logs", function.lower(), "--since", "1h")
        if errors:
            yield notice(
                f"{function.words}: {len(errors)} errors in 15 minutes, last: {words_of(errors[-1])}", look
            )
        elif failed:
            yield notice(f"{function.words}: {failed} invocations failed in the last hour", look)
        if throttled:
            yield notice(
                f"{function.words}: throttled {throttled} times in the last hour",
                "raise ReservedConcurrency or the account's quota for concurrent executions",
            )
        if not (errors or failed or throttled):
            yield ok(f"{function.words}: no errors")
