"""Read each log event once: its text and fields, its request id, and the traces that events belong to."""
