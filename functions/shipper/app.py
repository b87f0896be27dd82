"""The shipper function: ships the log events that CloudWatch Logs sends, directly or through Kinesis."""

from typing import TYPE_CHECKING, Any

from loginformant_shipper.pipeline import collecting_afterwards, freeze, seconds_left, ship, warm_environment

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# At start-up, so that an invalid setting fails before any log event is received.
warm_environment()
freeze()


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Ship the log events of an event. Return the ledger, or raise, so that Lambda retries the event."""
    with collecting_afterwards():
        environment = warm_environment()
        left = seconds_left(context.get_remaining_time_in_millis(), environment.settings)
        return ship(event, environment, left)
