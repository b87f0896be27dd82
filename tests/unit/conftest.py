from collections.abc import Iterator

import pytest
from loginformant_shipper.dead_letters.sqs import _sqs_client
from moto import mock_aws

from tests.emulated_services import VARIABLES, emulated_services


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Emulate an empty AWS account in this process, and on a port for requests without botocore."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with mock_aws(), emulated_services() as address:
        for variable in VARIABLES:
            monkeypatch.setenv(variable, address)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        _sqs_client.cache_clear()
        yield
    _sqs_client.cache_clear()
