"""The dead-letter queue and the parked queue: looked at, replayed, saved and cleared."""
