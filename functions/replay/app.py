"""Ships what waits in the dead-letter queue: called by the queue itself, or by `shipctl dlq replay`."""

from typing import TYPE_CHECKING, Any

from loginformant_shipper.dead_letters.replay import parked_queue_url
from loginformant_shipper.pipeline import collecting_afterwards, freeze, replay, warm_environment

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# At start-up, so that a setting that cannot be used fails before any record is taken.
parked_queue_url(warm_environment().settings)
freeze()


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Return the account and `batchItemFailures`: the records that stay in the queue."""
    with collecting_afterwards():
        return replay(event, warm_environment(), context.get_remaining_time_in_millis() / 1000)
