"""`docs/cli.md` names what `shipctl` can do, as it is."""

from local.cli_reference import REFERENCE, cli_reference


def test_the_reference_is_what_the_program_says() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == cli_reference(), "make reference writes it"


def test_flags_and_arguments_show_no_types() -> None:
    assert "<bool>" not in cli_reference()
    assert "* `FILE`: " in cli_reference()
