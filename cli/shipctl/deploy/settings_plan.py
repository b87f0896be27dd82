"""The planned value of each parameter: requested, kept from the stack, or a default."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from loginformant_shipper.settings_check.environments import Place
from loginformant_shipper.settings_check.validation import validate_change, validate_parameters

from shipctl.deploy.live_stack import LiveStack
from shipctl.deploy.parameters import JsonObject, Parameter, broken_rules
from shipctl.deploy.refused import Refused

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef


class Origin(Enum):
    """Where the planned value of a parameter comes from."""

    ASKED = auto()
    KEPT = auto()
    """Kept from the live stack. CloudFormation reuses the previous value, and is not sent one."""
    NEW_DEFAULT = auto()
    """The default of the new template, since the stack has the old template's default."""
    DEFAULT = auto()
    """The default, since the stack has no such parameter yet."""
    STORED = auto()
    """The API key that is currently in the stack's secret (`stored_key`)."""


@dataclass(frozen=True)
class Setting:
    """A parameter of the stack, with its current and its planned value."""

    parameter: Parameter
    before: str | None
    """The current value; None if the stack has no such parameter yet."""
    after: str
    origin: Origin

    @property
    def name(self) -> str:
        """Return the name of the parameter."""
        return self.parameter.name

    @property
    def changes(self) -> bool:
        """Return whether the value changes.

        A requested secret always does, since its old value is not readable.
        """
        if self.parameter.secret:
            return self.origin is Origin.ASKED and not (self.before == self.after == "")
        return self.after != (self.parameter.default if self.before is None else self.before)


def plan_settings(
    parameters: Mapping[str, Parameter], wishes: Mapping[str, str], live: LiveStack | None
) -> list[Setting]:
    """Return the planned setting of each parameter, in the template's order."""
    return [_plan(parameter, wishes, live) for parameter in parameters.values()]


def _plan(parameter: Parameter, wishes: Mapping[str, str], live: LiveStack | None) -> Setting:
    before = live.parameters.get(parameter.name) if live else None
    if parameter.name in wishes:
        return Setting(parameter, before, wishes[parameter.name], Origin.ASKED)
    if before is None or live is None:
        return Setting(parameter, None, parameter.default, Origin.DEFAULT)
    old_default = live.defaults.get(parameter.name)
    if before == old_default != parameter.default and not parameter.secret:
        return Setting(parameter, before, parameter.default, Origin.NEW_DEFAULT)
    return Setting(parameter, before, before, Origin.KEPT)


def to_cloudformation(settings: Iterable[Setting]) -> "list[ParameterTypeDef]":
    """Return the parameters of a change set.

    A parameter that the stack does not have yet has no previous value.
    """
    return [
        {"ParameterKey": each.name, "UsePreviousValue": True}
        if each.origin is Origin.KEPT
        else {"ParameterKey": each.name, "ParameterValue": each.after}
        for each in settings
        if each.origin is not Origin.DEFAULT
    ]


def refuse_what_cannot_work(template: JsonObject, settings: Iterable[Setting], place: Place) -> None:
    """Raise `Refused` with every reason for which the template or the code does not allow these values.

    The code checks the new values, and the change from the stack's current values. The stack does so as well
    (`loginformant_shipper.settings_check.custom_resource`), but only during the deployment.
    """
    settings = list(settings)
    complaints = [complaint for each in settings if (complaint := _complaint(each))]
    values = {each.name: each.after for each in settings}
    if not complaints:
        complaints += broken_rules(template, values)
        readable = [each for each in settings if not each.parameter.secret]
        after = {each.name: each.after for each in readable}
        before = {each.name: each.before for each in readable if each.before is not None}
        complaints += validate_parameters(after, place)
        complaints += validate_change(before, after)
    if complaints:
        raise Refused("; ".join(complaints))


def _complaint(setting: Setting) -> str | None:
    if setting.parameter.secret and setting.origin is Origin.KEPT:
        return None
    complaint = setting.parameter.complaint(setting.after)
    if complaint and setting.origin is Origin.KEPT:
        return f"{complaint.rstrip('.')} (the stack has this value: change it with --set or --unset)"
    return complaint
