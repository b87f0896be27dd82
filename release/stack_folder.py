"""Write the stack as a self-contained folder: templates, code, licences and bill of materials.

template.json               for shipctl, `aws cloudformation package`, `sam publish` template-transformed.json
the same with the SAM transform applied, for Terraform, CDK and plain CloudFormation code/DIGEST.zip
each function and layer, named by the digest of its contents bom.cdx.json, LICENSES.txt  the contents of the
layers README.md, LICENSE          for the AWS Serverless Application Repository
"""

import json
import shutil
from pathlib import Path
from typing import Any

from loginformant_shipper import __version__
from shipctl.deploy.artefacts import PACKED_TEMPLATE, Artefacts, archive_of, load_artefacts, name_of

from release.bill_of_materials import bill_of_materials
from release.contents import packages_in
from release.licences import licences
from release.transformed import transformed

TRANSFORMED_TEMPLATE = "template-transformed.json"
BILL_OF_MATERIALS = "bom.cdx.json"
LICENCES = "LICENSES.txt"

_REPOSITORY = "AWS::ServerlessRepo::Application"
"""The properties are those of "AWS SAM template Metadata section properties" (AWS Serverless Application
Repository Developer Guide)."""


def write_stack_folder(build: Path, folder: Path, project: Path) -> None:
    """Write the folder from the output of `sam build`.

    Args:
        build: The output of `sam build`.
        folder: The folder to create. It must not exist.
        project: The folder with the licence and the readme.
    """
    built = load_artefacts(build)
    (folder / "code").mkdir(parents=True)
    paths = {}
    for logical_id, code in built.code():
        paths[logical_id] = f"code/{name_of(code)}.zip"
        (folder / paths[logical_id]).write_bytes(archive_of(code))
    _write_json(folder / PACKED_TEMPLATE, _template(built, paths))
    _write_json(folder / TRANSFORMED_TEMPLATE, transformed(built, paths))
    packages = packages_in(build / "DependenciesLayer" / "python")
    (folder / BILL_OF_MATERIALS).write_text(bill_of_materials(packages), encoding="utf-8")
    (folder / LICENCES).write_text(licences(packages, project / "LICENSE"), encoding="utf-8")
    shutil.copyfile(project / "LICENSE", folder / "LICENSE")
    shutil.copyfile(project / "cli" / "README.md", folder / "README.md")


def _template(built: Artefacts, paths: dict[str, str]) -> dict[str, Any]:
    template = built.template_with(paths)
    template["Metadata"][_REPOSITORY] = {
        "Name": "loginformant-shipper",
        "Description": " ".join(template["Description"].split()),
        "Author": "LogInformant",
        "SpdxLicenseId": "MIT",
        "LicenseUrl": "LICENSE",
        "ReadmeUrl": "README.md",
        "Labels": ["logs", "cloudwatch", "logging", "loginformant"],
        "HomePageUrl": "https://app.loginformant.com",
        "SemanticVersion": __version__,
    }
    return template


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
