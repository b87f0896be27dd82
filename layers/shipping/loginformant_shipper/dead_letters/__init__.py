"""Store undelivered log events, and decide what happens to them in replay."""
