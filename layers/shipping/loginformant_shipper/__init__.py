"""Ships CloudWatch Logs to LogInformant: decode, parse, infer the level, batch, deliver, keep account."""

__version__ = "1.0.0"
"""The one source of the version: the package's metadata is made of it, and tests hold the template to it."""
