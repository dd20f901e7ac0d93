"""Do the intervals of `field report` cover, on made-up feeds whose truth is known? Run it so.

    python experiments/studies/prevalence/made_up.py [--draws 1000]

A feed of 20,000 texts, so much of it carries a narrative, and a model does there what `Kind` says: as in validation (where it
is tuned, 30 % carry it: so this is a shift of the prior), worse since texts are of another kind, at random, or sharp. So many
texts are drawn by lot and labelled. Beside the chain rule: counting answers, the count adjusted by the rates of validation
(1,000 passages, bootstrap), and Wilson's interval on the sample alone. Then whole documents of five texts (half of which follow
their document) instead of single ones, with the design effect and without.

Prints Markdown; a few minutes on one core.
"""

import argparse

import numpy as np
from feeds import FEED, KINDS, NONE, POOR, Kind, cover, draw_counts, make_feed, show

from narratives.data import Floats
from narratives.field.chain import Cells, estimate
from narratives.metrics import find_design_effect, wilson

PREVALENCES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.10, 0.20)
LABELS = (100, 200, 400)


def study_singles(draws: int) -> None:
    """The chain rule for every figure."""
    print(f"### Single texts by lot, {draws} draws: share of 95 % intervals that hold the truth\n")
    print("Precision, recall and F1 where ten relevant labels or more are expected, else –.\n")
    print("| model in the feed | labels | " + " | ".join(f"{100 * p:g} %" for p in PREVALENCES) + " |")
    print("|---|---|" + "---|" * len(PREVALENCES))
    rng = np.random.default_rng(1)
    worst: dict[str, list[float]] = {}
    for kind in KINDS:
        for labels in LABELS:
            cells = []
            for prevalence in PREVALENCES:
                feed = make_feed(prevalence, kind)
                found = cover(feed, draw_counts(feed, labels, draws, rng))
                for name, (held, _) in found.items():
                    if held == held:
                        worst.setdefault(name, []).append(held)
                cells.append(" ".join(show(held) for held, _ in found.values()))
            print(f"| {kind.name} | {labels} | " + " | ".join(cells) + " |")
    print("\nEach cell: prevalence, precision, recall, F1.\n")
    for name, helds in worst.items():
        print(f"- {name}: {min(helds):.3f} to {max(helds):.3f}, mean {np.mean(helds):.3f} over {len(helds)} designs")


def study_rivals(draws: int, labels: int = 400) -> None:
    """Other ways to prevalence, and how wide they are."""
    print(f"\n### Prevalence, {labels} labels: coverage (mean width in points)\n")
    print("| model in the feed | true | counting | adjusted count | Wilson, sample alone | chain rule |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(2)
    for kind in (NONE, POOR):
        for prevalence in PREVALENCES[::2]:
            feed = make_feed(prevalence, kind)
            truth, raised = (feed[0] + feed[2]) / FEED, (feed[0] + feed[1]) / FEED
            counts = draw_counts(feed, labels, draws, rng)
            ways = {
                "counting": [np.full((draws, 1), raised)] * 2,
                "adjusted": _adjust(raised, draws, rng),
                "wilson": wilson(counts[:, 0] + counts[:, 2], np.full(draws, float(labels))),
            }
            cells = [_tell(low.ravel(), high.ravel(), truth) for low, high in ways.values()]
            held, width = cover(feed, counts)["prevalence"]
            print(f"| {kind.name} | {100 * prevalence:g} % | {' | '.join(cells)} | {show(held)} ({100 * width:.1f}) |")


def _adjust(raised: float, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The adjusted count by rates of a validation like `NONE`, 300 passages that carry it and 700 that do not."""
    recall, alarms = rng.binomial(300, NONE.recall, draws) / 300, rng.binomial(700, NONE.alarms, draws) / 700
    again = rng.binomial(300, recall[:, None], (draws, 200)) / 300, rng.binomial(700, alarms[:, None], (draws, 200)) / 700
    shares = np.clip((raised - again[1]) / np.maximum(again[0] - again[1], 1e-6), 0, 1)
    low, high = np.quantile(shares, [0.025, 0.975], axis=1)
    return low, high


def study_documents(draws: int, documents: int = 80, size: int = 5) -> None:
    """Whole documents, whose texts are alike."""
    print(f"\n### {documents} whole documents of {size} texts: coverage of prevalence with the design effect (without)\n")
    print("| model in the feed | " + " | ".join(f"{100 * p:g} %" for p in PREVALENCES[1:]) + " |")
    print("|---|" + "---|" * (len(PREVALENCES) - 1))
    rng = np.random.default_rng(3)
    for kind in (NONE, POOR):
        cells = []
        for prevalence in PREVALENCES[1:]:
            gold, raised = _make_documents(prevalence, kind, size, rng)
            held = np.array([_try_documents(gold, raised, documents, rng) for _ in range(draws // 2)]).mean(0)
            cells.append(f"{show(held[0])} ({show(held[1])})")
        print(f"| {kind.name} | " + " | ".join(cells) + " |")


def _make_documents(prevalence: float, kind: Kind, size: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Gold and raised of a feed by documents, (documents, size, 28 narratives); half the texts follow their document."""
    shape = (FEED // size, size, 28)
    rates = prevalence * np.append(1.0, rng.uniform(0.3, 3, 27))
    whole, own = rng.random((shape[0], 1, 28)) < rates, rng.random(shape) < rates
    gold = np.where(rng.random(shape) < 0.5, whole, own)
    return gold, np.where(gold, rng.random(shape) < kind.recall, rng.random(shape) < kind.alarms)


def _try_documents(gold: Floats, raised: Floats, documents: int, rng: np.random.Generator) -> tuple[bool, bool]:
    chosen = rng.choice(len(gold), documents, replace=False)
    truth = gold[..., 0].mean()
    held = []
    carried = gold[chosen].sum(1).astype(float)
    for effect in (find_design_effect(carried, np.full(carried.shape, float(gold.shape[1])))[0], 1.0):
        cells = []
        for told in (raised[..., 0], ~raised[..., 0]):
            inside = told[chosen]
            seen = float(inside.sum())
            share = float((gold[chosen][..., 0] & inside).sum() / seen) if seen else 0.0
            cells.append(Cells(*(np.array([x]) for x in (float(told.sum()), seen, seen / effect, share * seen / effect))))
        bounds = estimate(*cells).prevalence
        held.append(bool(bounds.low[0] - 1e-9 <= truth <= bounds.high[0] + 1e-9))
    return held[0], held[1]


def _tell(low: Floats, high: Floats, truth: float) -> str:
    return f"{show(float(((low <= truth) & (truth <= high)).mean()))} ({100 * float((high - low).mean()):.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", choices=["singles", "rivals", "documents"])
    arguments = parser.parse_args()
    for name, study in {"singles": study_singles, "rivals": study_rivals, "documents": study_documents}.items():
        if arguments.only in (None, name):
            study(arguments.draws)
