"""Where a deployment comes from: a whole build, named by its content."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from shipctl.deploy import artefacts
from shipctl.deploy.artefacts import archive_of, digest_of, find_artefacts, load_artefacts
from shipctl.errors import CommandError

TEMPLATE = """
Parameters: {}
Resources:
  Function: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: Function}}
  Layer: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: Layer}}
  Queue: {Type: 'AWS::SQS::Queue'}
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "clone" / ".aws-sam" / "build"
    (folder / "Function").mkdir(parents=True)
    (folder / "Function" / "app.py").write_text("def handler(): ...\n")
    (folder / "Layer" / "python" / "package").mkdir(parents=True)
    (folder / "Layer" / "python" / "package" / "__init__.py").write_text("")
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


def test_a_build_names_its_code(build: Path) -> None:
    assert dict(load_artefacts(build).code()) == {"Function": build / "Function", "Layer": build / "Layer"}


def test_addresses_take_the_place_of_folders(build: Path) -> None:
    found = load_artefacts(build)
    template = found.template_with({"Function": "s3://bucket/f.zip", "Layer": "s3://bucket/l.zip"})
    assert template["Resources"]["Function"]["Properties"]["CodeUri"] == "s3://bucket/f.zip"
    assert template["Resources"]["Layer"]["Properties"]["ContentUri"] == "s3://bucket/l.zip"
    assert found.template["Resources"]["Function"]["Properties"]["CodeUri"] == "Function"


def test_what_is_no_whole_build_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no build in"):
        load_artefacts(tmp_path)
    (build / "Layer" / "python" / "package" / "__init__.py").unlink()
    with pytest.raises(CommandError, match=r"not a whole build \(Layer is empty\): run make build"):
        load_artefacts(build)
    (build / "template.yaml").write_text("Resources: !Ref x")
    with pytest.raises(CommandError, match="is not a built template"):
        load_artefacts(build)


def test_the_sources_are_no_build() -> None:
    with pytest.raises(CommandError, match="run make build"):
        load_artefacts(Path(__file__).parents[4])


def test_a_build_that_is_older_than_its_sources_is_refused(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = build.parents[1]
    monkeypatch.setattr(artefacts, "_CLONE", clone)
    source = clone / "functions" / "shipper" / "app.py"
    source.parent.mkdir(parents=True)
    source.write_text("")
    built = (build / "template.yaml").stat().st_mtime
    os.utime(source, (built - 10, built - 10))
    assert find_artefacts(None).folder == build
    os.utime(source, (built + 10, built + 10))
    with pytest.raises(CommandError, match=r"functions/shipper/app\.py is newer than the build: run make"):
        find_artefacts(None)
    assert find_artefacts(build).folder == build, "one that is named is taken as it is"


def test_equal_code_has_an_equal_name_whenever_it_was_built(build: Path, tmp_path: Path) -> None:
    digest, packed = digest_of(build / "Function"), archive_of(build / "Function")
    os.utime(build / "Function" / "app.py", (1, 1))
    (build / "Function" / "__pycache__").mkdir()
    (build / "Function" / "__pycache__" / "app.pyc").write_text("x")
    assert (digest_of(build / "Function"), archive_of(build / "Function")) == (digest, packed)
    with zipfile.ZipFile(io.BytesIO(packed)) as zipped:
        assert zipped.namelist() == ["app.py"]
        assert zipped.getinfo("app.py").external_attr >> 16 == 0o100644


@pytest.mark.parametrize("change", ["content", "name", "executable"])
def test_other_code_has_another_name(change: str, build: Path) -> None:
    before = digest_of(build / "Function")
    file = build / "Function" / "app.py"
    if change == "content":
        file.write_text("def handler(): return 1\n")
    elif change == "name":
        file.rename(file.with_name("main.py"))
    else:
        file.chmod(0o755)
    assert digest_of(build / "Function") != before
