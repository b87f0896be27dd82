"""Samples as a picture: one row each for rate, memory, threads and sockets, over the same time."""

from collections.abc import Sequence

from tests.soak.samples import Sample

WIDTH, LEFT, RIGHT = 860, 130, 24
ROW, GAP, TOP, BOTTOM = 110, 26, 20, 44
COLOURS = ("#1f6feb", "#8250df", "#1a7f37", "#bc4c00")


def svg(samples: Sequence[Sample], window: int = 10) -> str:
    """An SVG document. The rate is that of the last `window` samples."""
    times = [sample.seconds for sample in samples]
    rates = [_rate(samples, index, window) for index in range(len(samples))]
    rows = [
        ("events per second", rates),
        ("memory, MiB", [sample.memory_mib for sample in samples]),
        ("threads", [float(sample.threads) for sample in samples]),
        ("TCP sockets", [float(sample.sockets) for sample in samples]),
    ]
    height = TOP + len(rows) * (ROW + GAP) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="13" role="img" aria-label="Rate, memory, threads and sockets over time">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, ((name, values), colour) in enumerate(zip(rows, COLOURS, strict=True)):
        parts += _row(name, times, values, colour, TOP + number * (ROW + GAP))
    bottom = TOP + len(rows) * (ROW + GAP)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, seconds = LEFT + share * (WIDTH - LEFT - RIGHT), share * times[-1]
        anchor = "end" if share == 1.0 else "middle"
        parts.append(
            f'<text x="{x:.0f}" y="{bottom + 4}" text-anchor="{anchor}">'
            f"{seconds // 60:.0f}:{seconds % 60:02.0f}</text>"
        )
    parts.append(f'<text x="{LEFT}" y="{bottom + 28}" fill="#57606a">minutes since the start</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rate(samples: Sequence[Sample], index: int, window: int) -> float:
    last, first = samples[index], samples[max(index - window, 0)]
    if last.seconds == first.seconds:
        return last.delivered / last.seconds
    return (last.delivered - first.delivered) / (last.seconds - first.seconds)


def _row(name: str, times: Sequence[float], values: Sequence[float], colour: str, top: int) -> list[str]:
    most = max(values) * 1.1 or 1.0
    width = WIDTH - LEFT - RIGHT
    points = " ".join(
        f"{LEFT + time / times[-1] * width:.1f},{top + ROW * (1 - value / most):.1f}"
        for time, value in zip(times, values, strict=True)
    )
    return [
        f'<text x="{LEFT - 12}" y="{top + ROW / 2:.0f}" text-anchor="end">{name}</text>',
        f'<text x="{LEFT - 12}" y="{top + ROW / 2 + 18:.0f}" text-anchor="end" fill="#57606a">'
        f"at most {max(values):,.0f}</text>",
        f'<rect x="{LEFT}" y="{top}" width="{width}" height="{ROW}" fill="#f6f8fa" stroke="#d0d7de"/>',
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
    ]
