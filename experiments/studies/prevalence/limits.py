"""How near to 95 % can an interval of counts come at all? Computed, not drawn. Run it so.

    python experiments/studies/prevalence/limits.py

Of a feed of 20,000 texts in which the model raises nothing, all that a sample tells is how many of its texts carry the
narrative. An interval that moves with that count holds a given truth for a run of counts, so its coverage is the probability
of such a run: where no run lies between .93 and .97, no interval does. Beside it the coverage of `field report` and of
Wilson's interval, at the prevalences of the made-up feeds and over two hundred of them. Last, small feeds that are read in
part, where hits and misses are single texts.

Prints Markdown; half a minute on one core.
"""

import numpy as np
from feeds import FEED, cover, draw_counts, show, to_cells
from scipy.stats import hypergeom

from narratives.data import Floats
from narratives.field.chain import estimate
from narratives.metrics import wilson

PREVALENCES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.10, 0.20)
LEAST, MOST = 0.93, 0.97
SMALL = ((0, 0, 2, 327), (0, 6, 2, 321), (1, 5, 1, 322), (2, 4, 0, 323), (0, 0, 1, 328), (3, 10, 4, 312))


def find_reachable(chances: Floats) -> str:
    """What runs of counts can cover: "yes", or the nearest on both sides of what is promised."""
    sums = np.concatenate([[0.0], np.cumsum(chances)])
    runs = (sums[None, :] - sums[:, None])[np.triu_indices(len(sums), 1)]
    if ((runs >= LEAST) & (runs <= MOST)).any():
        return "yes"
    return f"no: {show(float(runs[runs < LEAST].max()))} or {show(float(runs[runs > MOST].min()))}"


def main() -> None:
    """Three tables."""
    print("| labels | true | in reach of any interval | field report | Wilson |\n|---|---|---|---|---|")
    over = []
    for labels in (100, 200, 400):
        counts = np.zeros((labels + 1, 4))
        counts[:, 2] = np.arange(labels + 1)
        counts[:, 3] = labels - counts[:, 2]
        ours = estimate(*to_cells((0, 0, 1, FEED - 1), counts)).prevalence
        sides = {"ours": (ours.low, ours.high), "wilson": wilson(counts[:, 2], np.full(labels + 1, float(labels)))}

        def weigh(prevalence: float, labels: int = labels) -> Floats:
            return np.asarray(hypergeom(FEED, round(prevalence * FEED), labels).pmf(np.arange(labels + 1)))

        def tell(name: str, prevalence: float, sides: dict[str, tuple[Floats, Floats]] = sides) -> float:
            truth, (low, high) = round(prevalence * FEED) / FEED, sides[name]
            return float((weigh(prevalence) * ((low - 1e-9 <= truth) & (truth <= high + 1e-9))).sum())

        for p in PREVALENCES:
            reach = find_reachable(weigh(p))
            print(f"| {labels} | {100 * p:g} % | {reach} | {show(tell('ours', p))} | {show(tell('wilson', p))} |")
        grid = np.geomspace(PREVALENCES[0], PREVALENCES[-1], 200)
        over.append((labels, *(np.array([tell(name, p) for p in grid]) for name in ("ours", "wilson"))))
    print("\n| labels | field report: least, mean, most over 200 prevalences | Wilson |\n|---|---|---|")
    for labels, *each in over:
        told = (" ".join(show(float(x)) for x in (held.min(), held.mean(), held.max())) for held in each)
        print(f"| {labels} | {' | '.join(told)} |")
    print("\n| raised: carry it, do not; not raised: carry it, do not | 100 labels | 200 labels |\n|---|---|---|")
    rng = np.random.default_rng(1)
    for feed in SMALL:
        held = (show(cover(feed, draw_counts(feed, labels, 2000, rng))["prevalence"][0]) for labels in (100, 200))
        print(f"| {', '.join(map(str, feed))} | {' | '.join(held)} |")


if __name__ == "__main__":
    main()
