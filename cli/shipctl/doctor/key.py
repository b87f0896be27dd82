"""Check the API key: it exists, is readable and valid, and LogInformant accepts it."""

from collections.abc import Iterator

from loginformant_shipper.failures import Reason

from shipctl.doctor.findings import Finding, fault, ok, unknown
from shipctl.installation.diagnosis import current_troubles
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.key_store import KeyStoreError, key_store


def check_key(installation: Installation) -> Iterator[Finding]:
    """Report a key that does not exist, cannot be read, is not valid or was rejected."""
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
        if error.is_unknown:
            yield unknown(f"{store.words}: not checked, since it cannot be read: {error}")
        else:
            yield fault(f"{store.words}: {error}", error.remedy)
    else:
        if not about_key:
            yield ok(f"{store.words}: exists, and was not rejected recently (to test it, run doctor --send)")
    for current in about_key:
        yield fault(f"{current.meaning.what}, {current.when}", current.meaning.to_do)
