"""The artefacts of a deployment: a template and the code that it names.

They are either the output of `sam build`, with a folder for each function and layer, or the output of `make
package`, with a zip archive for each. An installed shipctl includes the latter.
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
"""The artefacts in an installed shipctl (`release/stack_hook.py`). A clone has no such folder."""

PACKED_TEMPLATE = "template.json"
_BUILT_TEMPLATE = "template.yaml"

_CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_LAYER_ROOT = "python"
"""The folder of a Python layer that is on the path of functions ("Packaging your layer content", AWS Lambda
Developer Guide). Only a build creates it; the sources of the layers do not have it."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can store."""

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Artefacts:
    """A template, and the folder to which its paths are relative."""

    folder: Path
    template: JsonObject

    def code(self) -> Iterator[tuple[str, Path]]:
        """Yield the logical id of each function and layer, and its folder or archive."""
        for logical_id, resource in self.template["Resources"].items():
            if name := _CODE_PROPERTIES.get(resource["Type"]):
                yield logical_id, self.folder / str(resource["Properties"][name])

    def template_with(self, addresses: Mapping[str, str]) -> JsonObject:
        """Return the template with the S3 URI of the code in place of each path, by logical id."""
        template = copy.deepcopy(self.template)
        for logical_id, address in addresses.items():
            resource = template["Resources"][logical_id]
            resource["Properties"][_CODE_PROPERTIES[resource["Type"]]] = address
        return template


def find_artefacts(folder: Path | None) -> Artefacts:
    """Return the artefacts to deploy.

    Args:
        folder: A folder with a build. None: the artefacts that this shipctl includes, or in a clone its
            build.

    Raises:
        CommandError: There is no build, or the build is not up to date with the sources.
    """
    if folder:
        return load_artefacts(folder)
    if _CARRIED.is_dir():
        return load_artefacts(_CARRIED)
    if not (_CLONE / _BUILT_TEMPLATE).is_file():
        raise CommandError(
            "this shipctl was installed without the stack's artefacts: install a released version (uv tool "
            "install loginformant-shipper), or name a build with --artefacts"
        )
    built = load_artefacts(_CLONE / ".aws-sam" / "build")
    refuse_other_sources(_CLONE, built.folder)
    return built


def load_artefacts(folder: Path) -> Artefacts:
    """Return the build in a folder. Raises `CommandError` if there is none, or if it is incomplete."""
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
            raise CommandError(f"the build in {folder} is incomplete ({logical_id} is empty): run make build")
    return artefacts


def _yaml(text: str) -> Any:
    try:
        import yaml  # only here: the template that an installed shipctl includes is JSON
    except ImportError:
        raise CommandError(
            "reading the output of sam build requires PyYAML: install loginformant-shipper[sam]"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def name_of(code: Path) -> str:
    """Return the name of code: the digest of its folder. An archive is named after that digest."""
    return code.stem if code.suffix == ".zip" else digest_of(code)


def archive_of(code: Path) -> bytes:
    """Return code as a zip archive. A folder is packed; an archive is returned unchanged."""
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
