"""Charts of a measured feed, as SVG strings: levels on one axis, and a level over time."""

from collections.abc import Sequence

from markupsafe import Markup

from narratives.evaluation import Figure
from narratives.field.figures import FieldRow

_WIDE, _HIGH = 150, 80  # of a small chart over time, in user units


def draw_levels(figure: Figure | None, naive: float, top: float, label: str) -> Markup:
    """A prevalence with its interval between 0 and `top`, a dotted line at the share that is raised."""
    parts = [Markup('<line class="mark" x1="{0:.1f}%" x2="{0:.1f}%" y1="0" y2="18"/>').format(100 * min(naive / top, 1))]
    if figure and figure.value is not None and figure.low is not None and figure.high is not None:
        low, value, high = (100 * min(side / top, 1) for side in (figure.low, figure.value, figure.high))
        line = Markup('<line x1="{:.1f}%" x2="{:.1f}%" y1="{}" y2="{}"/>')
        ends = [(low, high, 9, 9), (low, low, 5.5, 12.5), (high, high, 5.5, 12.5)]
        whisker = Markup("").join(line.format(*end) for end in ends)
        parts.append(Markup('<g class="whisker run-0">{}</g>').format(whisker))
        parts.append(Markup('<circle class="dot run-0" cx="{:.1f}%" cy="9" r="4.5"/>').format(value))
    start = Markup('<svg class="strip" role="img" aria-label="{}" width="100%" height="18">').format(label)
    return start + Markup("").join(parts) + Markup("</svg>")


def draw_series(rows: Sequence[FieldRow], periods: Sequence[str], label: str) -> Markup:
    """The prevalence of each period with its interval; the dotted line is the share that is raised."""
    spans = [row.prevalence.high or 0.0 for row in rows if row.prevalence]
    top = max([*spans, *(row.naive for row in rows), 1e-6])
    place = {period: _WIDE * (k + 0.5) / len(periods) for k, period in enumerate(periods)}
    placed = [(place[row.value], row) for row in rows if row.value in place]
    parts = [Markup('<rect class="field" width="{}" height="{}"/>').format(_WIDE, _HIGH)]
    naive = "M" + "L".join(f"{x:.1f} {_HIGH * (1 - row.naive / top):.1f}" for x, row in placed)
    parts.append(Markup('<path class="mark" fill="none" d="{}"/>').format(naive))
    whole = [(x, row.prevalence) for x, row in placed if row.prevalence and row.prevalence.value is not None]
    if whole:
        path = "M" + "L".join(f"{x:.1f} {_HIGH * (1 - (figure.value or 0.0) / top):.1f}" for x, figure in whole)
        parts.append(Markup('<path class="curve run-0" d="{}"/>').format(path))
    for x, figure in whole:
        low, value, high = (_HIGH * (1 - (side or 0.0) / top) for side in (figure.low, figure.value, figure.high))
        line = Markup('<line class="whisker run-0" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>')
        parts.append(line.format(x, low, high))
        parts.append(Markup('<circle class="dot run-0" cx="{:.1f}" cy="{:.1f}" r="3.2"/>').format(x, value))
    tick = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    parts += [tick.format(-4, 7, "end", f"{100 * top:.2g} %"), tick.format(-4, _HIGH + 1, "end", "0")]
    for period in dict.fromkeys((periods[0], periods[-1])):
        parts.append(tick.format(place[period], _HIGH + 12, "middle", period))
    start = Markup('<svg class="curves" role="img" aria-label="{}" viewBox="-30 -4 {} {}">')
    return start.format(label, _WIDE + 42, _HIGH + 20) + Markup("").join(parts) + Markup("</svg>")
