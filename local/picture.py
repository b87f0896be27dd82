"""Show in `docs/make-run.svg` and in a block of `README.md` what `make run` printed (`make picture`)."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

PROJECT = Path(__file__).parents[1]
PICTURE = PROJECT / "docs" / "make-run.svg"
README = PROJECT / "README.md"
WIDTH = 96
"""The number of characters that GitHub shows of a line in a block."""
SECONDS = 600
LEFT_OUT = "…"

_BLOCK = re.compile(r"(<!-- Written by `make picture`\. -->\n```text\n).*?(?=```\n)", re.DOTALL)

_ERASED = re.compile(r"^\x1b\[\?25l\x1b\[\?25h\n", re.MULTILINE)
"""The line of a spinner: it hides the cursor and shows it again, and a terminal erases the line."""

# Rich's own frame uses a font from another host, which browsers do not load for images.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px;
line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Passage(NamedTuple):
    """Lines of the output that are shown."""

    begins: str
    """The beginning of the first of them."""
    lines: int
    after: str = ""
    """The beginning of a line after which the passage is searched; empty for all lines."""


IN_THE_PICTURE = (
    Passage("CloudWatch Logs →", 7),
    Passage("What arrived at the ingest API", 17),
    Passage("One log is bad", 1),
    Passage("The ingest API goes down", 4),
    Passage("It is back.", 5),
    Passage("What the functions counted", 6),
)
IN_THE_README = (Passage("$ shipctl dlq stats", 12, after="The ingest API goes down"),)


class NotPrinted(Exception):
    """A line is missing in the output. The text is one line that says how it begins."""


def printed_by_run() -> list[Text]:
    """Run the demonstration, as in a terminal with colours, and return its lines.

    Raises:
        CalledProcessError: The demonstration failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        env={**os.environ, "COLUMNS": str(WIDTH), "TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0"},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
        timeout=SECONDS,
    )
    return list(Text.from_ansi(_ERASED.sub("", done.stdout)).split(allow_blank=True))


def excerpt(printed: Sequence[Text], passages: Sequence[Passage]) -> list[Text]:
    """Return the passages of an output in their order, with a mark where something is left out.

    Raises:
        NotPrinted: A passage is missing, or not after the previous one.
    """
    shown: list[Text] = []
    end = 0
    for passage in passages:
        begin = _position(printed, passage.after, end) if passage.after else end
        begin = _position(printed, passage.begins, begin)
        if shown:
            shown.append(
                Text(LEFT_OUT, "dim") if any(line.plain.strip() for line in printed[end:begin]) else Text()
            )
        end = begin + passage.lines
        shown += printed[begin:end]
    return shown


def _position(printed: Sequence[Text], begins: str, start: int) -> int:
    for position, line in enumerate(printed[start:], start):
        if line.plain.startswith(begins):
            return position
    raise NotPrinted(f"no line of the output begins with {begins!r} after line {start}")


def drawn(lines: Sequence[Text]) -> str:
    """Return lines as SVG, in the frame of a terminal, which is dark on a light page, too."""
    console = Console(width=WIDTH, record=True, file=StringIO(), force_terminal=True, color_system="standard")
    for line in (*lines, Text()):  # rich cuts the last line short unless it is blank
        console.print(line, no_wrap=True, overflow="crop", highlight=False)
    return console.export_svg(title="make run", code_format=_FRAME, unique_id="run")


def with_block(document: str, lines: Sequence[Text]) -> str:
    """Return a document with these lines in its block of what `make run` prints."""
    text = "".join(f"{line.plain.rstrip()}\n" for line in lines)
    changed, blocks = _BLOCK.subn(lambda found: found[1] + text, document)
    assert blocks == 1
    return changed


def main() -> None:
    """Run the demonstration, draw the picture and write the block."""
    printed = printed_by_run()
    PICTURE.write_text(drawn(excerpt(printed, IN_THE_PICTURE)), encoding="utf-8")
    block = excerpt(printed, IN_THE_README)
    README.write_text(with_block(README.read_text(encoding="utf-8"), block), encoding="utf-8")
    print(f"{PICTURE.relative_to(PROJECT)} and {README.relative_to(PROJECT)} show this run.")


if __name__ == "__main__":
    main()
