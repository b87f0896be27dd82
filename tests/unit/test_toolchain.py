"""A package is only made with the pinned Python and zlib."""

import re
from pathlib import Path

import pytest

from release import toolchain
from release.toolchain import OtherToolchain, Toolchain, pinned, refuse_another

PROJECT = Path(__file__).parents[2]


def test_the_pinned_toolchain_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "at_hand", lambda: pinned(PROJECT))
    refuse_another(PROJECT)


@pytest.mark.parametrize("other", ["python", "zlib"])
def test_any_other_toolchain_is_refused_with_the_remedy(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pinned(PROJECT)
    found = Toolchain(**{"python": wanted.python, "zlib": wanted.zlib, other: "9.9.9"})
    monkeypatch.setattr(toolchain, "at_hand", lambda: found)
    with pytest.raises(OtherToolchain, match=re.escape(f"this is {found}")) as refused:
        refuse_another(PROJECT)
    assert str(wanted) in str(refused.value)


def test_the_pinned_python_has_the_minor_version_of_lambda() -> None:
    """Lambda cannot use bytecode of another minor version."""
    runtime = re.search(r"Runtime: python(\S+)", (PROJECT / "template.yaml").read_text())
    assert runtime
    assert pinned(PROJECT).python.startswith(f"{runtime[1]}.")
