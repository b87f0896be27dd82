"""The custom resource `SettingsCheck`, which CloudFormation updates before the functions."""

from collections.abc import Callable, Mapping
from typing import Any

from loginformant_shipper.settings_check.environments import Place
from loginformant_shipper.settings_check.validation import validate_change, validate_parameters
from loginformant_shipper.subscriptions.custom_resource import Request, RequestType, answer, read_request
from loginformant_shipper.telemetry import logger

_NOT_SETTINGS = {"ServiceToken", "ServiceTimeout", "ShippingLayer"}


def check_settings(event: Mapping[str, Any], region: str, stack_status: Callable[[str], str]) -> None:
    """Respond to a request of CloudFormation: with a failure if the settings are invalid.

    Args:
        event: The request, with the stack's parameters as its properties.
        region: The region of the stack.
        stack_status: Returns the status of the stack with an id. It is called only before a failure: when an
            update is rolled back, CloudFormation sends another request with the previous values. If newer
            code rejected those, the stack would end in UPDATE_ROLLBACK_FAILED.

    Raises:
        NotAnswered: The response could not be sent.
        ValueError: The event is not a request of CloudFormation.
    """
    request = read_request(event)
    if request is None:
        raise ValueError(
            "not a request of CloudFormation: this function only checks the settings of its stack"
        )
    refusal = None if request.type is RequestType.DELETE else _refusal(request, region)
    if refusal and _is_taken_back(request, stack_status):
        logger.warning("invalid settings accepted, since an update is being rolled back", detail=refusal)
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
    """Return whether an update is rolled back, or whether that is unknown: a stack must not get stuck."""
    if request.type is RequestType.CREATE:
        return False
    try:
        return "ROLLBACK" in stack_status(request.event["StackId"])
    except Exception:
        logger.exception("the status of the stack could not be read")
        return True
