"""Check the address of LogInformant: name resolution, connection and certificate."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from shipctl.doctor.findings import Finding, fault, ok, unknown
from shipctl.installation.diagnosis import with_default_address
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation

CONNECT_SECONDS = 5.0


def check_address(installation: Installation) -> Iterator[Finding]:
    """Report a host that this machine cannot reach. The functions may use another route."""
    variables = installation.variables(Function.SHIPPER)
    url = variables.get("INGEST_URL", "")
    trouble = _trouble(url)
    if not trouble:
        yield ok(f"{url}: reachable from this machine")
        return
    if proxy := variables.get("HTTPS_PROXY"):
        yield unknown(f"{url}: {trouble}; the functions use the proxy {proxy}")
    elif installation.parameters.get("VpcSubnetIds"):
        yield unknown(f"{url}: {trouble}; the functions run in a VPC")
    else:
        remedy = "check the network, DNS and proxy of this machine"
        yield fault(f"{url}: {trouble}", with_default_address(remedy, url, installation.stack))


def _trouble(url: str) -> str:
    """Return why a connection cannot be made, or an empty text if it can. No request is sent."""
    address = urlsplit(url)
    host, is_tls = address.hostname or "", address.scheme == "https"
    try:
        port = address.port or (443 if is_tls else 80)
        with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
            if is_tls:
                with ssl.create_default_context().wrap_socket(connection, server_hostname=host):
                    pass
    except socket.gaierror as error:
        return f"the host name {host} cannot be resolved on this machine ({error.strerror})"
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not valid: {error.verify_message}"
    except (OSError, ValueError) as error:
        return f"no connection: {error}"
    return ""
