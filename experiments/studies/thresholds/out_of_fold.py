"""What should calibration and thresholds rest on, and what should they serve? TF-IDF, the same model throughout.

    python experiments/studies/thresholds/out_of_fold.py PROJECT... [--draws 12] [--train 250] [--own] [--test]

Labelled passages of train and validation are dealt anew, documents and near-duplicates together: a fifth is tried, the rest
train and tune in the shares of the project's own splits. Thresholds rest on the validation passages alone, on training passages
scored out of fold (5 folds), or on both; they serve each narrative or all answers together. `--train` keeps that many training
passages of each draw, for a small project. `--own` leaves the validation split as it is and tries folds of train: validation
may have been collected otherwise. `--test` is for the end: the project's own splits, scored on its test passages.

Prints Markdown: mean micro / macro F1, and the difference to validation alone with a 95 % interval (paired bootstrap over
groups of documents). Test passages are read with `--test` alone.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import score_by_folds
from narratives.data import Floats, Matrix, Passage, Scores
from narratives.labels.folds import deal_folds, group_passages
from narratives.labels.passages import gold_matrix
from narratives.metrics.counts import Counts, count, macro_f1, micro_f1
from narratives.models.calibration import fit_calibration
from narratives.models.thresholds import decide, tune_thresholds, tune_together
from narratives.project.project import Project
from narratives.runs.train import choose_training_set
from narratives.texts.similarity import near_duplicates

FOLDS, RESAMPLES = 5, 1000
SERVE = {"each narrative": tune_thresholds, "all answers": tune_together}
HEAD = "| project | thresholds rest on | they serve | micro / macro F1 | difference in micro | in macro |"
BASE = ("validation", "each narrative")


@dataclass(frozen=True, slots=True)
class Case:
    """Passages of which some train, some tune and some are tried, with the scores of a model that learned the first."""

    gold: Matrix
    groups: NDArray[np.int64]
    part: NDArray[np.int64]  # 0 trains, 1 tunes, 2 is tried, 3 is left out
    scores: Scores  # of what trains: out of fold


def main() -> None:
    """Print a table for each project."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--train", type=int)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    print(f"{HEAD}\n" + "|---" * 6 + "|", flush=True)
    for root in options.projects:
        corpus = Project(root).corpus
        data = choose_training_set(corpus, lambda _: None, dry_run=True)
        test = data.corpus.part("test") if options.test else []
        passages = [*data.train, *data.validation, *test]
        splits = np.repeat([0, 1, 2], [len(data.train), len(data.validation), len(test)])
        gold = gold_matrix(passages, corpus.codebook.ids)
        groups = np.array(group_passages(passages, [] if test else near_duplicates([p.text for p in passages])))
        if test:
            parts = iter([splits])
        elif options.own:
            parts = keep_validation(splits, groups)
        else:
            parts = deal_parts(splits, groups, options.draws, options.train)
        report(root.resolve().name, [score_case(passages, gold, groups, part) for part in parts])


def deal_parts(
    splits: NDArray[np.int64], groups: NDArray[np.int64], draws: int, train: int | None
) -> Iterator[NDArray[np.int64]]:
    """Parts anew for each draw: a fifth of the groups is tried, the others train and tune in the shares of the splits."""
    roots, tuning = sorted(set(groups.tolist())), 0.8 * float((splits == 1).mean())
    for draw in range(draws):
        order = random.Random(100 + draw).sample(roots, len(roots))
        place = {root: k / len(order) for k, root in enumerate(order)}
        places = np.array([place[group] for group in groups.tolist()])
        part = np.where(places < 0.2, 2, np.where(places < 0.2 + tuning, 1, 0))
        for each, most in ((0, train), (1, train and round(train * tuning / (0.8 - tuning)))):
            rows = np.random.default_rng(draw).permutation(np.flatnonzero(part == each))
            part[rows[most:] if most else []] = 3
        yield part


def keep_validation(splits: NDArray[np.int64], groups: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Validation as it is, and each of five folds of train tried in turn."""
    folds = deal_folds(groups.tolist(), FOLDS)
    for fold in range(FOLDS):
        yield np.where(splits == 1, 1, np.where(folds == fold, 2, 0))


def score_case(passages: list[Passage], gold: Matrix, groups: NDArray[np.int64], part: NDArray[np.int64]) -> Case:
    """Train, and score everything that counts."""
    texts, scores = [passage.text for passage in passages], np.zeros(gold.shape, dtype=np.float32)
    train = np.flatnonzero(part == 0)
    model = TfidfClassifier().fit([texts[row] for row in train], gold[train])
    for each in (1, 2):
        rows = np.flatnonzero(part == each)
        scores[rows] = model.predict_proba([texts[row] for row in rows])
    folds = deal_folds(groups[train].tolist(), FOLDS)
    scores[train] = score_by_folds([texts[row] for row in train], gold[train], folds)
    return Case(gold, groups, part, scores)


def report(name: str, cases: list[Case]) -> None:
    """The rows of a project."""
    names, unit = np.unique(cases[0].groups, return_inverse=True)
    sums: dict[tuple[str, str], Counts] = {}
    figures: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for case in cases:
        tried = case.part == 2
        for rest, rows in {"validation": [1], "out of fold": [0], "both": [0, 1]}.items():
            held, taught = np.isin(case.part, rows), case.gold[case.part == 0].any(0)
            calibration = fit_calibration(case.scores[held], case.gold[held], taught)
            for serve, tune in SERVE.items():
                cuts = tune(np.where(taught, calibration.apply(case.scores[held]), np.float32(np.nan)))
                raised = taught & decide(calibration.apply(case.scores[tried]), cuts)
                counts = count(case.gold[tried], raised, axis=0)
                figures.setdefault((rest, serve), []).append((float(micro_f1(counts)), float(macro_f1(counts))))
                add(sums, (rest, serve), unit[tried], len(names), case.gold[tried], raised)
    weights = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    for key, values in figures.items():
        micro, macro = np.mean(values, axis=0)
        gains = np.mean(values, axis=0) - np.mean(figures[BASE], axis=0)
        told = [
            f"{gain:+.3f} ({low:+.3f} to {high:+.3f})"
            for gain, (low, high) in zip(gains, bound_gains(sums[key], sums[BASE], weights.astype(np.float64)), strict=True)
        ]
        difference = " | ".join(told) if key != BASE else " | "
        print(f"| {name} | {key[0]} | {key[1]} | {micro:.3f} / {macro:.3f} | {difference} |", flush=True)


def add(
    sums: dict[tuple[str, str], Counts], key: tuple[str, str], unit: NDArray[np.int64], size: int, gold: Matrix, raised: Matrix
) -> None:
    """Add counts by group of documents."""
    cells = []
    for hit in (gold & raised, ~gold & raised, gold & ~raised):
        total = np.zeros((size, gold.shape[1]))
        np.add.at(total, unit, hit)
        cells.append(total)
    former = sums.get(key)
    sums[key] = Counts(*cells) if former is None else Counts(former.tp + cells[0], former.fp + cells[1], former.fn + cells[2])


def bound_gains(counts: Counts, base: Counts, weights: Floats) -> list[tuple[float, float]]:
    """The 95 % intervals of the differences in micro and in macro F1."""
    drawn, other = (Counts(weights @ each.tp, weights @ each.fp, weights @ each.fn) for each in (counts, base))
    gains = (micro_f1(drawn) - micro_f1(other), macro_f1(drawn) - macro_f1(other))
    return [tuple(np.quantile(gain, [0.025, 0.975]).tolist()) for gain in gains]  # type: ignore[misc]


if __name__ == "__main__":
    main()
