"""`python -m benchmarks.levels [--misses]`: measure the accuracy and the speed of level inference.

Accuracy is measured on the open examples if they are available; speed on them and on generated streams,
compared with an earlier revision.
"""

import argparse

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.levels.accuracy import Result, Shares, by_category, mean_of_families, results
from benchmarks.levels.examples import OPEN_EXAMPLES, read
from benchmarks.levels.revisions import BEFORE_THE_HEADER, inference_of, today
from benchmarks.levels.speed import Speed, speed
from benchmarks.levels.streams import streams

MESSAGE = 160
"""The number of characters of a message that are shown."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.levels", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="list wrong levels with the rule that decided")
    parser.add_argument(
        "--against", metavar="REVISION", default=BEFORE_THE_HEADER, help="the earlier revision (%(default)s)"
    )
    arguments = parser.parse_args()
    console = Console()
    messages = streams()
    if OPEN_EXAMPLES.exists():
        examples = read(OPEN_EXAMPLES)
        found = results(examples)
        console.print(_table(found))
        messages["open examples"] = [example.message for example in examples]
        if arguments.misses:
            for result in found:
                if not result.exact:
                    console.print(_miss(result), markup=False, soft_wrap=True)
    else:
        console.print(f"No examples at {OPEN_EXAMPLES}: accuracy was not measured.", soft_wrap=True)
    before = inference_of(arguments.against)
    took = {name: speed(lines, before, today()) for name, lines in messages.items()}
    console.print(_speed_table(took, arguments.against))


def _speed_table(took: dict[str, Speed], revision: str) -> Table:
    table = Table(title="Messages a second on one core, parsing included")
    table.add_column("stream", no_wrap=True)
    for heading in (revision, "today", "ratio", "level alone"):
        table.add_column(heading, justify="right")
    for name, row in took.items():
        table.add_row(
            escape(name),
            f"{row.before_per_second:,.0f}",
            f"{row.today_per_second:,.0f}",
            f"{row.ratio:.2f}",
            f"{row.level_ratio:.2f}",
        )
    table.caption = "level alone: the ratio on messages that are parsed already."
    return table


def _table(found: list[Result]) -> Table:
    table = Table(title="Levels on the open examples")
    table.add_column("category", no_wrap=True)
    for heading in ("events", "exact", "defensible", "misses", "alarms"):
        table.add_column(heading, justify="right")
    categories = by_category(found)
    for name, row in categories.items():
        table.add_row(name, *_cells(row))
    table.add_section()
    table.add_row("mean of the families", *_cells(mean_of_families(categories)), style="bold")
    table.caption = (
        "misses: Error or Fatal shown as Information or Debug; alarms: the reverse.\n"
        "The mean leaves access-log and ambiguous out."
    )
    return table


def _cells(row: Shares) -> list[str]:
    return [f"{row.events:,}", *(f"{share:.1%}" for share in row[1:])]


def _miss(result: Result) -> str:
    example, decision = result
    wanted = "/".join([example.level, *sorted(example.accept)])
    place = f"{example.category}/{example.format or '-'}"
    return f"{place}: {wanted} wanted, {decision.level} by {decision.rule}: {example.message[:MESSAGE]!r}"


if __name__ == "__main__":
    main()
