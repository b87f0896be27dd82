"""The layers as they are built for AWS Lambda."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from local.account import without_aws_settings
from local.stack import PROJECT

pytestmark = pytest.mark.e2e


def built(layer: str, folder: Path, target: Path) -> Path:
    target.mkdir()
    subprocess.run(
        ["make", "--makefile", "Makefile", f"build-{layer}"],
        cwd=PROJECT / "layers" / folder,
        env={**without_aws_settings(), "ARTIFACTS_DIR": str(target)},
        check=True,
        capture_output=True,
    )
    return target / "python"


def digest(folder: Path) -> str:
    """Of all names, contents and times."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        whole.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}\n".encode())
        whole.update(path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("DependenciesLayer", Path("dependencies"), tmp_path_factory.mktemp("layers") / "one")


def test_native_modules_are_there_for_both_architectures_and_for_nothing_else(dependencies: Path) -> None:
    native = {str(path.relative_to(dependencies)) for path in dependencies.rglob("*.so*")}

    assert "orjson/orjson.cpython-313-aarch64-linux-gnu.so" in native
    for name in native:
        assert "cpython-313-aarch64-linux-gnu" in name or "cpython-313-x86_64-linux-gnu" in name
        assert {name.replace("x86_64", "aarch64"), name.replace("aarch64", "x86_64")} <= native


def test_every_locked_package_is_there_with_its_version_and_its_licence(dependencies: Path) -> None:
    lines = (PROJECT / "layers" / "dependencies" / "requirements.txt").read_text().splitlines()
    locked = {line.split()[0].replace("-", "_") for line in lines if "==" in line and line[0].isalpha()}
    found = {
        path.name.removesuffix(".dist-info").replace("-", "==") for path in dependencies.glob("*.dist-info")
    }

    assert found == locked
    for metadata in dependencies.glob("*.dist-info"):
        assert list(metadata.rglob("LICENSE*")), f"{metadata.name} came without its licence"


def test_nothing_is_there_that_no_function_needs(dependencies: Path) -> None:
    unneeded = ("*.pyc", "bin", "tests", "RECORD", "boto3", "botocore")

    assert [path for name in unneeded for path in dependencies.rglob(name)] == []
    assert sum(path.stat().st_size for path in dependencies.rglob("*") if path.is_file()) < 8 * 1024 * 1024


def test_a_second_build_is_the_same_to_the_byte(dependencies: Path, tmp_path: Path) -> None:
    again = built("DependenciesLayer", Path("dependencies"), tmp_path / "two")

    assert digest(again) == digest(dependencies)


def test_the_shipping_layer_holds_the_package_and_no_bytecode(tmp_path: Path) -> None:
    python = built("ShippingLayer", Path("shipping"), tmp_path / "layer")
    source = PROJECT / "layers" / "shipping"

    assert {str(path.relative_to(python)) for path in python.rglob("*") if path.is_file()} == {
        str(path.relative_to(source))
        for path in (source / "loginformant_shipper").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
