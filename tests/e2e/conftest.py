"""One deployment for all end-to-end tests."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.stack import PROJECT, Stack, deployed_stack

LOG = PROJECT / ".build" / "local" / "test.log"


class Deployment(NamedTuple):
    stack: Stack
    api: IngestApi


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The template, built and deployed as it is, and the local ingest API that it ships to."""
    with (
        ingest_api() as api,
        deployed_stack({"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "AutoReplay": "false"}, log=LOG) as stack,
    ):
        yield Deployment(stack, api)
