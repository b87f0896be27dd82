"""`python -m benchmarks.levels [--misses]`: accuracy and speed of level inference on the open examples."""

import argparse

from rich.console import Console
from rich.table import Table

from benchmarks.levels.accuracy import Result, Shares, by_category, mean_of_families, results
from benchmarks.levels.examples import OPEN_EXAMPLES, read
from benchmarks.levels.speed import speed

MESSAGE = 160
"""Characters of a message that are shown."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.levels", description=__doc__)
    parser.add_argument(
        "--misses", action="store_true", help="list what is wrong, with the rule that decided"
    )
    arguments = parser.parse_args()
    console = Console()
    if not OPEN_EXAMPLES.exists():
        console.print(f"No examples at {OPEN_EXAMPLES}: nothing was measured.", soft_wrap=True)
        return
    examples = read(OPEN_EXAMPLES)
    found = results(examples)
    console.print(_table(found))
    took = speed([example.message for example in examples])
    console.print(
        f"{took.events_per_second:,.0f} events/s on one core, parsing included: "
        f"{took.ratio:.2f} times a case-insensitive search for a level word"
    )
    if arguments.misses:
        for result in found:
            if not result.exact:
                console.print(_miss(result), markup=False, soft_wrap=True)


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
