"""Store what was not delivered, and decide what becomes of it in replay."""
