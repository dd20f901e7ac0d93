"""Which narrative is raised where another is missed: a heat map as an SVG string."""

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from narratives.evaluation import Confusion, NarrativeScore

LARGEST = 40  # narratives drawn
SHADES = 5
_CELL, _NAMES, _TOP = 16, 232, 20  # side of a cell, room for the names and for the numbers above, in pixels
_LETTERS = 34


def choose_narratives(confusions: Sequence[Confusion], rows: Sequence[NarrativeScore]) -> list[NarrativeScore]:
    """All narratives, in codebook order; where they are too many to draw, those that are confused most often."""
    if len(rows) <= LARGEST:
        return list(rows)
    often: Counter[str] = Counter()
    for pair in confusions:
        often[pair.missed] += pair.passages
        often[pair.raised] += pair.passages
    chosen = {id_ for id_, _ in often.most_common(LARGEST)}
    return [row for row in rows if row.id in chosen]


def draw_heatmap(confusions: Sequence[Confusion], rows: Sequence[NarrativeScore], label: str) -> Markup:
    """A row for each narrative missed, a column for each raised in its place, the number of passages in the cell."""
    place = {row.id: k for k, row in enumerate(rows)}
    side = _CELL * len(rows)
    most = max((pair.passages for pair in confusions), default=1)
    parts = [Markup('<rect class="field" x="{}" y="{}" width="{}" height="{}"/>').format(_NAMES, _TOP, side, side)]
    for k, row in enumerate(rows):
        parts.append(_draw_names(k, row, side, family_ends=k > 0 and rows[k - 1].family != row.family))
    for pair in confusions:
        if pair.missed in place and pair.raised in place:
            parts.append(_draw_cell(pair, place, {row.id: row.title for row in rows}, most))
    size = (_NAMES + side + 2, _TOP + side + 2)
    start = Markup('<svg class="heatmap" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">')
    return start.format(label, *size, *size) + Markup("").join(parts) + Markup("</svg>")


def _draw_names(k: int, row: NarrativeScore, side: int, family_ends: bool) -> Markup:
    x, y = _NAMES + _CELL * k, _TOP + _CELL * k
    name = row.title if len(row.title) <= _LETTERS else row.title[: _LETTERS - 1].rstrip() + "…"
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    parts = [
        text.format(_NAMES - 26, y + 12, "end", name),
        text.format(_NAMES - 6, y + 12, "end", k + 1),
        text.format(x + _CELL / 2, _TOP - 6, "middle", k + 1),
        Markup('<rect class="itself" x="{}" y="{}" width="{}" height="{}"/>').format(x, y, _CELL, _CELL),
    ]
    if family_ends:
        line = Markup('<path class="family" d="M{} {}H{}M{} {}V{}"/>')
        parts.append(line.format(_NAMES, y, _NAMES + side, x, _TOP, _TOP + side))
    return Markup("").join(parts)


def _draw_cell(pair: Confusion, place: dict[str, int], titles: dict[str, str], most: int) -> Markup:
    x, y = _NAMES + _CELL * place[pair.raised], _TOP + _CELL * place[pair.missed]
    shade = 1 + (SHADES - 1) * (pair.passages - 1) // (max(most, SHADES) - 1)
    start = Markup('<g class="heat-{}"><title>{} missed, {} raised: {}</title>')
    square = Markup('<rect x="{}" y="{}" width="{}" height="{}"/><text x="{}" y="{}" text-anchor="middle">{}</text></g>')
    inside = (x + 0.5, y + 0.5, _CELL - 1, _CELL - 1, x + _CELL / 2, y + 12, pair.passages)
    return start.format(shade, titles[pair.missed], titles[pair.raised], pair.passages) + square.format(*inside)
