"""A difference between two runs in one figure, and what may be said of it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from narratives.data import Floats, Matrix
from narratives.evaluation.figures import Figure
from narratives.metrics import (
    ALPHA,
    TOO_THIN,
    Counts,
    Silence,
    Sums,
    SwapTest,
    find_error,
    find_noticeable,
    find_reach,
    find_side,
    find_silence,
    is_within,
    judge,
    mcnemar,
    to_plain,
)

_NOTICED = 1.96 + 0.84  # standard errors: a two-sided test at 5 % notices a difference as large four times in five


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Figure):
    """A difference `b - a` with its 95 % interval, what may be said of it, and on what grounds."""

    verdict: str
    low_90: float | None  # bounds of the 90 % interval, by which equivalence is judged
    high_90: float | None
    within_margin: bool
    only_a: int | None = None  # passages that A alone gets right; `None` for an average, which is not right or wrong
    only_b: int | None = None
    p: float | None = None  # exact McNemar: reported, it decides nothing
    p_f1: float | None = None  # of a narrative: the swap test of F1, or the sign test of silence
    p_corrected: float | None = None  # corrected for the number of narratives; `None` for one that is not tested
    noticeable: float | None = None  # the smallest fall that this test would notice; `None` where it would notice none

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "undefined"
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f}): {self.verdict}"


def judge_overall(value: Floats, without: Floats, margin: float, alone: tuple[int, int] | None) -> Difference:
    """Of a figure over all narratives: better or worse where its interval leaves out zero.

    `without` is the difference with each document left out in turn.
    """
    error = find_error(value, without)
    difference = _bound(value, error, len(without) - 1, margin)
    noticeable = to_plain(_NOTICED * error) if error > 0 and difference["value"] is not None else None
    word = judge([find_side(difference["low"], difference["high"])], difference["within_margin"])
    word = TOO_THIN if difference["value"] is None else word
    judged = Difference(**difference, verdict=word, noticeable=noticeable)
    return tell_mcnemar(judged, alone) if alone else judged


def judge_narratives(
    value: Floats, without: Floats, a: Sums, b: Sums, test: SwapTest, firm: Matrix, tested: Matrix, margin: float
) -> list[Difference]:
    """Of each narrative's F1: better or worse where `test` says so, corrected for the number of those `tested`.

    So is one that a run raises nowhere, though the other raises it in more documents than chance would leave to one of them.
    """
    errors = find_error(value, without)
    errors = np.where(value != 0, np.fmax(errors, test.least), errors)
    concerned = ((a.counts.union + b.counts.union) > 0).sum(0)  # documents in which the narrative is carried or raised
    silence = find_silence(a.counts, b.counts)
    alone, corrected = np.fmin(test.p, silence.p), np.fmin(test.correct(tested), silence.correct(tested))
    smallest = np.fmin(find_noticeable(a.counts, test, tested=firm), _find_silent_fall(a, silence, firm))
    differences = []
    for k, error in enumerate(errors):
        bounded = _bound(value[k], error, concerned[k] - 1, margin)
        p = float(corrected[k]) if tested[k] else 1.0
        side = int(np.sign(test.t[k])) if p < ALPHA else 0
        thin = not firm[k] or bounded["value"] is None
        differences.append(
            Difference(
                **bounded,
                verdict=TOO_THIN if thin else judge([side], bounded["within_margin"]),
                p_f1=None if bounded["value"] is None else _shorten(float(alone[k])),
                p_corrected=_shorten(p) if firm[k] else None,
                noticeable=to_plain(smallest[k]) if firm[k] else None,
            )
        )
    return differences


def _find_silent_fall(a: Sums, silence: Silence, firm: Matrix) -> Floats:
    """All of the F1 of a run: how far it falls where it falls silent on one narrative, if that would be noticed; else NaN."""
    counts = a.counts
    nothing = Counts(np.zeros_like(counts.tp), np.zeros_like(counts.fp), counts.fn + counts.tp)
    fallen = find_silence(counts, nothing).p
    others = [silence.least[(silence.least <= p) & firm & (np.arange(len(firm)) != k)].sum() for k, p in enumerate(fallen)]
    return np.where(firm & (fallen + others < ALPHA), counts.sum(0).f1, np.nan)


def _bound(value: Floats, error: Floats, free: float, margin: float) -> dict[str, Any]:
    """A difference with its intervals: Student's t on the jackknife's standard error over documents."""
    reach, narrow = (find_reach(error, free, level) for level in (0.95, 0.9))
    sides = {"value": value, "low": value - reach, "high": value + reach, "low_90": value - narrow, "high_90": value + narrow}
    plain = {name: to_plain(np.clip(side, -1, 1)) for name, side in sides.items()}
    return {**plain, "within_margin": is_within(plain["low_90"], plain["high_90"], margin)}


def tell_mcnemar(difference: Difference, alone: tuple[int, int]) -> Difference:
    """The same with the passages that A alone and B alone get right, and McNemar's p of these."""
    only_a, only_b = alone
    return replace(difference, only_a=only_a, only_b=only_b, p=_shorten(mcnemar(only_a, only_b)))


def _shorten(p: float) -> float:
    return float(f"{p:.4g}")
