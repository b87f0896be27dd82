"""Where a deployment comes from: a template that `sam build` made, and the folders of code that it names."""

import copy
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shipctl.deploy.files import files_of, mode_of
from shipctl.deploy.sources import refuse_other_sources
from shipctl.errors import CommandError

_CLONE = Path(__file__).resolve().parents[3]

_CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_LAYER_ROOT = "python"
"""The folder of a Python layer that is on the path of functions ("Packaging your layer content", AWS Lambda
Developer Guide). The sources of our layers have none: it is what a build makes."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold."""

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Artefacts:
    """A built template, and the folder that the paths in it start from."""

    folder: Path
    template: JsonObject

    def code(self) -> Iterator[tuple[str, Path]]:
        """Give the logical id and the folder of each function and layer."""
        for logical_id, resource in self.template["Resources"].items():
            if name := _CODE_PROPERTIES.get(resource["Type"]):
                yield logical_id, self.folder / str(resource["Properties"][name])

    def template_with(self, addresses: Mapping[str, str]) -> JsonObject:
        """Return the template with an address in the place of each folder of code."""
        template = copy.deepcopy(self.template)
        for logical_id, address in addresses.items():
            resource = template["Resources"][logical_id]
            resource["Properties"][_CODE_PROPERTIES[resource["Type"]]] = address
        return template


def find_artefacts(folder: Path | None) -> Artefacts:
    """Return what is to be deployed: from a folder that is named, or from the build of this clone.

    Raises:
        CommandError: There is no build, or it is of other sources.
    """
    if folder:
        return load_artefacts(folder)
    built = load_artefacts(_CLONE / ".aws-sam" / "build")
    refuse_other_sources(_CLONE, built.folder)
    return built


def load_artefacts(folder: Path) -> Artefacts:
    """Return the build in a folder. Raises `CommandError` if it is none, or not a whole one."""
    try:
        text = (folder / "template.yaml").read_text(encoding="utf-8")
    except OSError:
        raise CommandError(f"there is no build in {folder}: run make build, or make deploy") from None
    try:
        artefacts = Artefacts(folder, yaml.safe_load(text))
        found = list(artefacts.code())
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{folder / 'template.yaml'} is not a built template: run make build") from None
    for logical_id, code in found:
        is_layer = artefacts.template["Resources"][logical_id]["Type"] == "AWS::Serverless::LayerVersion"
        if not any((code / _LAYER_ROOT).glob("*/*") if is_layer else code.glob("*.py")):
            raise CommandError(f"{folder} is not a whole build ({logical_id} is empty): run make build")
    return artefacts


def archive_of(folder: Path) -> bytes:
    """Return a folder as a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files_of(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100000 | mode_of(path)) << 16
            zipped.writestr(entry, path.read_bytes())
    return packed.getvalue()
