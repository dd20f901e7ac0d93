"""Small figures as SVG strings, drawn in the colours of the page."""

from markupsafe import Markup

from narratives.evaluation import Figure

_WIDTH, _HEIGHT = 180, 16


def draw_score(figure: Figure, label: str) -> Markup:
    """A bar from 0 to the value, with its interval as a line."""
    if figure.value is None:
        return Markup("")
    parts = [_rectangle("track", _WIDTH), _rectangle("bar", figure.value * _WIDTH)]
    if figure.low is not None and figure.high is not None:
        parts.append(_whisker(figure.low * _WIDTH, figure.high * _WIDTH))
    return _svg(parts, label)


def draw_difference(figure: Figure, label: str, reach: float) -> Markup:
    """A dot with its interval around a line at zero; the axis runs from -reach to reach."""
    if figure.value is None:
        return Markup("")

    def x(value: float) -> float:
        return (max(-reach, min(reach, value)) / reach + 1) / 2 * _WIDTH

    parts = [Markup('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(_WIDTH / 2, _HEIGHT)]
    if figure.low is not None and figure.high is not None:
        side = "up" if figure.low > 0 else "down" if figure.high < 0 else "even"
        parts.append(_whisker(x(figure.low), x(figure.high)))
        parts.append(Markup('<circle class="{}" cx="{:.1f}" cy="8" r="4"/>').format(side, x(figure.value)))
    return _svg(parts, label)


def _rectangle(kind: str, width: float) -> Markup:
    return Markup('<rect class="{}" x="0" y="4" width="{:.1f}" height="8"/>').format(kind, width)


def _whisker(low: float, high: float) -> Markup:
    path = Markup('<path class="whisker" d="M{0:.1f} 8H{1:.1f}M{0:.1f} 4.5V11.5M{1:.1f} 4.5V11.5"/>')
    return path.format(low, high)


def _svg(parts: list[Markup], label: str) -> Markup:
    start = Markup('<svg class="plot" role="img" aria-label="{}" viewBox="-2 0 {} {}" width="{}" height="{}">')
    size = (_WIDTH + 4, _HEIGHT)
    return start.format(label, *size, *size) + Markup("").join(parts) + Markup("</svg>")
