"""Versions are compared as numbers, and what cannot be compared is neither newer nor older."""

import pytest
from shipctl.versions import is_newer


@pytest.mark.parametrize(
    ("version", "other"),
    [("1.1.0", "1.0.0"), ("1.10.0", "1.9.0"), ("2.0", "1.9.9"), ("1.0.0.1", "1.0.0"), ("0.1", "0")],
)
def test_a_newer_version(version: str, other: str) -> None:
    assert is_newer(version, other)
    assert not is_newer(other, version)


@pytest.mark.parametrize(
    ("version", "other"),
    [("1.0.0", "1.0.0"), ("1.0", "1.0.0"), ("1.1.0", ""), ("main", "1.0.0"), ("1.1.0rc1", "1.0.0"), ("", "")],
)
def test_the_same_version_and_one_that_cannot_be_read_are_not_newer(version: str, other: str) -> None:
    assert not is_newer(version, other)
    assert not is_newer(other, version)
