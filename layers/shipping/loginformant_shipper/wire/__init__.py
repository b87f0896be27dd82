"""Read AWS's payloads into log events, and write log events back for the dead-letter queue."""
