"""Fixtures that receive the answers to CloudFormation."""

from tests.unit.subscriptions.conftest import answers

__all__ = ["answers"]
