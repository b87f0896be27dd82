"""An unknown host name is reported with what to check."""

import socket

import pytest
from shipctl.doctor.address import check_address
from shipctl.doctor.findings import Finding, Verdict
from shipctl.installation.functions import Function

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.fake_installation import FakeInstallation


@pytest.fixture(autouse=True)
def no_name_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_the_default_is_not_proposed_in_place_of_itself() -> None:
    assert list(check_address(FakeInstallation())) == [
        Finding(
            Verdict.FAULT,
            "https://app.loginformant.com: the host name app.loginformant.com cannot be resolved on this "
            "machine (Name or service not known)",
            "check the network, DNS and proxy of this machine",
        )
    ]


def test_the_default_is_proposed_in_place_of_another_address() -> None:
    elsewhere = {"Environment": {"Variables": fake.VARIABLES | {"INGEST_URL": "https://other.example"}}}
    (finding,) = check_address(FakeInstallation(configurations={Function.SHIPPER: elsewhere}))
    assert finding.remedy == (
        "check the network, DNS and proxy of this machine; if the address is wrong: "
        "shipctl deploy --set IngestUrl=https://app.loginformant.com"
    )
