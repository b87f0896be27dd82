"""The layers as they are built for AWS Lambda."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.account import without_aws_settings
from local.stack import PROJECT

pytestmark = pytest.mark.e2e


def build(
    layer: str, folder: Path, target: Path, environment: Mapping[str, str], layers: Path = PROJECT / "layers"
) -> subprocess.CompletedProcess[str]:
    target.mkdir()
    return subprocess.run(
        [shutil.which("make") or "make", "--makefile", str(layers / folder / "Makefile"), f"build-{layer}"],
        cwd=layers / folder,
        env={**environment, "ARTIFACTS_DIR": str(target)},
        capture_output=True,
        text=True,
    )


def built(layer: str, folder: Path, target: Path, **variables: str) -> Path:
    done = build(layer, folder, target, {**without_aws_settings(), **variables})
    assert done.returncode == 0, done.stderr
    return target / "python"


def digest(folder: Path) -> str:
    """Return the digest of all names, contents and times."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        whole.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}\n".encode())
        whole.update(path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("DependenciesLayer", Path("dependencies"), tmp_path_factory.mktemp("layers") / "one")


def test_the_layers_have_native_modules_for_exactly_the_two_architectures(dependencies: Path) -> None:
    native = {str(path.relative_to(dependencies)) for path in dependencies.rglob("*.so*")}

    assert "orjson/orjson.cpython-313-aarch64-linux-gnu.so" in native
    for name in native:
        assert "cpython-313-aarch64-linux-gnu" in name or "cpython-313-x86_64-linux-gnu" in name
        assert {name.replace("x86_64", "aarch64"), name.replace("aarch64", "x86_64")} <= native


def test_the_layers_have_every_locked_package_with_its_version_and_licence(dependencies: Path) -> None:
    lines = (PROJECT / "layers" / "dependencies" / "requirements.txt").read_text().splitlines()
    locked = {line.split()[0].replace("-", "_") for line in lines if "==" in line and line[0].isalpha()}
    found = {
        path.name.removesuffix(".dist-info").replace("-", "==") for path in dependencies.glob("*.dist-info")
    }

    assert found == locked
    for metadata in dependencies.glob("*.dist-info"):
        assert list(metadata.rglob("LICENSE*")), f"{metadata.name} came without its licence"


def test_the_layers_hold_nothing_that_no_function_needs(dependencies: Path) -> None:
    unneeded = ("bin", "tests", "RECORD", "boto3", "botocore")

    assert [path for name in unneeded for path in dependencies.rglob(name)] == []
    assert sum(path.stat().st_size for path in dependencies.rglob("*") if path.is_file()) < 12 * 1024 * 1024


def test_a_second_build_is_the_same_to_the_byte(dependencies: Path, tmp_path: Path) -> None:
    again = built("DependenciesLayer", Path("dependencies"), tmp_path / "two")

    assert digest(again) == digest(dependencies)


@pytest.fixture(scope="module")
def shipping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("ShippingLayer", Path("shipping"), tmp_path_factory.mktemp("layers") / "one")


def test_the_shipping_layer_holds_the_package(shipping: Path) -> None:
    source = PROJECT / "layers" / "shipping"

    assert {str(path.relative_to(shipping)) for path in shipping.rglob("*.*") if path.suffix != ".pyc"} == {
        str(path.relative_to(source))
        for path in (source / "loginformant_shipper").rglob("*.*")
        if path.suffix != ".pyc"
    }


def test_a_layer_is_built_in_a_folder_with_a_blank_in_its_name(tmp_path: Path) -> None:
    layers = tmp_path / "a b" / "layers"
    shutil.copytree(PROJECT / "layers", layers)
    environment = {**without_aws_settings(), "LAYER_FOR": "this-machine"}

    for name, folder in (("ShippingLayer", "shipping"), ("DependenciesLayer", "dependencies")):
        target = tmp_path / "a b" / name
        done = build(name, Path(folder), target, environment, layers)
        assert done.returncode == 0, done.stderr
        assert list((target / "python").rglob("*.pyc"))


class TestBytecode:
    @pytest.fixture(params=["shipping", "dependencies"])
    def layer(self, request: pytest.FixtureRequest) -> Path:
        found: Path = request.getfixturevalue(request.param)
        if not list(found.rglob("*.pyc")):
            pytest.skip("Python 3.13 was not found")
        return found

    def test_each_module_has_unchecked_bytecode_of_python_3_13(self, layer: Path) -> None:
        """The first bytes of bytecode: magic number, flags, hash of the source (PEP 552)."""
        for module in layer.rglob("*.py"):
            [compiled] = (module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")
            assert compiled.name == f"{module.stem}.cpython-313.pyc"
            content = compiled.read_bytes()
            assert content[:4] == (3571).to_bytes(2, "little") + b"\r\n"
            assert content[4:8] == (1).to_bytes(4, "little")
            assert content[8:16] == importlib.util.source_hash(module.read_bytes())
            place = f"/opt/python/{module.relative_to(layer)}".encode()
            assert place in content
            assert str(layer).encode() not in content

    def test_a_second_build_is_the_same_to_the_byte(self, shipping: Path, tmp_path: Path) -> None:
        assert digest(built("ShippingLayer", Path("shipping"), tmp_path / "two")) == digest(shipping)

    def test_a_build_for_this_machine_has_bytecode_of_the_running_python(self, tmp_path: Path) -> None:
        python = built(
            "ShippingLayer",
            Path("shipping"),
            tmp_path / "layer",
            LAYER_FOR="this-machine",
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        )
        tags = {path.suffixes[0] for path in python.rglob("*.pyc")}
        assert tags == {f".{sys.implementation.cache_tag}"}


class TestWithoutPython313:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment with the tools that the build of the layer needs, but without Python."""
        tools = tmp_path / "tools"
        tools.mkdir()
        for name in ("bash", "cp", "env", "find", "mkdir", "rm", "touch"):
            (tools / name).symlink_to(shutil.which(name) or name)
        return {"PATH": str(tools), "HOME": str(tmp_path)}

    def test_the_layer_is_built_without_bytecode_and_the_build_says_so(
        self, bare: dict[str, str], tmp_path: Path
    ) -> None:
        done = build("ShippingLayer", Path("shipping"), tmp_path / "layer", bare)
        assert done.returncode == 0, done.stderr
        [line] = [line for line in done.stdout.splitlines() if line.startswith("Without bytecode: ")]
        assert "PYTHON_FOR_LAYERS=" in line
        assert not list((tmp_path / "layer").rglob("*.pyc"))
        assert (tmp_path / "layer/python/loginformant_shipper/pipeline.py").exists()

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"LAYER_BYTECODE": "required"}, "Python 3.13 was not found: install it, or set"),
            ({"PYTHON_FOR_LAYERS": "/nowhere/python"}, "PYTHON_FOR_LAYERS is /nowhere/python: it must be"),
        ],
    )
    def test_requested_bytecode_that_cannot_be_compiled_is_an_error(
        self, variables: dict[str, str], message: str, bare: dict[str, str], tmp_path: Path
    ) -> None:
        done = build("ShippingLayer", Path("shipping"), tmp_path / "layer", bare | variables)
        assert done.returncode != 0
        assert message in done.stderr
