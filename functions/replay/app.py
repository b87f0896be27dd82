"""The replay function: ships the log events in the dead-letter queue."""

from typing import TYPE_CHECKING, Any

from loginformant_shipper.dead_letters.replay import parked_queue_url
from loginformant_shipper.pipeline import (
    collecting_afterwards,
    freeze,
    replay,
    seconds_left,
    warm_environment,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# At start-up, so that an invalid setting fails before any record is received.
parked_queue_url(warm_environment().settings)
freeze()


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Ship the log events of SQS records.

    Return the ledger, and in `batchItemFailures` the records to retry.
    """
    with collecting_afterwards():
        environment = warm_environment()
        left = seconds_left(context.get_remaining_time_in_millis(), environment.settings)
        return replay(event, environment, left)
