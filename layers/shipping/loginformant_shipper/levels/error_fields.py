"""Rule `error-field`: a structured log without a level that contains an error or reports a failure."""

from typing import Any

from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.names import Level


def decide_by_error_field(fields: dict[str, Any]) -> Decision | None:
    """Return Error if a field contains an error or a failure, else None."""
    for name in _ERRORS.intersection(fields):
        value = fields[name]
        if value and not (isinstance(value, str) and value.strip().lower() in _NONE):
            return decided(Level.ERROR, "error-field")
    for name in _OUTCOMES.intersection(fields):
        outcome = fields[name]
        if isinstance(outcome, str) and outcome.lower() in _FAILED:
            return decided(Level.ERROR, "error-field")
    return None


_ERRORS = frozenset(
    {"error", "errors", "err", "exception", "errorMessage", "errorType", "error_message", "errorCode"}
    | {"ErrorCode", "ErrorMessage", "error_msg"}
    | {"exc_info", "stack_trace", "stackTrace", "stacktrace", "stack", "@x"}
    | {"throwableInformation", "throwable"}
)
_NONE = frozenset(("", "0", "none", "null", "nil", "undefined", "false", "no", "ok", "success", "-"))
_OUTCOMES = frozenset(
    {"status", "outcome", "result", "state", "connection-attempt-status", "status-code", "Status", "State"}
    | {"executionStatus", "jobStatus", "job_status", "buildStatus"}
)
_FAILED = frozenset(("fail", "failed", "failure", "error", "errored", "timeout", "timed_out"))
