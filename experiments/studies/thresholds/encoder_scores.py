"""Scores with which calibration and thresholds of encoders can be set in several ways, for `encoders.py` to compare.

    python experiments/studies/thresholds/encoder_scores.py PROJECT --work DIR [--cases 0 1 2 3 4 | --test] [--epochs 3]

A case: each of five folds of the train split in turn is tried, the others train, and the validation split tunes as it is; with
`--test`, which is for the end, all of train trains and the test passages are tried. For each case `DIR/PROJECT-CASE.npz` holds
what the default encoder and TF-IDF, taught on what trains, say of what tunes and of what is tried, and of what trains

- `fold`: the first of three folds by an encoder that was taught on the other two, and what that one says of what tunes;
- `short`: the same with half of the epochs;
- `frozen`: five folds by logistic regression on mean vectors of the encoder as it was pretrained;
- `words`: five folds by TF-IDF, which is exact.

A minute or two for each training; a case that is there is not made again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.logistic import fit_logistic
from narratives.classifiers.odds import to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import score_by_folds
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.data import Floats, Matrix, Scores
from narratives.labels.folds import deal_folds, group_passages
from narratives.labels.passages import gold_matrix
from narratives.project.project import Project
from narratives.runs.train import choose_training_set
from narratives.texts.similarity import near_duplicates

TRAINS, TUNES, TRIED = 0, 1, 2
FOLDS, COARSE = 5, 3
Rows = NDArray[np.int64]


def main() -> None:
    """Make the cases that are lacking."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cases", type=int, nargs="*", default=list(range(FOLDS)))
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    corpus = Project(options.project).corpus
    data = choose_training_set(corpus, lambda _: None, dry_run=True)
    test = corpus.part("test") if options.test else []
    passages = [*data.train, *data.validation, *test]
    parts = np.repeat([TRAINS, TUNES, TRIED], [len(data.train), len(data.validation), len(test)])
    pairs = near_duplicates([passage.text for passage in passages])
    groups = np.array(group_passages(passages, pairs))
    vectors: Floats | None = None
    for case in ["test"] if options.test else options.cases:
        path = options.work / f"{options.project.resolve().name}-{case}.npz"
        if path.is_file():
            continue
        part = (
            parts if options.test else np.where((parts == TRAINS) & (deal_folds(groups.tolist(), FOLDS) == case), TRIED, parts)
        )
        part = leave_out_twins(part, groups)
        texts, gold = [passage.text for passage in passages], gold_matrix(passages, corpus.codebook.ids)
        vectors = embed(texts) if vectors is None else vectors
        scores = score_case(texts, gold, groups, part, vectors, options.epochs)
        np.savez_compressed(path, gold=gold, groups=groups, part=part, **scores)
        print(path.name, "done", flush=True)


def leave_out_twins(part: Rows, groups: Rows) -> Rows:
    """Parts in which nothing trains or tunes that nearly repeats what is tried: -1."""
    return np.where((part != TRIED) & np.isin(groups, groups[part == TRIED]), -1, part)


def score_case(texts: Sequence[str], gold: Matrix, groups: Rows, part: Rows, vectors: Floats, epochs: int) -> dict[str, Any]:
    """All scores, (texts, narratives) each; NaN where there is none."""
    train, tune = np.flatnonzero(part == TRAINS), np.flatnonzero(part == TUNES)
    others = np.flatnonzero(part > TRAINS)
    coarse = deal_folds(groups[train].tolist(), COARSE)
    held, kept = train[coarse == 0], train[coarse != 0]

    def encode(rows: Rows, wanted: Rows, length: int) -> Scores:
        model = TransformerClassifier(epochs=length, seed=1)
        model.fit(pick(texts, rows), gold[rows], validation=(pick(texts, tune), gold[tune]))
        return spread(model.predict_proba(pick(texts, wanted)), wanted, gold.shape)

    folds = deal_folds(groups[train].tolist(), FOLDS)
    words = TfidfClassifier(seed=1).fit(pick(texts, train), gold[train]).predict_proba(pick(texts, others))
    words_train = score_by_folds(pick(texts, train), gold[train], folds, model=TfidfClassifier(seed=1))
    frozen = spread(regress(vectors, gold, train, others), others, gold.shape)
    for fold in range(FOLDS):
        out = train[folds == fold]
        frozen[out] = regress(vectors, gold, train[folds != fold], out)
    return {
        "main": encode(train, others, epochs),
        "fold": encode(kept, np.concatenate([held, tune]), epochs),
        "short": encode(kept, np.concatenate([held, tune]), max(1, epochs // 2)),
        "frozen": frozen,
        "words": np.fmax(spread(words, others, gold.shape), spread(words_train, train, gold.shape)),
    }


def regress(vectors: Floats, gold: Matrix, train: Rows, wanted: Rows) -> Scores:
    """Scores by logistic regression on vectors."""
    coef, intercept = fit_logistic(vectors[train], gold[train], C=10.0, max_class_weight=4.0, seed=1)
    return to_share(vectors[wanted] @ coef + intercept).astype(np.float32)


def embed(texts: Sequence[str]) -> Floats:
    """The mean of a text's token vectors, 1 long, by the default encoder as it was pretrained: (texts, width)."""
    import torch

    from narratives.classifiers.transformer.encoder import load_encoder
    from narratives.classifiers.transformer.network import PooledEncoder

    tokenizer, encoder = load_encoder(TransformerClassifier.encoder)
    network = PooledEncoder(encoder).eval()
    with torch.inference_mode():
        rows = [
            network(torch.tensor([tokenizer(text, truncation=True, max_length=512)["input_ids"]])).numpy() for text in texts
        ]
    return np.concatenate(rows).astype(np.float64)


def pick(texts: Sequence[str], rows: Rows) -> list[str]:
    """Some of the texts."""
    return [texts[row] for row in rows.tolist()]


def spread(scores: Scores, rows: Rows, shape: tuple[int, ...]) -> Scores:
    """Scores of some rows among all."""
    whole = np.full(shape, np.nan, dtype=np.float32)
    whole[rows] = scores
    return whole


if __name__ == "__main__":
    main()
