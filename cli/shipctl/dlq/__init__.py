"""`shipctl dlq`: show, replay, export and delete undelivered logs."""
