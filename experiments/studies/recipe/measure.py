"""Does a setting earn its place? Variants of the classifiers on the same folds, paired.

    python experiments/studies/recipe/measure.py PROJECT transformer transformer:frozen=0.0 blend tfidf:C=3,min_df=1 --folds 2

A variant is a classifier and what it sets. Passages of train and validation are cut into four folds in which near-duplicates
(by 4- and 5-grams of characters, cosine above a half) stay together: test passages are seldom near-duplicates of training ones,
and random folds flatter whoever remembers words. With `--validation` the split is train and validation as they are. Prints
average precision over all decisions, the mean of the narratives', and the difference to the first variant with a 95 % interval
(paired bootstrap over passages). Nothing is tuned on the held-out fold: no early stopping, the last epoch counts.
"""

import argparse
from ast import literal_eval
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score

from narratives.classifiers.interface import find_classifier
from narratives.classifiers.odds import to_log_odds
from narratives.labels.passages import gold_matrix
from narratives.project.project import Project

FOLDS = 4
RESAMPLES = 1000


def main() -> None:
    """Train every variant on every fold and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("variants", nargs="+")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the four are held out in turn")
    parser.add_argument("--validation", action="store_true")
    options = parser.parse_args()
    project = Project(options.project)
    codebook, splits = project.read_codebook(), project.corpus.splits
    passages = [p for p in project.corpus.passages if p.narratives is not None and splits.get(p.document) != "test"]
    texts, gold = [p.text for p in passages], gold_matrix(passages, codebook.ids)
    if options.validation:
        place = np.array([0 if splits.get(p.document) == "validation" else 1 for p in passages])
        held_folds = [0]
    else:
        place, held_folds = cut_folds(texts), list(range(options.folds))
    held = np.concatenate([np.flatnonzero(place == fold) for fold in held_folds])
    first: np.ndarray | None = None
    for variant in options.variants:
        odds = np.concatenate([learn(variant, texts, gold, place, fold) for fold in held_folds])
        first = odds if first is None else first
        print(f"{variant:40s} {rate(gold[held], odds):.3f} {rate_each(gold[held], odds):.3f}  ", end="")
        print("" if odds is first else describe_difference(gold[held], first, odds), flush=True)


def cut_folds(texts: list[str]) -> np.ndarray:
    """A fold for each text: groups of near-duplicates together, the largest first to the emptiest fold."""
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5), sublinear_tf=True).fit_transform(texts)
    likeness = grams @ grams.T
    likeness.data[likeness.data < 0.5] = 0
    likeness.eliminate_zeros()
    group = connected_components(likeness, directed=False)[1]
    sizes, filled = np.bincount(group), np.zeros(FOLDS)
    fold = np.zeros(len(sizes), dtype=int)
    order = np.random.default_rng(0).permutation(len(sizes))
    for each in order[np.argsort(-sizes[order], kind="stable")]:
        fold[each] = filled.argmin()
        filled[fold[each]] += sizes[each]
    return fold[group]


def learn(variant: str, texts: list[str], gold: np.ndarray, place: np.ndarray, fold: int) -> np.ndarray:
    """Log-odds for the held-out fold, from a classifier that learned on the others."""
    name, _, settings = variant.partition(":")
    make: Any = find_classifier(name)
    usual = make()
    given = dict(pair.split("=") for pair in settings.split(",") if pair)
    read = {key: value if isinstance(getattr(usual, key), str) else literal_eval(value) for key, value in given.items()}
    classifier = make(**read, seed=1)
    rows, held = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
    classifier.fit([texts[k] for k in rows], gold[rows])
    return to_log_odds(classifier.predict_proba([texts[k] for k in held]))


def rate(gold: np.ndarray, odds: np.ndarray) -> float:
    """Average precision over all decisions."""
    return float(average_precision_score(gold.ravel(), odds.ravel()))


def rate_each(gold: np.ndarray, odds: np.ndarray) -> float:
    """The mean of the narratives' average precision."""
    return float(np.mean([average_precision_score(gold[:, k], odds[:, k]) for k in range(gold.shape[1]) if gold[:, k].any()]))


def describe_difference(gold: np.ndarray, first: np.ndarray, second: np.ndarray) -> str:
    """Second minus first, with a 95 % interval."""
    rng = np.random.default_rng(0)
    samples = [rng.integers(0, len(gold), len(gold)) for _ in range(RESAMPLES)]
    gains = [rate(gold[rows], second[rows]) - rate(gold[rows], first[rows]) for rows in samples]
    low, high = np.quantile(gains, [0.025, 0.975])
    return f"{rate(gold, second) - rate(gold, first):+.3f} ({low:+.3f} to {high:+.3f})"


if __name__ == "__main__":
    main()
