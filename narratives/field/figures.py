"""Rows of a field report: for each claim counts, figures with intervals, and what it would take to know more."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from narratives.evaluation import Figure
from narratives.field.chain import LEVEL, Bounds, Chain, estimate
from narratives.field.estimates import LEAST, Tally, stack
from narratives.field.power import find_needed, find_noticeable, find_variance

WIDTH = 0.01  # of prevalence: the reach for which the labels needed are told


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A claim in the feed. Figures are `None` where too few texts were read: then `plan` says how many are needed."""

    narrative: str
    stance: str  # empty: whatever the stance
    column: str  # by which the feed is cut, such as month or source; empty: all of it
    value: str
    texts: int
    labels: int  # read, of those drawn by lot
    carrying: int  # read texts that carry it, however drawn
    raised: int  # texts of the feed for which the model raises it
    naive: float  # their share: what counting answers would say
    prevalence: Figure | None = None
    together: Figure | None = None  # its interval where claims are made about all narratives at once
    precision: Figure | None = None
    recall: Figure | None = None
    f1: Figure | None = None
    noticeable: float | None = None  # the smallest rise that two such samples notice four times in five
    needed: int | None = None  # labels with which prevalence is known to +-width
    plan: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def make_rows(tallies: Sequence[Tally], width: float = WIDTH, among: int = 1) -> list[FieldRow]:
    """Rows of claims, in their order; `among` is the number of claims that are made together."""
    enough = [tally for tally in tallies if tally.labels >= LEAST]
    chains: dict[int, tuple[Chain, Bounds, int]] = {}
    if enough:
        raised_cells, other_cells = (
            stack([tally.raised_cells for tally in enough]),
            stack([tally.other_cells for tally in enough]),
        )
        chain = estimate(raised_cells, other_cells)
        together = estimate(raised_cells, other_cells, 1 - (1 - LEVEL) / among).prevalence if among > 1 else chain.prevalence
        needed = find_needed(raised_cells, other_cells, width)
        chains = {id(tally): (chain, together, k) for k, tally in enumerate(enough)}
    rows = []
    for tally in tallies:
        if id(tally) not in chains:
            rows.append(_begin(tally, plan=_plan(tally)))
            continue
        chain, together, k = chains[id(tally)]
        rows.append(_finish(tally, chain, together, k, int(needed[k])))
    return rows


def _finish(tally: Tally, chain: Chain, together: Bounds, k: int, needed: int) -> FieldRow:
    read = float(tally.raised_cells.seen)
    level = max(float(chain.prevalence.value[k]), (tally.carrying + 0.5) / (tally.labels + 1) if not tally.carrying else 0.0)
    variance = float(find_variance(tally.raised_cells, tally.other_cells))
    return _begin(
        tally,
        prevalence=_to_figure(chain.prevalence, k),
        together=_to_figure(together, k),
        precision=_to_figure(chain.precision, k, read),
        recall=_to_figure(chain.recall, k, float(tally.carrying)),
        f1=_to_figure(chain.f1, k, read + tally.carrying),
        noticeable=find_noticeable(level, variance, (tally.labels, tally.labels), 1 - LEVEL),
        needed=needed,
    )


def _begin(tally: Tally, **figures: Any) -> FieldRow:
    claim = tally.claim
    return FieldRow(
        narrative=claim.narrative,
        stance=claim.stance,
        column=claim.column,
        value=claim.value,
        texts=tally.texts,
        labels=tally.labels,
        carrying=tally.carrying,
        raised=tally.raised,
        naive=round(tally.naive, 6),
        **figures,
    )


def _plan(tally: Tally) -> str:
    if not tally.labels:
        return f"no text of it was read: no estimate; read at least {LEAST}"
    return f"{tally.labels} read: too few for an estimate; read {LEAST - tally.labels} more at least"


def _to_figure(bounds: Bounds, k: int, cases: float | None = None) -> Figure:
    value, low, high = (float(side[k]) for side in (bounds.value, bounds.low, bounds.high))
    if value != value:  # its interval, 0 to 1, tells nothing
        return Figure(value=None, low=None, high=None, cases=cases)
    return Figure(value=round(value, 6), low=round(low, 6), high=round(high, 6), cases=cases)
