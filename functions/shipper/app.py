"""Ships what CloudWatch Logs sends, directly or through Kinesis, to LogInformant."""

from typing import TYPE_CHECKING, Any

from loginformant_shipper.pipeline import collecting_afterwards, freeze, ship, warm_environment

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# At start-up, so that a setting that cannot be used fails before any log event is taken.
warm_environment()
freeze()


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Return the account of the invocation, counted in log events; raises rather than lose one."""
    with collecting_afterwards():
        return ship(event, warm_environment(), context.get_remaining_time_in_millis() / 1000)
