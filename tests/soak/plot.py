"""Draw samples over time: the rate, and that memory, threads and sockets do not grow."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.plot import empty_figure, write
from tests.soak.samples import Sample, halves

COLOURS = ("#0969da", "#8250df", "#1a7f37", "#bf8700")


def draw(samples: Sequence[Sample], file: Path, window: int = 10) -> None:
    """Draw samples as SVG. The rate is that of the last `window` samples."""
    minutes = [sample.seconds / 60 for sample in samples]
    found = halves(samples)
    mean = samples[-1].delivered / samples[-1].seconds
    rows: list[tuple[str, list[float]]] = [
        (
            f"log events a second: {mean:,.0f} on average",
            [_rate(samples, index, window) for index in range(len(samples))],
        ),
        (_compared("memory, MiB (median)", found.memory_mib, ".1f"), [each.memory_mib for each in samples]),
        (_compared("threads (95th percentile)", found.threads), [float(each.threads) for each in samples]),
        (
            _compared("TCP sockets (95th percentile)", found.sockets),
            [float(each.sockets) for each in samples],
        ),
    ]
    figure = empty_figure(9, 7)
    for axes, (name, values), colour in zip(
        figure.subplots(len(rows), sharex=True), rows, COLOURS, strict=True
    ):
        axes.plot(minutes, values, color=colour, linewidth=1.2)
        axes.set_ylim(0, max(values) * 1.15 or 1)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_title(name, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#d0d7de", linewidth=0.6)
    axes.set_xlabel("minutes since the start")
    write(figure, file)


def _compared(what: str, values: tuple[float, float], form: str = "") -> str:
    first, second = (format(value, form) for value in values)
    return f"{what}: {first} in the first half, {second} in the second"


def _rate(samples: Sequence[Sample], index: int, window: int) -> float:
    last, first = samples[index], samples[max(index - window, 0)]
    if last.seconds == first.seconds:
        return last.delivered / last.seconds
    return (last.delivered - first.delivered) / (last.seconds - first.seconds)
