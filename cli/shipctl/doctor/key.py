"""The API key: there, readable, of a shape that can be sent, and taken by LogInformant."""

from collections.abc import Iterator

from loginformant_shipper.failures import Reason

from shipctl.doctor.findings import Finding, fault, ok, unknown
from shipctl.installation.diagnosis import current_troubles
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.key_store import KeyStoreError, key_store


def check_key(installation: Installation) -> Iterator[Finding]:
    """Find a key that is not there, cannot be read, is no key, or was refused."""
    stack = installation.stack
    store = key_store(stack, installation.variables(Function.SHIPPER))
    about_key = [
        current
        for current in current_troubles(installation)
        if current.reason in (Reason.UNAUTHORIZED, Reason.NO_KEY)
    ]
    try:
        store.read()
    except KeyStoreError as error:
        if error.is_denied:
            yield unknown(f"{store.words}: you may not read it, so that nobody looked: {error}")
        else:
            yield fault(f"{store.words}: {error}", error.remedy)
    else:
        if not about_key:
            yield ok(f"{store.words}: there, and not refused lately (doctor --send tries it)")
    for current in about_key:
        yield fault(f"{current.meaning.what}, {current.when}", current.meaning.to_do)
