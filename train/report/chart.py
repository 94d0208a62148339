"""Line charts as SVG with colours from the page's style sheet, for light and dark themes.

A plotting library would be larger than everything else that training installs, and has one colour scheme per image.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 10, 36
MOST_POINTS = 160
LOG_FROM = 6.0                    # ratio of the largest to the least value from which the axis is logarithmic


@dataclass(frozen=True)
class Line:
    """`x`, `y` [N]; points that are no numbers are left out. `colour`: number of the page's series."""
    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    colour: int = 0
    dotted: bool = False


def chart(lines: Sequence[Line], x_name: str, y_name: str, log_x: bool = False, dots: bool = False) -> str:
    """SVG of all lines; empty where there is nothing to draw. `log_x`: for sizes that double."""
    kept = [(line, *_thinned(line)) for line in lines]
    kept = [(line, x, y) for line, x, y in kept if len(x)]
    if not kept:
        return ""
    every_x, every_y = np.concatenate([x for _, x, _ in kept]), np.concatenate([y for _, _, y in kept])
    log_y = every_y.min() > 0 and every_y.max() > LOG_FROM * every_y.min()
    x_of, x_ticks = _axis(every_x, LEFT, WIDTH - RIGHT, log_x, sorted(set(every_x)) if log_x else None, tight=not dots)
    y_of, y_ticks = _axis(every_y, HEIGHT - BOTTOM, TOP, log_y)
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_name)} over {escape(x_name)}">']
    parts += [_grid_line(value, y_of(value)) for value in y_ticks]
    parts += [f'<text x="{x_of(value):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_text(value)}</text>' for value in x_ticks]
    parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(x_name)}</text>')
    for line, x, y in kept:
        points = " ".join(f"{x_of(a):.1f},{y_of(b):.1f}" for a, b in zip(x, y, strict=True))
        kind = f"series s{line.colour % 8}" + (" dotted" if line.dotted else "")
        if len(x) > 1:
            parts.append(f'<polyline class="{kind}" points="{points}"><title>{escape(line.name)}</title></polyline>')
        if dots or len(x) == 1:
            parts += [f'<circle class="{kind}" cx="{x_of(a):.1f}" cy="{y_of(b):.1f}" r="3.5">'
                      f"<title>{escape(line.name)}: {_text(b)}</title></circle>" for a, b in zip(x, y, strict=True)]
    return "".join([*parts, "</svg>"])


def bars(values: Sequence[np.ndarray], names: Sequence[str], limit: float, y_name: str) -> str:
    """Several rows of values beside each other, largest first, on one logarithmic axis, and a line at `limit`."""
    rows = [np.sort(np.maximum(np.asarray(row, float), 1e-6))[::-1] for row in values]
    top = max(float(row.max()) for row in rows)
    low = min(limit / 10, top / 100)
    y_of, y_ticks = _axis(np.array([low, max(top, 2 * limit)]), HEIGHT - BOTTOM, TOP, True)
    count = max(len(row) for row in rows)
    slot = (WIDTH - LEFT - RIGHT) / count
    width = max(0.8, 0.8 * slot / len(rows))
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_name)} of each latent">']
    parts += [_grid_line(value, y_of(value)) for value in y_ticks]
    for number, (name, row) in enumerate(zip(names, rows, strict=True)):
        for i, value in enumerate(row):
            y = min(y_of(value), HEIGHT - BOTTOM - 1.0)
            x = LEFT + i * slot + 0.1 * slot + number * width
            parts.append(f'<rect class="bar s{number}" x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{HEIGHT - BOTTOM - y:.1f}">'
                         f"<title>{escape(name)}: {_text(value)}</title></rect>")
    parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(limit):.1f}" y2="{y_of(limit):.1f}"/>'
                 f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">latents, the most used first</text></svg>')
    return "".join(parts)


def _thinned(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Points that are numbers, in their order; means of neighbours where there are very many."""
    x, y = np.asarray(line.x, float), np.asarray(line.y, float)
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    if len(x) <= MOST_POINTS:
        return x, y
    parts = np.array_split(np.arange(len(x)), MOST_POINTS)
    return np.array([x[p].mean() for p in parts]), np.array([y[p].mean() for p in parts])


def _grid_line(value: float, y: float) -> str:
    return (f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_text(value)}</text>')


def _axis(values: np.ndarray, begin: float, end: float, log: bool, ticks: Sequence[float] | None = None,
          tight: bool = False) -> tuple[Callable[[float], float], list[float]]:
    """(a value's place in pixels, the values that are named)."""
    low, high = float(values.min()), float(values.max())
    warp = np.log2 if log else np.asarray
    if ticks is None:
        ticks = _log_ticks(low, high) if log else _even_ticks(low, high)
    if not tight:
        low, high = min(low, ticks[0]), max(high, ticks[-1])
    a, b = float(warp(low)), float(warp(high))
    if b - a < 1e-9:
        a, b = a - 0.5, b + 0.5
    if log and not tight and begin < end:                    # sizes: margins at both sides
        a, b = a - 0.06 * (b - a), b + 0.06 * (b - a)
    place = lambda value: begin + (end - begin) * (float(warp(value)) - a) / (b - a)                      # noqa: E731
    return place, [t for t in ticks if min(begin, end) - 0.5 <= place(t) <= max(begin, end) + 0.5]


def _even_ticks(low: float, high: float) -> list[float]:
    span = max(high - low, 1e-9 * max(abs(high), 1), 1e-12)
    step = 10 ** np.floor(np.log10(span / 4))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= 5)
    return [float(np.round(k * step, 12)) for k in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    fine = len(decades) <= 3
    ticks = [m * 10.0 ** d for d in decades for m in ((1, 2, 5) if fine else (1,))]
    inner = [t for t in ticks if low <= t <= high]
    below, above = [t for t in ticks if t < low], [t for t in ticks if t > high]
    return below[-1:] + inner + above[:1]


def _text(value: float) -> str:
    if value and (abs(value) >= 10_000 or abs(value) < 0.001):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
