"""Do suggested labels teach more than random ones? Simulated on labelled projects: their own labels play the annotator.

    python experiments/studies/suggest/simulate.py PROJECT... [--seeds 12] [--rounds 3] [--step 100] [--out FILE]

Each seed starts from 100 random passages of the train split and adds labels in rounds, once as `narratives suggest`
chooses and once by lot; `tfidf` is trained anew each round. F1 is measured on the validation split, the test split is
never read. Validation is halved at random: one half calibrates and tunes thresholds, the other is scored, then the halves
swap. What is suggested depends on neither half, only on scores and labels of train passages.

The intervals are of the paired difference over seeds (Student's t, 95 %): over starts and lots, on these validation
passages.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from scipy.stats import t

from narratives.annotation.selection import Likeness, choose, measure_doubt, measure_likeness
from narratives.annotation.suggest import RANDOM
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.files.atomic import replacing
from narratives.labels.passages import gold_matrix
from narratives.labels.splits import split_passages
from narratives.metrics.counts import count, macro_f1, micro_f1
from narratives.models.calibration import fit_calibration
from narratives.models.thresholds import decide, tune_thresholds
from narratives.project.project import Project

START = 100


def main() -> None:
    """Run all projects and write the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "curve.csv")
    options = parser.parse_args()
    rows = []
    for root in options.projects:
        rows += simulate(root, options.seeds, options.rounds, options.step)
    with replacing(options.out) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def simulate(root: Path, seeds: int, rounds: int, step: int) -> list[dict[str, object]]:
    """The rows of one project: for each number of labels the mean F1 of both ways, and their paired difference."""
    project = Project(root)
    codebook = project.read_codebook()
    passages, splits = project.corpus.passages, project.corpus.splits
    parts = [split_passages(passages, splits, split) for split in ("train", "validation")]
    texts = [[passage.text for passage in part] for part in parts]
    gold = [gold_matrix(part, codebook.ids) for part in parts]
    likeness = measure_likeness(texts[0], [])
    figures = np.zeros((2, seeds, rounds + 1, 2))  # (suggested or random, seed, round, micro and macro F1)
    for seed in range(seeds):
        for way, suggested in enumerate((True, False)):
            figures[way, seed] = grow(texts, gold, likeness.texts, suggested, seed, rounds, step)
        print(root.name, seed, np.round(figures[0, seed, -1] - figures[1, seed, -1], 3), file=sys.stderr, flush=True)
    rows: list[dict[str, object]] = []
    for k in range(rounds + 1):
        row: dict[str, object] = {"project": root.name, "labels": START + k * step, "seeds": seeds}
        for m, name in enumerate(("micro", "macro")):
            gain = figures[0, :, k, m] - figures[1, :, k, m]
            half = t.ppf(0.975, seeds - 1) * gain.std(ddof=1) / np.sqrt(seeds)
            row |= {f"{name}_suggested": figures[0, :, k, m].mean(), f"{name}_random": figures[1, :, k, m].mean()}
            row |= {f"{name}_gain": gain.mean(), f"{name}_low": gain.mean() - half, f"{name}_high": gain.mean() + half}
        rows.append({key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()})
    return rows


def grow(texts, gold, alike, suggested: bool, seed: int, rounds: int, step: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    """F1 (rounds + 1, 2) as the labels grow from `START` passages, the same for both ways of a seed."""
    rng = np.random.default_rng(seed)
    labelled = rng.permutation(len(texts[0]))[:START]
    halves = rng.permutation(len(texts[1]))
    found = []
    while True:
        classifier = TfidfClassifier().fit([texts[0][row] for row in labelled], gold[0][labelled])
        found.append(score(classifier.predict_proba(texts[1]), gold[1], halves, gold[0][labelled].any(0)))
        if len(found) > rounds:
            return np.array(found)
        rest = np.setdiff1d(np.arange(len(texts[0])), labelled)
        lots = rng.permutation(len(rest))[: step if not suggested else round(step * RANDOM)].tolist()
        if suggested:
            scores = classifier.predict_proba([texts[0][row] for row in rest])
            doubt = measure_doubt(scores, gold[0][labelled].sum(0))
            lots = [choice.row for choice in choose(doubt, cut(alike, rest, labelled), step, lots)]
        labelled = np.concatenate([labelled, rest[lots]])


def cut(alike, rest, labelled):  # type: ignore[no-untyped-def]
    """The likeness of those that are left, out of the cosines of all."""
    return Likeness(alike[np.ix_(rest, rest)], alike[np.ix_(labelled, rest)], alike[np.ix_(labelled, labelled)])


def score(scores, gold, order, taught) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Micro and macro F1 of the whole split, each half calibrated and cut by the other."""
    predicted = np.zeros_like(gold)
    a, b = order[::2], order[1::2]
    for tuned, tried in ((a, b), (b, a)):
        calibrated = fit_calibration(scores[tuned], gold[tuned], taught).apply(scores)
        predicted[tried] = taught & decide(calibrated[tried], tune_thresholds(calibrated[tuned]))
    counts = count(gold, predicted, axis=0)
    return float(micro_f1(counts)), float(macro_f1(counts))


if __name__ == "__main__":
    main()
