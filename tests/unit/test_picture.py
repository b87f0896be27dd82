"""The picture and the block of README.md show the output of `make run` in its current words."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from loginformant_shipper.failures import Reason
from rich.text import Text
from shipctl.dlq.meanings import MEANINGS

from local.demo_tables import accounts_table, arrived_table, verdict
from local.picture import (
    IN_THE_PICTURE,
    IN_THE_README,
    LEFT_OUT,
    PICTURE,
    README,
    NotPrinted,
    Passage,
    drawn,
    excerpt,
    with_block,
)
from local.reckoning import Reckoning
from tests.unit.documented_commands import Command, check, split_commands
from tests.unit.test_demo_tables import EVENT, POISONOUS, log, printed

CHARACTER_WIDTH = 12.2
"""Width of a character in rich's SVG, whose font is 20 units high."""

OUTPUT = [Text(line) for line in ("one", "two", "", "three", "four", "", "two", "five")]


def shown(*passages: Passage) -> list[str]:
    return [line.plain for line in excerpt(OUTPUT, passages)]


def text_of(svg: str) -> list[str]:
    """Return the lines of a picture from the positions of its texts, without the blank last line."""
    lines: dict[float, str] = {}
    for piece in ElementTree.fromstring(svg).iterfind(".//{*}text[@clip-path]"):
        place = float(piece.attrib["y"])
        column = round(float(piece.attrib["x"]) / CHARACTER_WIDTH)
        lines[place] = lines.get(place, "").ljust(column) + (piece.text or "").replace("\xa0", " ")
    return [line.rstrip() for _, line in sorted(lines.items())][:-1]


def shape(line: str) -> str:
    """Return a line with one sign for each number and single spaces."""
    return " ".join(re.sub(r"\d+", "#", line).split())


def block_of_the_readme() -> list[str]:
    found = re.search(
        r"<!-- Written by `make picture`\. -->\n```text\n(.*?)```",
        README.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found
    return found[1].splitlines()


def test_passages_are_shown_in_order_with_a_mark_where_lines_are_left_out() -> None:
    assert shown(Passage("one", 1), Passage("three", 2)) == ["one", LEFT_OUT, "three", "four"]
    assert shown(Passage("one", 2), Passage("three", 1)) == ["one", "two", "", "three"]


def test_a_passage_is_searched_after_the_one_that_it_follows() -> None:
    assert shown(Passage("two", 2, after="three")) == ["two", "five"]


def test_a_passage_that_was_not_printed_is_an_error() -> None:
    with pytest.raises(NotPrinted, match="'six'"):
        shown(Passage("six", 1))
    with pytest.raises(NotPrinted, match="'one'"):
        shown(Passage("two", 1), Passage("one", 1))


def test_a_picture_has_the_text_of_its_lines_and_no_external_resources() -> None:
    picture = drawn([Text.from_ansi("\x1b[1;31m$ shipctl\x1b[0m  dlq stats"), Text(), Text("<&> ✓ 27")])
    assert text_of(picture) == ["$ shipctl  dlq stats", "", "<&> ✓ 27"]
    assert set(re.findall(r"https?://[^\s\"]+", picture)) == {"http://www.w3.org/2000/svg"}


def test_only_the_block_is_changed() -> None:
    document = "before\n<!-- Written by `make picture`. -->\n```text\nold\n```\nafter\n"
    assert with_block(document, [Text("new  ")]) == document.replace("old", "new")


def test_the_picture_shows_the_current_output() -> None:
    """The headings and the last line, which says that nothing is lost, are compared."""
    picture = text_of(PICTURE.read_text(encoding="utf-8"))
    for passage in IN_THE_PICTURE:
        assert any(line.startswith(passage.begins) for line in picture), passage
    shapes = {shape(line) for line in picture}
    counts = printed(accounts_table({"shipper": Counter(), "replay": Counter()})).splitlines()
    assert {shape(line) for line in counts} <= shapes | {""}
    columns = printed(arrived_table([log("orders", "Error", "no stock left")], most=1)).splitlines()[2]
    assert shape(columns) in shapes
    said = verdict(Reckoning([EVENT], [POISONOUS], [], [], [], 0)).plain
    assert shape(said) in shapes


def test_the_shown_commands_are_accepted() -> None:
    lines = [*text_of(PICTURE.read_text(encoding="utf-8")), *block_of_the_readme()]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert len(commands) > 1
    for command in commands:
        (words,) = split_commands(command)
        check(Command("what make run prints", words, complete=True))


def test_the_readme_shows_the_current_words() -> None:
    block = block_of_the_readme()
    assert block[0].startswith(IN_THE_README[0].begins)
    assert len(block) == IN_THE_README[0].lines
    assert MEANINGS[Reason.UNAVAILABLE].what in block[-1]
