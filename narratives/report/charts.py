"""Figures that stand by themselves, as SVG strings: precision-recall curves and the reliability diagram."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from markupsafe import Markup

from narratives.evaluation import NarrativeScore
from narratives.report.strips import draw_dot

_SIDE = 100  # of a small square plot, in user units
_LARGE = 300


def draw_curves(rows: Sequence[NarrativeScore | None], passages: int, label: str) -> Markup:
    """Precision (upwards) against recall of one narrative, a line for each run; a dot where its threshold lies.

    The dotted line is the share of passages that carry it: the precision of raising it for all.
    """
    parts = [_draw_square(_SIDE)]
    support = max((row.support for row in rows if row), default=0)
    if passages:
        level = _SIDE * (1 - support / passages)
        parts.append(Markup('<line class="mark" x1="0" x2="{0}" y1="{1:.1f}" y2="{1:.1f}"/>').format(_SIDE, level))
    for run, row in enumerate(rows):
        if row and row.curve:
            parts.append(Markup('<path class="curve run-{}" d="{}"/>').format(run, _trace_steps(row.curve)))
    for run, row in enumerate(rows):
        if row and row.precision.value is not None and row.recall.value is not None:
            parts.append(draw_dot(run, f"{_SIDE * row.recall.value:.1f}", _SIDE * (1 - row.precision.value), 3.6))
    for k in (0, 1):
        text = Markup('<text x="{:.0f}" y="{}" text-anchor="{}">{}</text>')
        parts.append(text.format(_SIDE * k, _SIDE + 11, "middle", k))
        parts.append(text.format(-5, _SIDE * (1 - k) + 3, "end", k))
    return _svg(parts, f"-14 -6 {_SIDE + 22} {_SIDE + 21}", label, "curves")


def draw_reliability(diagrams: Sequence[Sequence[Mapping[str, Any]]], label: str) -> Markup:
    """Share carried (upwards) against mean score of each bin, a line for each run; larger dots hold more decisions."""
    parts = [_draw_square(_LARGE)]
    line = Markup('<line class="zero" x1="0" x2="{0}" y1="{0}" y2="0"/>')
    parts.append(line.format(_LARGE))
    for k in range(6):
        place = _LARGE * k / 5
        tick = Markup('<text x="{:.0f}" y="{:.0f}" text-anchor="{}">{}</text>')
        parts.append(tick.format(place, _LARGE + 17, "middle", f"{k / 5:g}"))
        parts.append(tick.format(-7, _LARGE - place + 4, "end", f"{k / 5:g}"))
    note = Markup('<text class="note" x="{}" y="{}" text-anchor="{}">{}</text>')
    parts.append(note.format(10, 20, "start", "scores too low"))
    parts.append(note.format(_LARGE - 10, _LARGE - 12, "end", "scores too high"))
    parts.append(note.format(_LARGE / 2, _LARGE + 36, "middle", "mean score"))
    turned = Markup('<text class="note" transform="translate(-32 {}) rotate(-90)" text-anchor="middle">share carried</text>')
    parts.append(turned.format(_LARGE / 2))
    for run, bins in enumerate(diagrams):
        points = [(_LARGE * b["mean"], _LARGE * (1 - b["share"]), b["n"]) for b in bins if b["n"]]
        if points:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points)
            parts.append(Markup('<path class="curve run-{}" d="{}"/>').format(run, path))
        parts += [draw_dot(run, f"{x:.1f}", y, 2.5 + 1.5 * log10(n)) for x, y, n in points]
    return _svg(parts, f"-46 -10 {_LARGE + 58} {_LARGE + 54}", label, "reliability")


def _trace_steps(curve: Sequence[tuple[float, float]]) -> str:
    # Average precision is the area under steps: precision holds from the recall before to this one.
    path = ""
    for recall, precision in curve:
        path += f"{'V' if path else 'M0 '}{_SIDE * (1 - precision):.1f}H{_SIDE * recall:.1f}"
    return path


def _draw_square(side: int) -> Markup:
    grid = [Markup('<rect class="field" width="{0}" height="{0}"/>').format(side)]
    for k in (1, 2, 3, 4) if side == _LARGE else (1,):
        place = side * k / (5 if side == _LARGE else 2)
        grid.append(Markup('<path class="grid" d="M0 {0:g}H{1}M{0:g} 0V{1}"/>').format(place, side))
    return Markup("").join(grid)


def _svg(parts: Sequence[Markup], box: str, label: str, kind: str) -> Markup:
    start = Markup('<svg class="{}" role="img" aria-label="{}" viewBox="{}">')
    return start.format(kind, label, box) + Markup("").join(parts) + Markup("</svg>")
