"""`field trends`: the level of each narrative over time and by source, and which changes can be told from chance."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from narratives.data import Codebook
from narratives.errors import UserError
from narratives.field.chain import LEVEL, Cells, compare_periods
from narratives.field.counting import ANY
from narratives.field.design import PERIODS
from narratives.field.estimates import LEAST, Claim, Measured, Tally, stack
from narratives.field.figures import FieldRow, make_rows
from narratives.field.guards import check_answers
from narratives.field.power import find_labels_for_change, find_noticeable, find_variance
from narratives.field.sample import read_labels, read_sample, refuse_other_codebook, settle
from narratives.metrics import holm
from narratives.project import Project

UP, DOWN, OPEN = "up", "down", "can't tell"
ALL = "all"  # in place of a source


@dataclass(frozen=True, slots=True)
class Point:
    """The level of a narrative in one period, of the whole feed or of one source."""

    period: str
    series: str
    row: FieldRow


@dataclass(frozen=True, slots=True)
class Change:
    """From one period to the next: what moved, and whether that can be told from chance among all that was tried."""

    narrative: str
    series: str
    before: str
    after: str
    level_before: float
    level_after: float
    p: float
    p_corrected: float  # Holm, over all changes of the page
    verdict: str  # up, down or can't tell
    noticeable: float | None  # the smallest rise that would have been noticed four times in five, among all that is tried
    needed: int | None  # labels in each period with which a change as large as the one seen is noticed; `None`: out of reach

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trends:
    """Levels over time, and what changed. `.points` have a `.period`, a `.series` and a `.row` as in a field report."""

    samples: list[str]
    run: str
    unit: str  # month, week, ..., or sample
    periods: list[str]
    points: list[Point]
    changes: list[Change]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def write(self, folder: str | Path, codebook: Codebook) -> Path:
        """Write `trends.html`, `trends.json`, `trends.csv` and `changes.csv`; the path of the page."""
        from narratives.field.page import write_trends

        return write_trends(Path(folder), self, codebook)


@dataclass(frozen=True, slots=True)
class _Level:
    tally: Tally
    period: str
    series: str


def trends(project: Project | str | Path, samples: str | Sequence[str] = (), *, answers: str | Path | None = None) -> Trends:
    """Follow narratives through the periods of one sample, or through several samples, one after the other.

    One sample must have been drawn by a period (`by="month"`); several, such as one a week, are periods themselves where they
    were not. A second column of strata, such as source, gives a series for each of its values. Periods with fewer than 30
    labels are not compared. `UserError` where a period stands in two samples, or they are of different models.
    """
    project = project if isinstance(project, Project) else Project(Path(project))
    codebook = project.read_codebook()
    names = [samples] if isinstance(samples, str) and samples else list(samples or [""])
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"sample '{twice}' is named twice; name each once")
    measured, notes = [], list[str]()
    for name in names:
        sample = read_sample(project, name)
        refuse_other_codebook(project, sample, codebook)
        notes += check_answers(project, sample, Path(answers) if answers is not None else None)
        measured.append(Measured(sample, settle(read_labels(project, sample, codebook))))
    if len({(m.sample.run, m.sample.model.get("digest")) for m in measured}) > 1:
        raise UserError("the samples are of answers of different models: what differs may be the model; compare those of one")
    unit = _find_unit(measured)
    levels = _gather(measured, codebook, unit)
    periods = sorted({level.period for level in levels}) if unit != "sample" else [m.sample.name for m in measured]
    among = len(codebook.ids)
    rows = make_rows([level.tally for level in levels], among=among)
    points = [Point(level.period, level.series, row) for level, row in zip(levels, rows, strict=True)]
    thin = sorted({point.period for point in points if point.series == ALL and point.row.labels < LEAST})
    if thin:
        notes.append(f"fewer than {LEAST} labels, so not compared: {', '.join(thin)}; read more texts of them")
    changes = _compare([level for level in levels if level.tally.labels >= LEAST], periods)
    return Trends(
        names if names != [""] else [measured[0].sample.name], measured[0].sample.run, unit, periods, points, changes, notes
    )


def describe_trends(result: Trends) -> list[str]:
    """What changed, as lines of text."""
    lines = [f"{len(result.periods)} periods ({result.unit}): {', '.join(result.periods[:3])} ... {result.periods[-1]}"]
    sentence = [change for change in result.changes if change.verdict != OPEN]
    for change in sentence:
        where = "" if change.series == ALL else f" in {change.series}"
        span = f"{100 * change.level_before:.1f} % -> {100 * change.level_after:.1f} %"
        lines.append(f"{change.narrative}{where}: {change.verdict} from {change.before} to {change.after} ({span})")
    if not result.changes:
        return [*lines, "nothing to compare yet: two periods with thirty labels each are needed", *result.notes]
    lines.append(f"{len(sentence)} of {len(result.changes)} changes can be told from chance; of the others nobody can tell")
    return [*lines, *result.notes]


def _find_unit(measured: Sequence[Measured]) -> str:
    units = {next((name for name in m.sample.design.by if name in PERIODS), "sample") for m in measured}
    if len(units) > 1:
        raise UserError(f"the samples have different periods ({', '.join(sorted(units))}); compare those of one")
    [unit] = units
    if unit == "sample" and len(measured) < 2:
        name = measured[0].sample.name
        fix = "draw one by month or week (field draw --by month), or name several samples"
        raise UserError(f"sample '{name}' has no periods, so there is nothing to compare; {fix}")
    return unit


def _gather(measured: Sequence[Measured], codebook: Codebook, unit: str) -> list[_Level]:
    """A tally for each narrative, period and series."""
    levels, owner = [], dict[str, str]()
    for each in measured:
        sample = each.sample
        others = [name for name in sample.design.by if name != unit]
        periods = [v for name, v in each.list_cuts() if name == unit] if unit != "sample" else [sample.name]
        for period in periods:
            if owner.setdefault(period, sample.name) != sample.name:
                sentence = f"'{period}' stands in the samples '{owner[period]}' and '{sample.name}'"
                raise UserError(f"{sentence}; name one of them, or draw samples whose periods do not meet")
            cut = (unit, period) if unit != "sample" else ("", "")
            sources = [(others[0], v) for name, v in each.list_cuts() if name == others[0]] if others else []
            for source in [("", ""), *sources]:
                part = each.cut([pair for pair in (cut, source) if pair[0]])
                if part is not None and (not source[0] or part.by_lot):
                    for id_ in (ANY, *codebook.ids):
                        claim = Claim(id_, "", "", "")
                        levels.append(_Level(_name(part.tally(claim), unit, period), period, source[1] or ALL))
    return levels


def _name(tally: Tally, unit: str, period: str) -> Tally:
    return replace(tally, claim=Claim(tally.claim.narrative, "", unit, period))


def _compare(levels: Sequence[_Level], periods: Sequence[str]) -> list[Change]:
    """Each narrative and series from one period to the next that has labels enough."""
    order = {period: k for k, period in enumerate(periods)}
    series: dict[tuple[str, str], list[_Level]] = {}
    for level in sorted(levels, key=lambda level: order[level.period]):
        series.setdefault((level.tally.claim.narrative, level.series), []).append(level)
    pairs = [pair for rows in series.values() for pair in pairwise(rows) if _is_met(pair)]
    if not pairs:
        return []
    sides = [[level.tally for level in side] for side in zip(*pairs, strict=True)]
    cells = [(_widen(stack([t.raised_cells for t in side])), _widen(stack([t.other_cells for t in side]))) for side in sides]
    p_values = compare_periods(*cells)
    variances = [find_variance(*side) for side in cells]
    corrected = holm(p_values.tolist())
    changes = []
    for k, (before, after) in enumerate(pairs):
        levels_seen = [_find_level(level.tally) for level in (before, after)]
        verdict = (UP if levels_seen[1] > levels_seen[0] else DOWN) if corrected[k] < 1 - LEVEL else OPEN
        alpha = (1 - LEVEL) / len(pairs)
        spread = (float(variances[0][k]), float(variances[1][k]))
        labels = (before.tally.labels, after.tally.labels)
        changes.append(
            Change(
                narrative=before.tally.claim.narrative,
                series=before.series,
                before=before.period,
                after=after.period,
                level_before=round(levels_seen[0], 6),
                level_after=round(levels_seen[1], 6),
                p=round(float(p_values[k]), 6),
                p_corrected=round(corrected[k], 6),
                verdict=verdict,
                noticeable=find_noticeable(_find_start(before.tally), spread[0], labels, alpha),
                needed=find_labels_for_change(levels_seen[0], levels_seen[1], spread, alpha),
            )
        )
    return changes


def _widen(cells: Cells) -> Cells:
    """The same labels of a feed without end: else any difference between small months that were read whole is a change."""
    return replace(cells, size=cells.size * 1e6)


def _is_met(pair: tuple[_Level, _Level]) -> bool:
    """Whether anybody found the narrative in either period: of one that nobody found no change can be told."""
    return any(level.tally.carrying for level in pair)


def _find_start(tally: Tally) -> float:
    """The level from which a rise is looked for; half a text where nobody found it."""
    return max(_find_level(tally), 0.5 / (tally.labels + 1))


def _find_level(tally: Tally) -> float:
    total = tally.raised_cells.size + tally.other_cells.size
    return float(
        (tally.raised_cells.size * tally.raised_cells.share + tally.other_cells.size * tally.other_cells.share)
        / np.maximum(total, 1)
    )
