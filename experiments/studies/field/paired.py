"""Which of two trained models does better on real texts: the differences, each with its paired interval.

    python experiments/studies/field/paired.py FIELD MODEL OTHER

FIELD as for `measure.py`; MODEL and OTHER are folders of trained models. Prints, on the reports, OTHER's micro F1 and
pooled average precision less MODEL's (95 % bootstrap over passages, both scored on the same draws), and on the news the
difference in the share of windows with an alarm (the windows in which one alone raises something, exact McNemar).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from measure import read_labelled, read_texts
from scipy.stats import binomtest

from narratives.metrics.curves import average_precision
from narratives.models.folder import load_model

DRAWS = 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("field", type=Path)
    parser.add_argument("models", type=Path, nargs=2)
    options = parser.parse_args()
    models = [load_model(folder) for folder in options.models]
    passages, gold, counted = read_labelled(options.field / "reports.jsonl", models[0])
    answers = [model.classify([passage.text for passage in passages]) for model in models]
    draws = np.random.default_rng(0).integers(len(gold), size=(DRAWS, len(gold)))
    for name, rate in (("micro F1", rate_f1), ("pooled AP", rate_ap)):
        sides = [lambda rows, each=each, rate=rate: rate(gold[rows], each, rows, counted[rows]) for each in answers]
        everything = np.arange(len(gold))
        first, second = (side(everything) for side in sides)
        low, high = np.quantile([sides[1](rows) - sides[0](rows) for rows in draws], [0.025, 0.975])
        print(f"{name}: {first:.3f} and {second:.3f}, {second - first:+.3f} ({low:+.3f} to {high:+.3f})")
    texts = read_texts(options.field / "news.jsonl")
    alarms = [model.classify(texts).raised.any(1) for model in models]
    gone, new = int((alarms[0] & ~alarms[1]).sum()), int((alarms[1] & ~alarms[0]).sum())
    p = binomtest(new, gone + new).pvalue if gone + new else 1.0
    shares = " and ".join(f"{100 * each.mean():.1f} %" for each in alarms)
    print(f"news windows with an alarm: {shares}; {gone} gone, {new} new, p = {p:.2g}")


def rate_f1(gold: Any, answers: Any, rows: Any, counted: Any) -> float:
    """Micro F1 over the decisions that count."""
    raised = answers.raised[rows] & counted
    return float(2 * (gold & raised).sum() / max(1, raised.sum() + (gold & counted).sum()))


def rate_ap(gold: Any, answers: Any, rows: Any, counted: Any) -> float:
    """Average precision over all decisions that count."""
    return float(average_precision(answers.scores[rows][counted], gold[counted]) or 0.0)


if __name__ == "__main__":
    main()
