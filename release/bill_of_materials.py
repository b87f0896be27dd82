"""Write the bill of materials of the layers in CycloneDX."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from loginformant_shipper import __version__
from packageurl import PackageURL

from release.contents import Package

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""The timestamp of every build, since builds of the same sources must not differ."""
_NAMESPACE = uuid.UUID("5b0f4f0e-8f6c-5a52-9f0a-6a0f2f1f3c11")


def bill_of_materials(packages: Iterable[Package]) -> str:
    """Return the bill of materials. It is identical for identical packages."""
    bom = Bom()
    bom.metadata.timestamp = _EPOCH
    bom.metadata.component = root = _component(
        "loginformant-shipper", __version__, "MIT", ComponentType.APPLICATION
    )
    components = [
        _component(each.name, each.version, each.licence, ComponentType.LIBRARY) for each in packages
    ]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(root, components)
    listed = " ".join(f"{each.name}=={each.version}" for each in (root, *components))
    bom.serial_number = uuid.uuid5(_NAMESPACE, listed)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(name: str, version: str, licence: str, kind: ComponentType) -> Component:
    url = PackageURL("pypi", None, name.lower(), version)
    return Component(
        name=name,
        version=version,
        type=kind,
        licenses=[LicenseFactory().make_from_string(licence)],
        purl=url,
        bom_ref=str(url),
    )
