"""Where a deployment comes from: a template, and the code that it names.

It is what `sam build` made, with a folder for each function and layer; or what `make package` made of that,
with a zip archive for each: an installed shipctl carries it.
"""

import copy
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipctl.deploy.files import digest_of, files_of, mode_of
from shipctl.deploy.sources import refuse_other_sources
from shipctl.errors import CommandError

_CLONE = Path(__file__).resolve().parents[3]
_CARRIED = Path(__file__).resolve().parent / "built"
"""What an installed shipctl carries (`release/stack_hook.py`); a clone has no such folder."""

PACKED_TEMPLATE = "template.json"
_BUILT_TEMPLATE = "template.yaml"

_CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_LAYER_ROOT = "python"
"""The folder of a Python layer that is on the path of functions ("Packaging your layer content", AWS Lambda
Developer Guide). The sources of our layers have none: it is what a build makes."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold."""

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Artefacts:
    """A template, and the folder that the paths in it start from."""

    folder: Path
    template: JsonObject

    def code(self) -> Iterator[tuple[str, Path]]:
        """Give the logical id of each function and layer, and its folder or archive."""
        for logical_id, resource in self.template["Resources"].items():
            if name := _CODE_PROPERTIES.get(resource["Type"]):
                yield logical_id, self.folder / str(resource["Properties"][name])

    def template_with(self, addresses: Mapping[str, str]) -> JsonObject:
        """Return the template with an address in the place of each path to code."""
        template = copy.deepcopy(self.template)
        for logical_id, address in addresses.items():
            resource = template["Resources"][logical_id]
            resource["Properties"][_CODE_PROPERTIES[resource["Type"]]] = address
        return template


def find_artefacts(folder: Path | None) -> Artefacts:
    """Return what is to be deployed: of a folder that is named, what is carried, or the build of this clone.

    Raises:
        CommandError: There is no build, or it is of other sources.
    """
    if folder:
        return load_artefacts(folder)
    if _CARRIED.is_dir():
        return load_artefacts(_CARRIED)
    if not (_CLONE / _BUILT_TEMPLATE).is_file():
        raise CommandError(
            "this shipctl was installed without a stack: install a released one (uv tool install "
            "loginformant-shipper), or name a build with --artefacts"
        )
    built = load_artefacts(_CLONE / ".aws-sam" / "build")
    refuse_other_sources(_CLONE, built.folder)
    return built


def load_artefacts(folder: Path) -> Artefacts:
    """Return the build in a folder. Raises `CommandError` if it is none, or not a whole one."""
    packed = folder / PACKED_TEMPLATE
    template = packed if packed.is_file() else folder / _BUILT_TEMPLATE
    try:
        text = template.read_text(encoding="utf-8")
    except OSError:
        raise CommandError(f"there is no build in {folder}: run make build, or make deploy") from None
    try:
        artefacts = Artefacts(folder, json.loads(text) if template == packed else _yaml(text))
        found = list(artefacts.code())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{template} is not a built template: run make build") from None
    for logical_id, code in found:
        if code.suffix == ".zip" and zipfile.is_zipfile(code):
            continue
        is_layer = artefacts.template["Resources"][logical_id]["Type"] == "AWS::Serverless::LayerVersion"
        if not any((code / _LAYER_ROOT).glob("*/*") if is_layer else code.glob("*.py")):
            raise CommandError(f"{folder} is not a whole build ({logical_id} is empty): run make build")
    return artefacts


def _yaml(text: str) -> Any:
    try:
        import yaml  # only here: an installed shipctl deploys what it carries, which is JSON
    except ImportError:
        raise CommandError(
            "to read what sam build made, PyYAML is needed: install loginformant-shipper[sam]"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def name_of(code: Path) -> str:
    """Return the name by which code is known: the digest of its folder, which an archive has as its name."""
    return code.stem if code.suffix == ".zip" else digest_of(code)


def archive_of(code: Path) -> bytes:
    """Return code as a zip archive: one that it is, or one of a folder."""
    if code.suffix == ".zip":
        return code.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files_of(code):
            entry = zipfile.ZipInfo(path.relative_to(code).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100000 | mode_of(path)) << 16
            zipped.writestr(entry, path.read_bytes())
    return packed.getvalue()
