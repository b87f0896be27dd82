"""`python -m benchmarks [NAME …] [--json]`: measure the shipper, by default in every respect.

Each figure is compared with another one of the same run: a naive shipper, one request at a time, or an import
of boto3.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.cold_start import BEFORE_BYTECODE, cold_start
from benchmarks.cost import Model, cost
from benchmarks.deadline import FUNCTION_SECONDS, Ending, endings
from benchmarks.drain import CONCURRENCIES, OUTAGE_HOURS, TERABYTES_A_DAY, drain, replay_times
from benchmarks.ingest_sink import ingest_sink
from benchmarks.latency import BATCHES, wall_times
from benchmarks.memory import peak_memory
from benchmarks.plot import Bar, Parts, draw_parts, draw_ratios
from benchmarks.processor_time import (
    MAX_RATIO,
    MAX_RATIOS,
    ProcessorTime,
    processor_time,
    processor_time_with_tls,
)
from benchmarks.redaction import redaction_cost
from benchmarks.stages import Stages, stages

PROCESSOR_TIME = "Processor time for each log event, in microseconds"
PARTS_OF_PROCESSOR_TIME = "Where the processor time goes, in microseconds for each log event"


class Figures(NamedTuple):
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    limit: str = ""
    """The goal, as text."""
    most: float | None = None
    """The maximum of the last column according to the goal."""
    names: int = 1
    """The number of columns that identify the row."""


def _processor(model: Model) -> list[Figures]:
    measured = processor_time()
    costs = [cost(it, model) for it in measured]
    return [
        _times(PROCESSOR_TIME, measured),
        _times(f"{PROCESSOR_TIME}, over TLS", processor_time_with_tls()),
        Figures(
            "Cost in Lambda, in dollars, at example prices",
            ("payload", "a million log events", "a GB of messages"),
            [tuple(it) for it in costs],
            f"{model.gb_second_dollars} a GB-second, {model.million_requests_dollars} a million requests",
        ),
    ]


def _times(title: str, measured: Iterable[ProcessorTime]) -> Figures:
    columns = ("payload", "log events", "shipper", "naive shipper", "at most", "ratio")
    rows = [(it.payload, it.events, it.ours, it.naive, it.max_ratio, it.ratio) for it in measured]
    return Figures(title, columns, rows, f"at most {MAX_RATIO}, mixed {MAX_RATIOS['mixed']}")


def _stages(_: Model) -> list[Figures]:
    with ingest_sink() as url:
        rows: list[tuple[Any, ...]] = [tuple(it) for it in stages(url)]
    return [Figures(PARTS_OF_PROCESSOR_TIME, tuple(Stages._fields), rows)]


def _latency(_: Model) -> list[Figures]:
    rows = [(it.latency, it.several, it.one, it.share) for it in wall_times()]
    title = f"Seconds for {BATCHES} batches of 500, by the milliseconds that the ingest API takes to answer"
    columns = ("latency", "MAX_IN_FLIGHT=8", "MAX_IN_FLIGHT=1", "share")
    return [Figures(title, columns, rows, "at most 0.25 at 50 ms")]


def _cold_start(_: Model) -> list[Figures]:
    start, imports = cold_start()
    rows = [
        ("wall time", start.shipper, start.earlier, start.boto3, start.shipper / start.earlier),
        (
            "processor time",
            start.shipper_processor,
            start.earlier_processor,
            start.boto3_processor,
            start.shipper_processor / start.earlier_processor,
        ),
    ]
    columns = ("seconds", "first request", f"at {BEFORE_BYTECODE}", "boto3, two clients", "ratio")
    packages = [(it.package, it.modules, it.milliseconds) for it in imports if it.milliseconds >= 1]
    return [
        Figures("Cold start of the process", columns, rows, "at most 0.45", 0.45),
        Figures("What the handler imports", ("package", "modules", "milliseconds"), packages),
    ]


def _memory(_: Model) -> list[Figures]:
    rows = [
        (it.messages, it.decompressed, it.delivered, it.idle, it.peak, (it.peak - it.idle), it.ratio)
        for it in peak_memory()
    ]
    columns = ("messages", "decompressed", "delivered", "idle", "peak", "above idle", "ratio")
    return [Figures("Peak memory, in MiB", columns, rows, "at most 5", 5.0, names=3)]


def _redaction(_: Model) -> list[Figures]:
    measured = redaction_cost()
    columns = ("text", "messages", "unredacted, ms a MiB", "ratio")
    title = "Redaction: %s, as a multiple of the processor time without"
    cards = [(it.text, it.messages, it.unredacted, it.credit_card) for it in measured]
    everything = [(it.text, it.messages, it.unredacted, it.all_detectors) for it in measured]
    return [
        Figures(title % "credit-card", columns, cards, "at most 3", 3.0, names=2),
        Figures(title % "all detectors", columns, everything, "at most 5", 5.0, names=2),
    ]


def _deadline(_: Model) -> list[Figures]:
    rows: list[tuple[Any, ...]] = [tuple(it) for it in endings()]
    title = f"A payload of 60 MiB, all detectors, a share of a processor; {FUNCTION_SECONDS:g} s allowed"
    return [Figures(title, Ending._fields, rows, names=2)]


def _drain(model: Model) -> list[Figures]:
    measured = replay_times()
    times = [tuple(it) for it in measured]
    drains = [drain(it, model, volume) for volume in TERABYTES_A_DAY for it in measured]
    rows = [(it.payload, it.terabytes_a_day, it.megabytes_a_second, *it.hours) for it in drains]
    columns = ("payload", "TB a day", "MB a second", *(f"{number} at a time" for number in CONCURRENCIES))
    return [
        Figures("Replay: processor time for each log event", ("payload", "bytes", "microseconds"), times),
        Figures(f"Hours to drain an outage of {OUTAGE_HOURS:g} hours, by ReplayConcurrency", columns, rows),
    ]


MEASUREMENTS: dict[str, Callable[[Model], list[Figures]]] = {
    "processor": _processor,
    "stages": _stages,
    "latency": _latency,
    "cold-start": _cold_start,
    "memory": _memory,
    "redaction": _redaction,
    "deadline": _deadline,
    "drain": _drain,
}


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(MEASUREMENTS)}; default: all"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable figures instead of tables")
    parser.add_argument(
        "--plots",
        metavar="FOLDER",
        type=Path,
        help="folder for SVG plots of the processor time and its parts",
    )
    prices = parser.add_argument_group("prices, in dollars (examples by default)")
    prices.add_argument("--gb-second", type=float, default=Model.gb_second_dollars, help="%(default)s")
    prices.add_argument(
        "--million-requests", type=float, default=Model.million_requests_dollars, help="%(default)s"
    )
    return parser


def main() -> None:
    """Run the measurements that the command line names, and show the results."""
    parser = argument_parser()
    arguments = parser.parse_args()
    model = Model(gb_second_dollars=arguments.gb_second, million_requests_dollars=arguments.million_requests)
    if unknown := set(arguments.names) - set(MEASUREMENTS):
        parser.error(
            f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}"
        )
    found: list[Figures] = []
    console = Console()
    for name in arguments.names or MEASUREMENTS:
        figures = MEASUREMENTS[name](model)
        found += figures
        if not arguments.json:
            for table in map(_table, figures):
                console.print(table)
    if arguments.json:
        print(json.dumps([_as_json(figures) for figures in found], indent=2))
    if arguments.plots:
        _draw(found, arguments.plots)


def _draw(found: Iterable[Figures], folder: Path) -> None:
    for figures in found:
        if figures.title == PROCESSOR_TIME:
            bars = [Bar(f"{row[0]}, {row[1]:,}", row[-1], row[-2]) for row in figures.rows]
            draw_ratios(bars, folder / "processor-time.svg")
        elif figures.title == PARTS_OF_PROCESSOR_TIME:
            parts = [
                Parts(row[0], row[1:-2]) for row in figures.rows
            ]  # without the total and the naive shipper
            draw_parts(figures.columns[1:-2], parts, folder / "parts-of-processor-time.svg")


def _as_json(figures: Figures) -> dict[str, Any]:
    rows: Iterable[dict[str, Any]] = (dict(zip(figures.columns, row, strict=True)) for row in figures.rows)
    return {"title": figures.title, "limit": figures.limit, "rows": list(rows)}


def _table(figures: Figures) -> Table:
    table = Table(title=figures.title, caption=figures.limit)
    for number, column in enumerate(figures.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in figures.rows:
        table.add_row(*(f"{it:,.3g}" if isinstance(it, float) else str(it) for it in row))
    return table


if __name__ == "__main__":
    main()
