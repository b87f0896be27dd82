import pytest
from loginformant_shipper.levels.prose import ends_a_header, is_prose


@pytest.mark.parametrize(
    "left", ["", "web1 orders ", "2026-03-01 10:20:30 [worker of the third pool] shop ", "(a b c d) <e f g> "]
)
def test_names_are_no_sentence(left: str) -> None:
    assert not is_prose(left)
    assert ends_a_header(left or " ")


@pytest.mark.parametrize("left", ["the level is ", "we set it to "])
def test_more_than_two_plain_words_are_a_sentence(left: str) -> None:
    assert is_prose(left)
    assert not ends_a_header(left)


@pytest.mark.parametrize("left", ["SERVICE ", "web1:", "x"])
def test_a_header_ends_with_a_space_and_not_with_capitals(left: str) -> None:
    assert not ends_a_header(left)
