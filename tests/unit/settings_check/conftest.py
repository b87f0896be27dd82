"""Where CloudFormation takes the answers of custom resources."""

from tests.unit.subscriptions.conftest import answers

__all__ = ["answers"]
