"""`docs/cli.md` is the reference that is generated from `shipctl`."""

from local.cli_reference import REFERENCE, cli_reference


def test_the_reference_equals_the_generated_one() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == cli_reference(), "make reference writes it"


def test_flags_and_arguments_show_no_types() -> None:
    assert "<bool>" not in cli_reference()
    assert "* `FILE`: " in cli_reference()
