"""Draw samples: rate, memory, threads and sockets over the same time, one below the other."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.plot import empty_figure, write
from tests.soak.samples import Sample

COLOURS = ("#0969da", "#8250df", "#1a7f37", "#bf8700")


def draw(samples: Sequence[Sample], file: Path, window: int = 10) -> None:
    """Draw samples as SVG. The rate is that of the last `window` samples."""
    minutes = [sample.seconds / 60 for sample in samples]
    rows: list[tuple[str, list[float]]] = [
        ("log events a second", [_rate(samples, index, window) for index in range(len(samples))]),
        ("memory, MiB", [sample.memory_mib for sample in samples]),
        ("threads", [float(sample.threads) for sample in samples]),
        ("TCP sockets", [float(sample.sockets) for sample in samples]),
    ]
    figure = empty_figure(9, 7)
    for axes, (name, values), colour in zip(
        figure.subplots(len(rows), sharex=True), rows, COLOURS, strict=True
    ):
        axes.plot(minutes, values, color=colour, linewidth=1.2)
        axes.set_ylim(0, max(values) * 1.15 or 1)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_title(f"{name}: at most {max(values):,.0f}", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#d0d7de", linewidth=0.6)
    axes.set_xlabel("minutes since the start")
    write(figure, file)


def _rate(samples: Sequence[Sample], index: int, window: int) -> float:
    last, first = samples[index], samples[max(index - window, 0)]
    if last.seconds == first.seconds:
        return last.delivered / last.seconds
    return (last.delivered - first.delivered) / (last.seconds - first.seconds)
