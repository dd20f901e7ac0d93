"""Quantifiers of other people on feeds like ours: adjusted counting and EM of `quapy` and `mlquantify`, no dependencies.

    pip install quapy mlquantify
    python experiments/studies/prevalence/quantifiers.py [--draws 10]

They take no labels of the feed: a validation set (1,000 passages, 30 % carry it) tells how the model errs, and the feed is
believed to err alike. Scores are normal for what carries it and for what does not, so that above 0 lies what `Kind` says; a
logistic regression learns from validation what they mean. `quapy` bootstraps the feed for its 95 % intervals
(`AggregativeBootstrap` as it comes); `mlquantify` gives points, which must agree with those of `quapy`. Feeds of 5,000 texts.

Prints Markdown; a few minutes on one core.
"""

import argparse
import warnings

import numpy as np
from feeds import NONE, POOR, Kind, show
from scipy.special import ndtri

from narratives.data import Floats

TEXTS, PASSAGES, PRIOR = 5_000, 1_000, 0.3
_RESAMPLES = 100


def make_texts(size: int, prevalence: float, kind: Kind, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Gold (size,) and a score (size, 1), above 0 where the model raises a text."""
    gold = (np.arange(size) < round(prevalence * size)).astype(int)
    return gold, rng.normal(np.where(gold, ndtri(kind.recall), ndtri(kind.alarms)))[:, None]


def bound(name: str, validation: tuple[Floats, Floats], feed: Floats) -> tuple[float, float, float]:
    """Point and interval of `quapy`."""
    from quapy.method.aggregative import ACC, EMQ
    from quapy.method.confidence import AggregativeBootstrap
    from sklearn.linear_model import LogisticRegression

    method = {"adjusted count": ACC, "EM": EMQ}[name](LogisticRegression())
    whole = AggregativeBootstrap(method, n_test_samples=_RESAMPLES, random_state=0)
    whole.fit(validation[1], validation[0])
    point, region = whole.predict_conf(feed)
    return float(point[1]), float(region.I_low[1]), float(region.I_high[1])


def point(name: str, validation: tuple[Floats, Floats], feed: Floats) -> float:
    """The point of `mlquantify`."""
    from mlquantify.counting import ACC
    from mlquantify.likelihood import EMQ
    from sklearn.linear_model import LogisticRegression

    method = {"adjusted count": ACC, "EM": EMQ}[name](LogisticRegression())
    return float(method.fit(validation[1], validation[0]).predict(feed)[1])


def main() -> None:
    """A row for each feed and quantifier."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10)
    draws = parser.parse_args().draws
    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(8)
    print("| model in the feed | true | quantifier | covers (width) | mean of quapy | mean of mlquantify |")
    print("|---|---|---|---|---|---|")
    for kind in (NONE, POOR):
        for prevalence in (0.002, 0.01, 0.05, 0.10):
            for name in ("adjusted count", "EM"):
                rows = []
                for _ in range(draws):
                    validation = make_texts(PASSAGES, PRIOR, NONE, rng)
                    feed = make_texts(TEXTS, prevalence, kind, rng)[1]
                    rows.append((*bound(name, validation, feed), point(name, validation, feed)))
                middle, low, high, other = np.array(rows).T
                held = ((low <= prevalence) & (prevalence <= high)).mean()
                told = f"{show(float(held))} ({100 * float((high - low).mean()):.1f})"
                means = " | ".join(f"{100 * float(x.mean()):.1f} %" for x in (middle, other))
                print(f"| {kind.name} | {100 * prevalence:g} % | {name} | {told} | {means} |", flush=True)


if __name__ == "__main__":
    main()
