"""Draw samples: rate, memory, threads and sockets over the same time, one below the other."""

from collections.abc import Sequence
from pathlib import Path

from tests.soak.samples import Sample

COLOURS = ("#0969da", "#8250df", "#1a7f37", "#bf8700")


def draw(samples: Sequence[Sample], file: Path, window: int = 10) -> None:
    """Draw samples as SVG. The rate is that of the last `window` samples."""
    import matplotlib as mpl  # here: the soak itself does without it
    from matplotlib.figure import Figure

    mpl.rcParams |= {"svg.fonttype": "path", "svg.hashsalt": "loginformant", "font.size": 10}
    minutes = [sample.seconds / 60 for sample in samples]
    rows: list[tuple[str, list[float]]] = [
        ("log events a second", [_rate(samples, index, window) for index in range(len(samples))]),
        ("memory, MiB", [sample.memory_mib for sample in samples]),
        ("threads", [float(sample.threads) for sample in samples]),
        ("TCP sockets", [float(sample.sockets) for sample in samples]),
    ]
    figure = Figure(figsize=(9, 7), layout="constrained")
    for axes, (name, values), colour in zip(
        figure.subplots(len(rows), sharex=True), rows, COLOURS, strict=True
    ):
        axes.plot(minutes, values, color=colour, linewidth=1.2)
        axes.set_ylim(0, max(values) * 1.15 or 1)
        axes.set_title(f"{name}: at most {max(values):,.0f}", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#d0d7de", linewidth=0.6)
    axes.set_xlabel("minutes since the start")
    # On white, so that it can be read on a dark page, too.
    figure.savefig(file, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})


def _rate(samples: Sequence[Sample], index: int, window: int) -> float:
    last, first = samples[index], samples[max(index - window, 0)]
    if last.seconds == first.seconds:
        return last.delivered / last.seconds
    return (last.delivered - first.delivered) / (last.seconds - first.seconds)
