"""A deployment uses a complete build, whose files are named by their content."""

import io
import json
import os
import py_compile
import sys
import time
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from shipctl.deploy import artefacts
from shipctl.deploy.artefacts import PACKED_TEMPLATE, archive_of, find_artefacts, load_artefacts, name_of
from shipctl.deploy.files import digest_of
from shipctl.deploy.sources import DIGEST_FILE, digest_of_sources
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


def test_addresses_replace_folders_in_the_template(build: Path) -> None:
    found = load_artefacts(build)
    template = found.template_with({"Function": "s3://bucket/f.zip", "Layer": "s3://bucket/l.zip"})
    assert template["Resources"]["Function"]["Properties"]["CodeUri"] == "s3://bucket/f.zip"
    assert template["Resources"]["Layer"]["Properties"]["ContentUri"] == "s3://bucket/l.zip"
    assert found.template["Resources"]["Function"]["Properties"]["CodeUri"] == "Function"


def test_an_incomplete_build_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no build in"):
        load_artefacts(tmp_path)
    (build / "Layer" / "python" / "package" / "__init__.py").unlink()
    with pytest.raises(CommandError, match=r"is incomplete \(Layer is empty\): run make build"):
        load_artefacts(build)
    (build / "template.yaml").write_text("Resources: !Ref x")
    with pytest.raises(CommandError, match="is not a built template"):
        load_artefacts(build)


def test_a_folder_of_sources_is_refused() -> None:
    with pytest.raises(CommandError, match="run make build"):
        load_artefacts(Path(__file__).parents[4])


@pytest.fixture
def source(build: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a source file in the clone of the build, older than the build."""
    clone = build.parents[1]
    monkeypatch.setattr(artefacts, "_CLONE", clone)
    source = clone / "functions" / "shipper" / "app.py"
    source.parent.mkdir(parents=True)
    built = (build / "template.yaml").stat().st_mtime
    for file in (clone / "template.yaml", source):
        file.write_text("as built")
        os.utime(file, (built - 10, built - 10))
    return source


def test_a_build_that_is_older_than_its_sources_is_refused(build: Path, source: Path) -> None:
    assert find_artefacts(None).folder == build
    now = time.time()
    os.utime(source, (now + 10, now + 10))
    with pytest.raises(CommandError, match=r"functions/shipper/app\.py is newer than the build: run make"):
        find_artefacts(None)
    assert find_artefacts(build).folder == build, "one that is named is taken as it is"


class TestWithTheDigestOfItsSources:
    @pytest.fixture(autouse=True)
    def digest(self, build: Path, source: Path) -> None:
        (build / DIGEST_FILE).write_text(digest_of_sources(source.parents[2]) + "\n")

    def test_a_build_is_accepted_if_equal_sources_are_newer(self, build: Path, source: Path) -> None:
        """`git checkout` of the same content changes the files' times."""
        now = time.time()
        os.utime(source, (now + 10, now + 10))
        (source.parent / "__pycache__").mkdir()
        (source.parent / "__pycache__" / "app.pyc").write_text("x")
        assert find_artefacts(None).folder == build

    @pytest.mark.parametrize("change", ["changed", "removed", "added", "template"])
    def test_a_build_is_refused_if_the_sources_differ(self, change: str, source: Path) -> None:
        before = source.stat()
        match change:
            case "changed":
                source.write_text("otherwise")
            case "removed":
                source.unlink()
            case "added":
                source.with_name("more.py").write_text("")
            case "template":
                (source.parents[2] / "template.yaml").write_text("otherwise")
        for file in source.parents[2].rglob("*"):
            os.utime(file, (before.st_mtime, before.st_mtime))
        with pytest.raises(CommandError, match="the build is out of date with the sources"):
            find_artefacts(None)


def test_equal_code_has_the_same_name_and_archive(build: Path, tmp_path: Path) -> None:
    digest, packed = digest_of(build / "Function"), archive_of(build / "Function")
    os.utime(build / "Function" / "app.py", (1, 1))
    (build / "Function" / "__pycache__").mkdir()
    (build / "Function" / "__pycache__" / "app.pyc").write_text("x")
    assert (digest_of(build / "Function"), archive_of(build / "Function")) == (digest, packed)
    with zipfile.ZipFile(io.BytesIO(packed)) as zipped:
        assert zipped.namelist() == ["app.py"]
        assert zipped.getinfo("app.py").external_attr >> 16 == 0o100644


def test_only_bytecode_compiled_by_the_build_is_uploaded(build: Path) -> None:
    folder = build / "Function"
    before = digest_of(folder)
    built = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(folder / "app.py"), invalidation_mode=built, doraise=True)
    other = str(folder / "__pycache__" / "app.cpython-399.pyc")
    py_compile.compile(
        str(folder / "app.py"), other, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP
    )
    with zipfile.ZipFile(io.BytesIO(archive_of(folder))) as zipped:
        compiled = Path(cache_from_source("app.py")).name
        assert zipped.namelist() == [f"__pycache__/{compiled}", "app.py"]
    assert digest_of(folder) != before, "CloudFormation is to see another layer"


@pytest.mark.parametrize("change", ["content", "name", "executable"])
def test_different_code_has_a_different_name(change: str, build: Path) -> None:
    before = digest_of(build / "Function")
    file = build / "Function" / "app.py"
    if change == "content":
        file.write_text("def handler(): return 1\n")
    elif change == "name":
        file.rename(file.with_name("main.py"))
    else:
        file.chmod(0o755)
    assert digest_of(build / "Function") != before


class TestPacked:
    """The output of `make package`: a JSON template, and an archive for each function and layer."""

    @pytest.fixture
    def packed(self, build: Path, tmp_path: Path) -> Path:
        built, folder = load_artefacts(build), tmp_path / "packed"
        folder.mkdir()
        paths = {}
        for logical_id, code in built.code():
            paths[logical_id] = f"{name_of(code)}.zip"
            (folder / paths[logical_id]).write_bytes(archive_of(code))
        (folder / PACKED_TEMPLATE).write_text(json.dumps(built.template_with(paths)))
        return folder

    def test_an_archive_has_the_same_name_and_bytes_as_its_folder(self, build: Path, packed: Path) -> None:
        """An installed shipctl must not change a stack that was deployed from a clone."""
        folders, archives = (dict(load_artefacts(each).code()) for each in (build, packed))
        for logical_id, code in archives.items():
            assert name_of(code) == name_of(folders[logical_id])
            assert archive_of(code) == archive_of(folders[logical_id])

    def test_a_packed_build_is_loaded_without_yaml(
        self, packed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        assert load_artefacts(packed).template["Parameters"] == {}

    def test_a_build_of_sam_without_yaml_says_what_to_install(
        self, build: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        with pytest.raises(CommandError, match=r"install loginformant-shipper\[sam\]"):
            load_artefacts(build)

    def test_a_missing_archive_is_refused(self, packed: Path) -> None:
        next(packed.glob("*.zip")).unlink()
        with pytest.raises(CommandError, match="is incomplete"):
            load_artefacts(packed)

    def test_the_build_in_the_package_is_deployed(
        self, packed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(artefacts, "_CARRIED", packed)
        assert find_artefacts(None).folder == packed

    def test_an_installation_without_a_build_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(artefacts, "_CLONE", tmp_path / "nowhere")
        with pytest.raises(
            CommandError, match="installed without the stack's artefacts: install a released version"
        ):
            find_artefacts(None)
