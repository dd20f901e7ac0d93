"""Other people's intervals on the same draws: PPI++ from `ppi-python`, beside the chain rule. It is no dependency of ours.

    pip install ppi-python
    python experiments/studies/prevalence/oracles.py [--draws 300]

A feed of 20,000 texts, 400 of them labelled by lot, a model as in validation and one on other texts (`feeds.py`). PPI++
(Angelopoulos and others, 2023) takes the same labels and answers and corrects the mean of all answers by the labelled ones,
with a normal interval.

Prints Markdown; two minutes on one core.
"""

import argparse

import numpy as np
from feeds import FEED, NONE, POOR, cover, draw_counts, make_feed, show

from narratives.data import Floats

LABELS = 400


def bound(counts: Floats, raised: float) -> tuple[float, float]:
    """The interval of PPI++ for a draw: labels and answers as columns of 0 and 1."""
    from ppi_py import ppi_mean_ci

    right, wrong, missed, neither = counts.astype(int)
    gold = np.repeat([1.0, 0.0, 1.0, 0.0], [right, wrong, missed, neither])
    answers = np.repeat([1.0, 1.0, 0.0, 0.0], [right, wrong, missed, neither])
    others = np.repeat([1.0, 0.0], [round(raised * FEED), FEED - round(raised * FEED)])
    low, high = ppi_mean_ci(gold, answers, others, alpha=0.05)
    return float(low[0]), float(high[0])


def main() -> None:
    """A row for each feed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=300)
    draws = parser.parse_args().draws
    rng = np.random.default_rng(7)
    print("| model in the feed | true | PPI++ covers (width) | chain rule covers (width) |\n|---|---|---|---|")
    for kind in (NONE, POOR):
        for prevalence in (0.002, 0.01, 0.05, 0.10):
            feed = make_feed(prevalence, kind)
            counts = draw_counts(feed, LABELS, draws, rng)
            sides = np.array([bound(row, (feed[0] + feed[1]) / FEED) for row in counts])
            held = ((sides[:, 0] <= prevalence) & (prevalence <= sides[:, 1])).mean()
            theirs = f"{show(float(held))} ({100 * float((sides[:, 1] - sides[:, 0]).mean()):.1f})"
            ours, width = cover(feed, counts)["prevalence"]
            print(f"| {kind.name} | {100 * prevalence:g} % | {theirs} | {show(ours)} ({100 * width:.1f}) |", flush=True)


if __name__ == "__main__":
    main()
