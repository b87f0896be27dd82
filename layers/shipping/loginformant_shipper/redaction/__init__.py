"""Redact log events before any other stage processes them."""
