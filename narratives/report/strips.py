"""Strips for the cells of a table, as SVG strings: as wide as their cell, drawn in the colours of the page."""

from collections.abc import Sequence

from markupsafe import Markup

from narratives.evaluation import Figure
from narratives.metrics import BETTER, WORSE

_LANE = 14  # pixels that a run takes up in a strip
_CAP = 3.5  # half the height of the ends of an interval


def draw_score(figure: Figure, label: str, run: int = 0) -> Markup:
    """A bar from 0 to the value, in the colour of its run, with its interval as a line."""
    if figure.value is None:
        return Markup("")
    parts = [_draw_bar("track", 1), _draw_bar(f"bar run-{run}", figure.value)]
    if figure.low is not None and figure.high is not None:
        parts.append(_draw_whisker(figure.low, figure.high, 8))
    return _svg(parts, 16, label)


def draw_count(count: int, most: int, label: str) -> Markup:
    """A thin bar for a number among others; `most` is the largest of them."""
    return _svg([_draw_bar("count", count / most if most else 0, height=4)], 16, label)


def draw_dots(figures: Sequence[Figure], label: str, marks: Sequence[float | None] = ()) -> Markup:
    """A lane for each run from 0 to 1: its value and interval, and a dotted line at its mark. The page draws the grid."""
    height = _LANE * len(figures) + 4
    parts = []
    for run, mark in enumerate(marks):
        if mark is not None:
            line = Markup('<line class="mark run-{0}" x1="{1:.1f}%" x2="{1:.1f}%" y1="0" y2="{2}"/>')
            parts.append(line.format(run, 100 * mark, height))
    for run, figure in enumerate(figures):
        middle = 2 + _LANE * (run + 0.5)
        if figure.low is not None and figure.high is not None:
            parts.append(_draw_whisker(figure.low, figure.high, middle, f"run-{run}"))
        if figure.value is not None:
            parts.append(draw_dot(run, f"{100 * figure.value:.1f}%", middle))
    return _svg(parts, height, label)


def draw_axis(ticks: Sequence[str] = ("0", ".25", ".5", ".75", "1")) -> Markup:
    """The numbers above a column of strips, evenly spread; those who hear the page hear the figures instead."""
    tick = Markup('<text x="{:.1f}%" y="10">{}</text>')
    texts = Markup("").join(tick.format(100 * k / (len(ticks) - 1), text) for k, text in enumerate(ticks))
    return Markup('<svg class="strip axis" aria-hidden="true" width="100%" height="12">{}</svg>').format(texts)


def draw_difference(figure: Figure, label: str, reach: float, verdict: str) -> Markup:
    """A dot, in the colour of its verdict, with its interval around a line at zero; the axis runs from -reach to reach."""
    if figure.value is None:
        return Markup("")

    def place(value: float) -> float:
        return (max(-reach, min(reach, value)) / reach + 1) / 2

    parts = [Markup('<line class="zero" x1="50%" x2="50%" y1="0" y2="16"/>')]
    if figure.low is not None and figure.high is not None:
        side = {BETTER: "up", WORSE: "down"}.get(verdict, "even")
        parts.append(_draw_whisker(place(figure.low), place(figure.high), 8))
        parts.append(Markup('<circle class="{}" cx="{:.1f}%" cy="8" r="4"/>').format(side, 100 * place(figure.value)))
    return _svg(parts, 16, label)


def draw_dot(run: int, x: str, y: float, size: float = 4.5) -> Markup:
    """Where a run stands: a circle for the first, a square for the second, so that colour is not all that tells them apart."""
    if run % 2 == 0:
        return Markup('<circle class="dot run-{}" cx="{}" cy="{:.1f}" r="{:.1f}"/>').format(run, x, y, size)
    side = 1.8 * size  # a square that looks as large as the circle
    square = Markup('<rect class="dot run-{}" x="{}" y="{:.1f}" width="{:.1f}" height="{:.1f}" transform="translate({:.1f})"/>')
    return square.format(run, x, y - side / 2, side, side, -side / 2)


def _draw_bar(kind: str, share: float, height: int = 8) -> Markup:
    bar = Markup('<rect class="{}" y="{}" width="{:.1f}%" height="{}"/>')
    return bar.format(kind, 8 - height // 2, 100 * share, height)


def _draw_whisker(low: float, high: float, y: float, kind: str = "") -> Markup:
    line = Markup('<line x1="{:.1f}%" x2="{:.1f}%" y1="{:.1f}" y2="{:.1f}"/>')
    ends = [(low, high, y, y), (low, low, y - _CAP, y + _CAP), (high, high, y - _CAP, y + _CAP)]
    lines = Markup("").join(line.format(100 * x1, 100 * x2, y1, y2) for x1, x2, y1, y2 in ends)
    return Markup('<g class="whisker{}">{}</g>').format(f" {kind}" if kind else "", lines)


def _svg(parts: list[Markup], height: int, label: str) -> Markup:
    start = Markup('<svg class="strip" role="img" aria-label="{}" width="100%" height="{}">')
    return start.format(label, height) + Markup("").join(parts) + Markup("</svg>")
