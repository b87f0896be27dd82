"""Ship CloudWatch Logs to LogInformant: decode, redact, parse, infer levels, filter and deliver."""

__version__ = "1.0.0"
"""The version of the project. The package metadata is built from it; a test compares the template with it."""
