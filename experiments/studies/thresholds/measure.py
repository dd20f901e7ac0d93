"""Which rule sets thresholds best? Scores that no model was trained on are halved: one half decides, the other is scored.

    python experiments/studies/thresholds/measure.py [PROJECT...] [--model FOLDER]... [--halves 20]

For the sample task and each project, TF-IDF scores of train and validation passages, out of fold. For each model (trained on
the sample task) its own scores of the validation passages, before calibration: its best epoch was chosen on these, which
favours no rule. Test passages are not read. Of a half that decides, as many passages are taken as the validation split has.

Prints mean micro / macro F1, and the Brier score before and after calibration.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from narratives.annotation.audit import score_out_of_fold
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.data import Floats, Matrix, Scores
from narratives.labels.passages import gold_matrix
from narratives.labels.splits import split_passages
from narratives.metrics.counts import count, macro_f1, micro_f1
from narratives.metrics.reliability import brier_score
from narratives.models.calibration import fit_calibration
from narratives.models.folder import load_model
from narratives.models.thresholds import decide, tune_thresholds
from narratives.project.project import Project
from narratives.texts.similarity import near_duplicates

SHRINKAGE = 10  # positives that count as much as the shared ratio
RATIOS = np.linspace(0.3, 2.0, 18)  # passages raised for each passage that carries the narrative
Rule = Callable[[Scores, Matrix, Scores], Matrix]  # scores and labels of one half, scores of the other; what is raised there


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--model", action="append", type=Path, default=[], dest="models")
    parser.add_argument("--halves", type=int, default=20)
    options = parser.parse_args()
    print("| scores | passages | " + " | ".join(RULES) + " | Brier |\n" + "|---" * (len(RULES) + 3) + "|", flush=True)
    sample = Path(__file__).parents[3]
    for root in [sample, *options.projects]:
        name = "sample" if root == sample else root.resolve().name
        report(f"{name}, tfidf", *read_out_of_fold(root), options.halves)
    for folder in options.models:
        report(f"sample, {folder.name}", *read_model(sample, folder), options.halves)


def read_out_of_fold(root: Path) -> tuple[Scores, Matrix, int]:
    """Scores and labels of all passages that may be seen, and the size of the validation split."""
    project = Project(root)
    codebook = project.read_codebook()
    passages, splits = project.corpus.passages, project.corpus.splits
    parts = [split_passages(passages, splits, split) for split in ("train", "validation")]
    seen = [*parts[0], *parts[1]]
    gold = gold_matrix(seen, codebook.ids)
    return score_out_of_fold(seen, gold, near_duplicates([passage.text for passage in seen])), gold, len(parts[1])


def read_model(root: Path, folder: Path) -> tuple[Scores, Matrix, int]:
    """The same for the validation split as a trained model scores it."""
    model, project = load_model(folder), Project(root)
    passages = split_passages(project.corpus.passages, project.corpus.splits, "validation")
    gold = gold_matrix(passages, model.codebook.ids)
    return model.classifier.predict_proba([p.text for p in passages])[:, : gold.shape[1]], gold, len(passages)


def report(name: str, scores: Scores, gold: Matrix, most: int, halves: int) -> None:
    """One line of the table; rules see at most `most` passages of a half."""
    rng = np.random.default_rng(0)
    figures: list[list[tuple[float, float]]] = []
    brier: list[tuple[float, float]] = []
    for _ in range(halves):
        order = rng.permutation(len(gold))
        middle = len(gold) // 2
        for held, tried in ((order[:middle], order[middle:]), (order[middle:], order[:middle])):
            tuned = scores[held[:most]], gold[held[:most]]
            figures.append([rate(gold[tried], rule(*tuned, scores[tried])) for rule in RULES.values()])
            calibration = fit_calibration(*tuned, tuned[1].any(0))
            brier.append((brier_score(scores[tried], gold[tried]), brier_score(calibration.apply(scores[tried]), gold[tried])))
    told = [f"{micro:.3f} / {macro:.3f}" for micro, macro in np.mean(figures, axis=0)]
    before, after = np.mean(brier, axis=0)
    print(
        f"| {name} | {min(len(gold) // 2, most)} of {len(gold)} | {' | '.join(told)} | {before:.4f}, {after:.4f} |", flush=True
    )


def rate(gold: Matrix, raised: Matrix) -> tuple[float, float]:
    """Micro and macro F1."""
    counts = count(gold, raised, axis=0)
    return float(micro_f1(counts)), float(macro_f1(counts))


def cut_at_half(held: Scores, gold: Matrix, scores: Scores) -> Matrix:
    """No tuning."""
    return decide(scores, np.full(gold.shape[1], 0.5))


def cut_at_best(held: Scores, gold: Matrix, scores: Scores, shrinkage: float = 0) -> Matrix:
    """Each narrative's own best cut, drawn in log-odds towards a ratio of raised to carried that is shared by all."""
    support = gold.sum(0)
    candidates = [cut_share(held, ratio * support) for ratio in RATIOS]
    shared = max(candidates, key=lambda cuts: float(np.nan_to_num(micro_f1(count(gold, held >= cuts, axis=0)))))
    own = np.array([best_cut(held[:, k], gold[:, k]) if n else shared[k] for k, n in enumerate(support)])
    weight = np.divide(support, support + shrinkage, out=np.zeros(len(support)), where=support > 0)
    return decide(scores, to_share(weight * to_log_odds(own) + (1 - weight) * to_log_odds(shared)))


def cut_shrunk(held: Scores, gold: Matrix, scores: Scores) -> Matrix:
    """The rule that was in use before."""
    return cut_at_best(held, gold, scores, SHRINKAGE)


def cut_expected(held: Scores, gold: Matrix, scores: Scores) -> Matrix:
    """The rule in use."""
    calibration = fit_calibration(held, gold, np.ones(gold.shape[1], dtype=np.bool_))
    return decide(calibration.apply(scores), tune_thresholds(calibration.apply(held)))


def cut_share(scores: Scores, wanted: Floats) -> Floats:
    """For each narrative the cut that raises about `wanted` passages; at least one, at most all but one."""
    falling = -np.sort(-scores, axis=0)
    last = np.clip(np.round(wanted).astype(int), 1, len(falling) - 1)
    columns = np.arange(scores.shape[1])
    return np.asarray((falling[last - 1, columns] + falling[last, columns]) / 2)


def best_cut(scores: Scores, gold: Sequence[bool]) -> float:
    """The cut with the largest F1; of several equally good ones, the median."""
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(np.asarray(gold)[order])
    ends = np.flatnonzero(falling[:-1] > falling[1:])  # a cut can only lie where the score changes
    if not len(ends):
        return 0.5
    f1 = hits[ends] / (ends + 1 + hits[-1])
    best = ends[f1 >= f1.max() - 1e-12]
    return float(falling[best[len(best) // 2] + np.arange(2)].mean())


RULES: dict[str, Rule] = {
    "at .5": cut_at_half,
    "own best cut": cut_at_best,
    "drawn to a shared ratio": cut_shrunk,
    "**expected F1**": cut_expected,
}

if __name__ == "__main__":
    main()
