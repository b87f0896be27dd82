"""Decode AWS payloads into log events, and encode log events for the dead-letter queue."""
