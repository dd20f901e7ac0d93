"""How often does `field trends` call a change where there is none, and notice what it says it would? Run it so.

    python experiments/studies/prevalence/changes.py [--families 800]

Two periods of 20,000 texts and 28 narratives, so many texts of each labelled. First nothing changes but the model, which is as
in validation in the first period and perhaps another in the second: families in which any verdict is up or down. Then one
narrative doubles among 27 that stay, and alone: how often that is called, beside the power that is printed. Then the smallest
rise that is printed: how often that is called; it should be four times in five.

Prints Markdown; a quarter of an hour on one core.
"""

import argparse

import numpy as np
from feeds import FEED, KINDS, NONE, POOR, Kind, draw_counts, make_feed, show, to_cells

from narratives.data import Floats
from narratives.field.chain import Cells, compare_periods
from narratives.field.power import find_noticeable, find_power, find_variance
from narratives.metrics import holm

NARRATIVES = 28


Feeds = tuple[tuple[int, int, int, int], ...]


def test(feeds: Feeds, labels: tuple[int, int], draws: int, rng: np.random.Generator, least: float = 1.0) -> Floats:
    """P-values of no change, shape (draws,); 1 where no label carries it, as in `field trends`.

    Also 1, to save time, where the means of both posteriors are not `least` standard errors apart: none of these is called.
    """
    counts = [draw_counts(feed, n, draws, rng) for feed, n in zip(feeds, labels, strict=True)]
    both, rows = np.unique(np.hstack(counts), axis=0, return_inverse=True)
    cells = [to_cells(feed, both[:, 4 * k : 4 * k + 4]) for k, feed in enumerate(feeds)]
    (a, spread_a), (b, spread_b) = (_find_moments(*side) for side in cells)
    apart = (np.abs(b - a) > least * np.sqrt(spread_a + spread_b)) & (both[:, [0, 2, 4, 6]].sum(1) > 0)
    p = np.ones(len(both))
    if apart.any():
        p[apart] = compare_periods(*(tuple(_choose(cell, apart) for cell in side) for side in cells))
    return p[rows.ravel()]


def _choose(cells: Cells, rows: Floats) -> Cells:
    return Cells(cells.size[rows], cells.seen[rows], cells.worth[rows], cells.hits[rows])


def _find_moments(raised: Cells, others: Cells) -> tuple[Floats, Floats]:
    """Mean and variance of the prevalence under Jeffreys' prior."""
    total = raised.size + others.size
    mean, variance = np.zeros((2, len(total)))
    for cells in (raised, others):
        share, own = cells.size / total, (cells.hits + 0.5) / (cells.worth + 1)
        mean += share * own
        variance += share**2 * own * (1 - own) / (cells.worth + 2)
    return mean, variance


def study_false_calls(families: int) -> None:
    """Nothing changes in the feed; the model may."""
    print(f"### Nothing changes: share of {families} families of {NARRATIVES} narratives with any verdict\n")
    print("| prevalence of the narratives | the model in the second period | 400 + 400 | 100 + 100 | 400 + 100 |")
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(4)
    for name, (low, high) in {".2 to 2 %": (0.002, 0.02), "1 to 10 %": (0.01, 0.1)}.items():
        for kind in KINDS[:4]:
            rates = np.geomspace(low, high, NARRATIVES)
            cells = []
            for labels in ((400, 400), (100, 100), (400, 100)):
                p = [test((make_feed(rate, NONE), make_feed(rate, kind)), labels, families, rng, 2.0) for rate in rates]
                calls = [min(holm(list(family))) < 0.05 for family in np.array(p).T]
                cells.append(show(float(np.mean(calls))))
            print(f"| {name} | {kind.name} | {' | '.join(cells)} |")


def study_power(draws: int) -> None:
    """A doubling, and the smallest rise that is printed."""
    print("\n### A doubling, and the smallest rise that is printed: how often it is called (what is printed)\n")
    print("| model | labels | from | doubled, alone | doubled, among 28 | smallest rise printed, alone | it is called |")
    print("|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(5)
    for kind in (NONE, POOR):
        for labels in (200, 400):
            for rate in (0.01, 0.02, 0.05, 0.10):
                print(f"| {kind.name} | {labels} + {labels} | {100 * rate:g} % | {_try(rate, kind, labels, draws, rng)} |")


def _try(rate: float, kind: Kind, labels: int, draws: int, rng: np.random.Generator) -> str:
    feed, double = make_feed(rate, kind), make_feed(2 * rate, kind)
    spread = (_find_variance(feed), _find_variance(double))
    p = test((feed, double), (labels, labels), draws, rng)
    cells = []
    for alpha in (0.05, 0.05 / NARRATIVES):
        printed = find_power(rate, 2 * rate, spread, (labels, labels), alpha)
        cells.append(f"{show(float((p < alpha).mean()), 2)} ({show(printed, 2)})")
    rise = find_noticeable(rate, spread[0], (labels, labels), 0.05)
    if rise is None:
        return " | ".join([*cells, "none", "–"])
    called = test((feed, make_feed(rate + rise, kind)), (labels, labels), draws, rng) < 0.05
    return " | ".join([*cells, f"+{100 * rise:.1f} %", show(float(called.mean()), 2)])


def _find_variance(feed: tuple[int, int, int, int]) -> float:
    """Of one label, where both shares are known."""
    many = np.array([[1e9 * count / FEED for count in feed]])
    return float(find_variance(*to_cells(feed, many))[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", type=int, default=800)
    arguments = parser.parse_args()
    study_false_calls(arguments.families)
    study_power(2 * arguments.families)
