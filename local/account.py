"""Run an emulated AWS account on 127.0.0.1. The user's own AWS settings are not used."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import trustme
import urllib3
from botocore.config import Config

from local.processes import ProgramFailed, last_line, running
from local.sam import sam_environment

LOOPBACK = "127.0.0.1"
REGION = "eu-west-1"
_START_SECONDS = 60
_NO_FILE = "/dev/null"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Account:
    endpoint: str
    environment: dict[str, str]
    """The environment for programs that must use only this account."""
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def client(self, service: str) -> Any:
        """Return the boto3 client of this account for a service, regardless of environment and files."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def queued(self, queue_url: str) -> list[dict[str, Any]]:
        """Return every message of a queue in the format of ReceiveMessage, also hidden and delayed ones."""
        with urllib3.PoolManager(ca_certs=self.environment.get("AWS_CA_BUNDLE")) as pool:
            address = f"{self.endpoint}/_ministack/sqs/messages"
            answer = pool.request("GET", address, fields={"QueueUrl": queue_url}, retries=False, timeout=30)
        found = answer.json()["messages"]
        return [
            message
            for by_region in found.values()
            for by_queue in by_region.values()
            for messages in by_queue.values()
            for message in messages
        ]

    def _new_client(self, service: str) -> Any:
        session = botocore.session.Session(
            session_vars={
                "config_file": (None, None, _NO_FILE, None),
                "credentials_file": (None, None, _NO_FILE, None),
                "profile": (None, None, None, None),
            }
        )
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            verify=self.environment.get("AWS_CA_BUNDLE"),
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )


@contextmanager
def emulated_account(log: Path, *, enforced: bool = False) -> Iterator[Account]:
    """Run the emulator during a block.

    Its state, its temporary files and the home of programs that use `Account.environment` are in a temporary
    folder that is removed at the end.

    Args:
        log: The file to which its output is appended.
        enforced: Whether to use TLS, and to enforce the policies of roles and queues. `Account.client` is the
            root user, who may do everything.

    Raises:
        ProgramFailed: The emulator did not start.
    """
    with tempfile.TemporaryDirectory(prefix="loginformant-", ignore_cleanup_errors=True) as folder:
        account = _account(Path(folder), _free_port(), enforced)
        command = [sys.executable, "-m", "ministack"]
        with running(command, environment=account.environment, folder=Path(folder), log=log) as emulator:
            deadline = time.monotonic() + _START_SECONDS
            while not _is_ready(account):
                if emulator.poll() is not None or time.monotonic() > deadline:
                    raise ProgramFailed(
                        f"the emulated AWS account did not start: {last_line(log)} (see {log})"
                    )
                time.sleep(0.05)
            yield account


def _account(folder: Path, port: int, enforced: bool) -> Account:
    endpoint = f"{'https' if enforced else 'http'}://{LOOPBACK}:{port}"
    environment = {
        **without_aws_settings(),
        **_CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        **sam_environment(folder),
        # the emulator's own
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "DOCKER_HOST": f"unix://{folder}/there-is-no-docker.sock",
        **(_enforcement(folder) if enforced else {}),
    }
    return Account(endpoint, environment)


def _enforcement(folder: Path) -> dict[str, str]:
    """Return the environment for permission checks and TLS in the emulator, and for clients to trust it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(LOOPBACK)
    bundle, chain, key = (folder / name for name in ("authority.pem", "certificate.pem", "key.pem"))
    authority.cert_pem.write_to_path(bundle)
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    return {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(chain),
        "MINISTACK_SSL_KEY": str(key),
        "AWS_CA_BUNDLE": str(bundle),
        # for code without an AWS SDK: the subscriber responds to CloudFormation with urllib
        "SSL_CERT_FILE": str(bundle),
    }


def without_aws_settings() -> dict[str, str]:
    """Return this environment without AWS settings and proxies, and with its programs on the path."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAM_")) and not name.lower().endswith("_proxy")
    }
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    kept["AWS_CONFIG_FILE"] = kept["AWS_SHARED_CREDENTIALS_FILE"] = _NO_FILE
    return kept


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(account: Account) -> bool:
    with urllib3.PoolManager(ca_certs=account.environment.get("AWS_CA_BUNDLE")) as pool:
        try:
            answer = pool.request("GET", f"{account.endpoint}/_ministack/ready", retries=False, timeout=5)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200
