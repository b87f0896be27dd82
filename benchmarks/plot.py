"""Draw measured figures as SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, NAIVE, GOAL = "#0969da", "#8c959f", "#cf222e"
STEPS = ("#0a3069", "#0969da", "#54aeff", "#1a7f37", "#bf8700", "#8250df", "#afb8c1")


class Bar(NamedTuple):
    """The ratio of this shipper to the naive one, and its maximum."""

    label: str
    ratio: float
    most: float


class Parts(NamedTuple):
    """The processor time of each step for one payload."""

    label: str
    microseconds: Sequence[float]
    """The microseconds of each step for one log event."""


def draw_ratios(bars: Sequence[Bar], file: Path) -> None:
    """Draw the ratios with the naive shipper (1) and the goal."""
    figure, axes = _figure(rows=len(bars))
    places = range(len(bars))
    axes.barh(places, [bar.ratio for bar in bars], height=0.55, color=OURS, label="this shipper")
    axes.axvline(1, color=NAIVE, linewidth=2, label="a naive shipper")
    for place, bar in zip(places, bars, strict=True):
        label = None if place else "at most"
        # On white: red on blue is hard to see.
        ends = [place - 0.38, place + 0.38]
        axes.plot([bar.most] * 2, ends, color="white", linewidth=5, solid_capstyle="butt")
        axes.plot([bar.most] * 2, ends, color=GOAL, linewidth=2, label=label)
        # At the beginning of the bar, where no line runs through the figure.
        axes.text(0.03, place, f"{bar.ratio:.2f}", ha="left", va="center", color="white")
    axes.set_yticks(places, [bar.label for bar in bars])
    axes.set_xlabel("processor time, as a multiple of a naive shipper's")
    axes.set_xlim(0, max(max(bar.ratio, bar.most) for bar in bars) * 1.08)
    _write(figure, axes, file)


def draw_parts(steps: Sequence[str], payloads: Sequence[Parts], file: Path) -> None:
    """Draw the time for each step for a log event, with a bar for each payload."""
    figure, axes = _figure(rows=len(payloads))
    places = range(len(payloads))
    left = [0.0] * len(payloads)
    for index, (step, colour) in enumerate(zip(steps, STEPS, strict=False)):
        widths = [parts.microseconds[index] for parts in payloads]
        axes.barh(places, widths, left=left, height=0.55, color=colour, label=step)
        left = [at + width for at, width in zip(left, widths, strict=True)]
    axes.set_yticks(places, [parts.label for parts in payloads])
    axes.set_xlabel("microseconds of processor time for each log event")
    _write(figure, axes, file)


def empty_figure(width: float, height: float) -> "Figure":
    """Return a figure with a size in inches, whose SVG is deterministic."""
    import matplotlib as mpl  # imported here, since other measurements do not need it
    from matplotlib.figure import Figure

    mpl.rcParams |= {"svg.fonttype": "path", "svg.hashsalt": "loginformant", "font.size": 10}
    return Figure(figsize=(width, height), layout="constrained")


def write(figure: "Figure", file: Path) -> None:
    """Write a figure as SVG with a white background, so that it is also readable on a dark page."""
    figure.savefig(file, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})


def _figure(rows: int) -> "tuple[Figure, Axes]":
    figure = empty_figure(8, 1.3 + 0.5 * rows)
    return figure, figure.add_subplot()


def _write(figure: "Figure", axes: "Axes", file: Path) -> None:
    axes.invert_yaxis()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color="#d0d7de", linewidth=0.6)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    write(figure, file)
