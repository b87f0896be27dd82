"""Parse log events: text, fields, request ids, and stack traces over several events."""
