"""Create connection pools: trusted certificates and proxies."""

import ssl
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from loginformant_shipper.settings import SettingsError


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a TLS context for all connections, since creating one reads the whole certificate store.

    With `ca_bundle`, certificates need not follow RFC 5280 in every detail. urllib3 requires this on Python
    3.13 (`ssl.VERIFY_X509_STRICT`), but the authorities of many companies do not comply, such as those of
    proxies that inspect TLS (urllib3/urllib3 issue 5110, OpenVPN/easy-rsa issue 1418). botocore accepts them.

    Args:
        ca_bundle: The path of a PEM file with certificate authorities to trust in addition to the public
            ones.

    Raises:
        SettingsError: The file cannot be read, or contains no certificates.
    """
    context = create_urllib3_context()
    context.load_default_certs()
    if ca_bundle:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(ca_bundle)
        except OSError as error:  # includes ssl.SSLError
            raise SettingsError(
                f"CA_BUNDLE: {ca_bundle} must be a PEM file with certificates of certificate authorities: "
                f"{error.strerror or error}"
            ) from None
    return context


def connection_pool(
    url: str, proxy_url: str | None, tls: ssl.SSLContext | None
) -> urllib3.HTTPConnectionPool:
    """Return a pool of one connection to the host of a URL, directly or through a proxy."""
    options = {"maxsize": 1} | ({"ssl_context": tls} if tls else {})
    if proxy_url is None:
        return urllib3.PoolManager(**options).connection_from_url(url)  # type: ignore[arg-type]
    proxy = urlsplit(proxy_url)
    credentials = unquote(f"{proxy.username}:{proxy.password or ''}") if proxy.username else None
    manager = urllib3.ProxyManager(
        urlunsplit(proxy._replace(netloc=proxy.netloc.rpartition("@")[2])),
        proxy_headers=urllib3.make_headers(proxy_basic_auth=credentials),
        **options,  # type: ignore[arg-type]
    )
    return manager.connection_from_url(url)
