"""The custom resource `SettingsCheck`: CloudFormation asks before it changes anything that settings reach."""

from collections.abc import Callable, Mapping
from typing import Any

from loginformant_shipper.settings_check.environments import Place
from loginformant_shipper.settings_check.validation import validate_change, validate_parameters
from loginformant_shipper.subscriptions.custom_resource import Request, RequestType, answer, read_request
from loginformant_shipper.telemetry import logger

_NOT_SETTINGS = {"ServiceToken", "ServiceTimeout", "ShippingLayer"}


def check_settings(event: Mapping[str, Any], region: str, stack_status: Callable[[str], str]) -> None:
    """Answer a request of CloudFormation: refused if the settings cannot work.

    Args:
        event: The request, with the stack's parameters as its properties.
        region: The region of the stack.
        stack_status: Gives the status of the stack with an id. Asked only before a refusal: while an update
            is taken back, CloudFormation asks once more, with the values from before. A refusal of those, by
            code that allows less than it did then, would leave the stack in UPDATE_ROLLBACK_FAILED.

    Raises:
        NotAnswered: CloudFormation could not be told.
        ValueError: The event is not a request of CloudFormation.
    """
    request = read_request(event)
    if request is None:
        raise ValueError(
            "not a request of CloudFormation: this function only checks the settings of its stack"
        )
    refusal = None if request.type is RequestType.DELETE else _refusal(request, region)
    if refusal and _is_taken_back(request, stack_status):
        logger.warning("settings accepted, since an update is being taken back", detail=refusal)
        refusal = None
    answer(request, refusal)


def _refusal(request: Request, region: str) -> str | None:
    parameters = _parameters(request.event["ResourceProperties"])
    try:
        place = Place(region, request.event["StackId"].split("/")[1])
        troubles = validate_parameters(parameters, place)
        if request.type is RequestType.UPDATE:
            troubles += validate_change(
                _parameters(request.event.get("OldResourceProperties", {})), parameters
            )
        return "; ".join(troubles) or None
    except Exception as error:
        logger.exception("the settings could not be checked")
        return f"the settings could not be checked: {type(error).__name__}: {error}"


def _parameters(resource_properties: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in resource_properties.items() if name not in _NOT_SETTINGS}


def _is_taken_back(request: Request, stack_status: Callable[[str], str]) -> bool:
    """Yes, if it cannot be found out: a stack that is stuck is worse than a function that does not start."""
    if request.type is RequestType.CREATE:
        return False
    try:
        return "ROLLBACK" in stack_status(request.event["StackId"])
    except Exception:
        logger.exception("the status of the stack could not be had")
        return True
