"""Do the intervals cover on real labels? A set that is labelled whole plays the feed, and samples are drawn from it.

    python experiments/studies/prevalence/replay.py BENCHMARK_OR_FIELD... [--project DIR --model tfidf] [--draws 1000]

A folder with `labels/` is a project in this product's format: a quick TF-IDF (words and characters, logistic regression)
answers each text after four fifths of the others. One with `reports.jsonl` and `news.jsonl` is answered by --project's model.
Each model comes good, poor (a quarter of what it raises is dropped, as much raised at random) and spoiled (its answers
shuffled). Texts are read, never kept. The truth is that of all labelled texts, for every narrative that one of them carries.

Prints Markdown; two minutes on one core.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from feeds import cover, draw_counts, show

from narratives.data import Matrix

LABELS = (100, 200, 400)


def read_benchmark(folder: Path) -> tuple[Matrix, Matrix]:
    """Gold and answers of the labelled passages, (passages, narratives)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline, make_union

    rows = [json.loads(line) for line in (folder / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row.get("narratives") is not None]
    ids = sorted({id_ for row in rows for id_ in row["narratives"]})
    gold = np.array([[id_ in row["narratives"] for id_ in ids] for row in rows])
    texts = np.array([row["text"] for row in rows], dtype=object)
    raised = np.zeros_like(gold)
    for train, rest in KFold(5, shuffle=True, random_state=0).split(texts):
        views = make_union(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True, max_features=30000),
        )
        model = make_pipeline(views, OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", solver="liblinear")))
        model.fit(texts[train], gold[train].astype(int))
        raised[rest] = model.predict_proba(texts[rest]) >= 0.5
    return gold, raised


def read_field(folder: Path, model: Path) -> tuple[Matrix, Matrix]:
    """Gold and answers of real reports and news; what only one reader found counts as not carried."""
    from narratives.models.folder import load_model

    rows = []
    for name in ("reports", "news"):
        rows += [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    loaded = load_model(model)
    gold = np.array([[id_ in row["narratives"] for id_ in loaded.codebook.ids] for row in rows])
    return gold, loaded.classify([row["text"] for row in rows]).raised


def spoil(raised: Matrix, how: str, rng: np.random.Generator) -> Matrix:
    """The answers of a worse model."""
    if how == "good":
        return raised
    if how == "spoiled":
        return rng.permuted(raised, axis=0)
    rates = 0.25 * raised.mean(0)
    return (raised & (rng.random(raised.shape) >= 0.25)) | (rng.random(raised.shape) < rates)


def main() -> None:
    """A row for each set, model and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--project", type=Path, default=Path())
    parser.add_argument("--model", default="tfidf")
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(6)
    print(
        "| set | texts | narratives (carried by) | model | labels | prevalence: least, mean, most | precision | recall | F1 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for folder in arguments.folders:
        is_field = (folder / "news.jsonl").is_file()
        model = arguments.project / "models" / arguments.model
        gold, answers = read_field(folder, model) if is_field else read_benchmark(folder)
        for how in ("good", "poor", "spoiled"):
            raised = spoil(answers, how, rng)
            for labels in (n for n in LABELS if n < len(gold)):
                print(_row(folder.name, gold, raised, how, labels, arguments.draws, rng), flush=True)


def _row(name: str, gold: Matrix, raised: Matrix, how: str, labels: int, draws: int, rng: np.random.Generator) -> str:
    helds: dict[str, list[float]] = {}
    carried = gold.sum(0)
    for k in np.flatnonzero(carried):
        cells = [gold[:, k] & raised[:, k], ~gold[:, k] & raised[:, k], gold[:, k] & ~raised[:, k], ~gold[:, k] & ~raised[:, k]]
        feed = tuple(int(cell.sum()) for cell in cells)
        found = cover(feed, draw_counts(feed, labels, draws, rng))  # type: ignore[arg-type]
        for figure, (held, _) in found.items():
            if held == held:
                helds.setdefault(figure, []).append(held)
    told = [_tell(helds.get(figure, [])) for figure in ("prevalence", "precision", "recall", "f1")]
    shares = carried[carried > 0] / len(gold)
    span = f"{(carried > 0).sum()} ({100 * shares.min():.1f} to {100 * shares.max():.0f} %)"
    return f"| {name} | {len(gold)} | {span} | {how} | {labels} | {' | '.join(told)} |"


def _tell(helds: list[float]) -> str:
    return f"{show(min(helds))} {show(float(np.mean(helds)))} {show(max(helds))}" if helds else "–"


if __name__ == "__main__":
    main()
