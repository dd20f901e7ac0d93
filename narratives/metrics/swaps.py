"""Whether two sets of predictions differ in F1, narrative by narrative: a test that swaps them, document by document.

If neither is better it makes no difference which of the two said what, so the answers of any document may change sides. How
far F1 then differs by chance is seen by swapping at random; what the largest difference among all narratives is, too, which
corrects for their number without treating the few documents in which two runs differ as more than they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats
from narratives.metrics.counts import Counts

_CELLS = 20_000_000  # numbers held at once: 160 MB
_PAIRS = [(i, j) for i in range(4) for j in range(i, 4)]  # of: hits of A, errors of A, hits of B, errors of B


@dataclass(frozen=True, slots=True)
class SwapTest:
    """What swapping shows of each narrative."""

    t: Floats  # (narratives,): the difference in F1, B less A, in standard errors; 0 where it is undefined
    chance: Floats  # (swaps, narratives): its size by chance
    least: Floats  # (narratives,): what one more wrong passage would do; no standard error is taken for less

    @property
    def p(self) -> Floats:
        """P-values, two-sided, of each narrative by itself."""
        return np.asarray((1 + (self.chance >= np.abs(self.t) - 1e-9).sum(0)) / (1 + len(self.chance)))

    def correct(self, tested: NDArray[np.bool_]) -> Floats:
        """P-values of the narratives in `tested`, corrected for their number; NaN for the others.

        With all narratives alike, at most one family in twenty has a p below 0.05. Method: step-down maximum of the statistic
        (Westfall and Young, 1993, Resampling-Based Multiple Testing, algorithm 2.8); never above Holm's.
        """
        order = np.flatnonzero(tested)[np.argsort(-np.abs(self.t[tested]), kind="stable")]
        corrected = np.full(len(self.t), np.nan)
        largest = np.maximum.accumulate(self.chance[:, order[::-1]], axis=1)[:, ::-1]
        often = (largest >= np.abs(self.t[order]) - 1e-9).sum(0)
        corrected[order] = np.maximum.accumulate((1 + often) / (1 + len(self.chance)))
        return corrected


def try_swaps(a: Counts, b: Counts, swaps: int, seed: int) -> SwapTest:
    """The test, from the counts of two runs by document, shape (documents, narratives)."""
    columns = _multiply(a, b)
    swapped = _multiply(b, a)
    totals = [column.sum(0) for column in columns]
    documents = len(a.tp)
    differs = ((a.tp != b.tp) | (a.fp != b.fp) | (a.fn != b.fn)).any(1)
    changes = [(after - before)[differs] for before, after in zip(columns, swapped, strict=True)]
    parts = [
        np.abs(_studentise([total + draw @ change for total, change in zip(totals, changes, strict=True)], documents))
        for draw in _draw(int(differs.sum()), swaps, seed)
    ]
    least = _find_least(*totals[:4])
    return SwapTest(t=_studentise(totals, documents), chance=np.concatenate(parts), least=least)


def find_noticeable(a: Counts, test: SwapTest, tested: NDArray[np.bool_], alpha: float = 0.05, seed: int = 0) -> Floats:
    """The smallest fall in F1 of each narrative that the test would call worse, had B lost hits of A there and nothing else.

    Hits are lost whole documents at a time, in their order. What chance does to the other narratives is as in `test`. NaN
    where even silence would not be noticed, and for narratives not `tested`.
    """
    largest = np.sort(np.where(tested, test.chance, 0.0), axis=1)
    falls = np.full(len(test.t), np.nan)
    for k in np.flatnonzero(tested):
        top = test.chance[:, k] >= largest[:, -1]
        rivals = np.where(top, largest[:, -2] if largest.shape[1] > 1 else 0.0, largest[:, -1])
        falls[k] = _find_smallest(a.take(np.arange(len(test.t)) == k), rivals, alpha, seed)
    return falls


def _find_smallest(a: Counts, rivals: Floats, alpha: float, seed: int) -> float:
    """The fall for one narrative, `rivals` being the largest statistic of all others in each swap; by halving."""
    holders = np.flatnonzero(a.tp[:, 0])
    hits, errors = float(a.tp.sum()), float((a.fp + a.fn).sum())
    least, most = 0, len(holders) + 1  # documents lost: too few, enough
    while most - least > 1:
        middle = (least + most) // 2
        if _is_noticed(a, holders[:middle], rivals, alpha, seed):
            most = middle
        else:
            least = middle
    if most > len(holders):
        return float("nan")
    lost = float(a.tp[holders[:most]].sum())
    return 2 * hits / (2 * hits + errors) - 2 * (hits - lost) / (2 * hits + errors - lost)


def _is_noticed(a: Counts, lost: NDArray[np.int64], rivals: Floats, alpha: float, seed: int) -> bool:
    hits = a.tp.copy()
    hits[lost] = 0
    test = try_swaps(a, Counts(hits, a.fp, a.fn + a.tp - hits), len(rivals), seed)
    return bool((1 + (np.maximum(test.chance[:, 0], rivals) >= -test.t[0] - 1e-9).sum()) / (1 + len(rivals)) < alpha)


def _draw(documents: int, swaps: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    block = max(1, min(swaps, _CELLS // max(documents, 1)))
    for start in range(0, swaps, block):
        yield rng.integers(0, 2, size=(min(block, swaps - start), documents)).astype(np.float64)


def _multiply(a: Counts, b: Counts) -> list[Floats]:
    """Hits and errors of both runs, and all their products, by document: what the statistic is made of."""
    four = [a.tp, a.fp + a.fn, b.tp, b.fp + b.fn]
    return [*four, *(four[i] * four[j] for i, j in _PAIRS)]


def _studentise(sums: list[Floats], documents: int) -> Floats:
    """The difference in F1 by its standard error over documents.

    F1 = 2 hits / (2 hits + errors) of both runs, linear near where it is (Taylor, as the jackknife does by leaving out). The
    error is at least what one more wrong passage would do: a run without an error, or without a hit, would else be sure.
    """
    hits_a, errors_a, hits_b, errors_b = sums[:4]
    with np.errstate(invalid="ignore", divide="ignore"):
        all_a, all_b = 2 * hits_a + errors_a, 2 * hits_b + errors_b
        slopes = (-2 * errors_a / all_a**2, 2 * hits_a / all_a**2, 2 * errors_b / all_b**2, -2 * hits_b / all_b**2)
        variance = sum((1 if i == j else 2) * slopes[i] * slopes[j] * sums[4 + k] for k, (i, j) in enumerate(_PAIRS))
        variance = np.maximum(variance, 0) * documents / max(documents - 1, 1)
        least = _find_least(hits_a, errors_a, hits_b, errors_b)
        t = (2 * hits_b / all_b - 2 * hits_a / all_a) / np.maximum(np.sqrt(variance), least)
    return np.where(np.isfinite(t), t, 0.0)


def _find_least(hits_a: Floats, errors_a: Floats, hits_b: Floats, errors_b: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        falls = [
            2 * hits / (2 * hits + errors) - 2 * hits / (2 * hits + errors + 1)
            for hits, errors in ((hits_a, errors_a), (hits_b, errors_b))
        ]
    return np.fmax(*falls)
