"""Could TF-IDF answer for an encoder where its own scores are low? What that would spare, and what would change.

    python experiments/studies/speed/cascade.py [--first models/tfidf] [--second models/transformer] [TEXTS.jsonl ...]

Measured for the encoder alone and for blends of both with several weights of TF-IDF, made from their calibrated scores and
calibrated on validation. A text is answered by TF-IDF alone, with nothing raised, where each of its scores lies below its
threshold by a margin in log-odds. For validation: the share answered so, decisions that flip, right ones that are lost, the
largest fall of a narrative's F1. For each further file: the share, what falls silent, and micro F1 where it has labels.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from narratives.classifiers.odds import to_log_odds, to_share
from narratives.data import Matrix, Scores
from narratives.labels.passages import gold_matrix
from narratives.models.calibration import fit_calibration
from narratives.models.folder import load_model
from narratives.models.thresholds import decide, tune_thresholds
from narratives.project.project import Project

ROOT = Path(__file__).parents[3]
VALIDATION = "validation"
WEIGHTS = (0.0, 0.3, 0.5, 0.7)  # of TF-IDF
MARGINS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True, slots=True)
class Part:
    """Texts with what both models make of them; `gold` is `None` where nobody labelled them."""

    name: str
    nearest: Scores  # (texts,): the largest of TF-IDF's log-odds less those of its thresholds
    raised: Matrix  # by the full model
    gold: Matrix | None


def main() -> None:
    """A line for each weight, margin and part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=Path, default=ROOT / "models/tfidf")
    parser.add_argument("--second", type=Path, default=ROOT / "models/transformer")
    parser.add_argument("texts", nargs="*", type=Path)
    options = parser.parse_args()
    first, second = load_model(options.first), load_model(options.second)
    texts, golds = read_texts(options.texts, first.codebook.ids)
    scores = {name: (first.classify(each).scores, second.classify(each).scores) for name, each in texts.items()}
    nearest = {name: (to_log_odds(a) - to_log_odds(first.thresholds)).max(1) for name, (a, _) in scores.items()}
    for weight in WEIGHTS:
        raised = {name: decide(both[1], second.thresholds) for name, both in scores.items()}
        if weight:
            raised = blend(scores, golds, weight)
        for margin in MARGINS:
            for name in texts:
                print(f"weight {weight}, {describe(Part(name, nearest[name], raised[name], golds[name]), margin)}", flush=True)


def blend(scores: dict[str, tuple[Scores, Scores]], golds: dict[str, Matrix | None], weight: float) -> dict[str, Matrix]:
    """What a blend raises, its thresholds tuned on validation."""
    mixed = {name: to_share(weight * to_log_odds(a) + (1 - weight) * to_log_odds(b)) for name, (a, b) in scores.items()}
    gold = golds[VALIDATION]
    assert gold is not None  # noqa: S101
    calibration = fit_calibration(mixed[VALIDATION].astype(np.float32), gold, np.ones(gold.shape[1], dtype=np.bool_))
    whole = {name: calibration.apply(each.astype(np.float32)) for name, each in mixed.items()}
    thresholds = tune_thresholds(whole[VALIDATION])
    return {name: decide(each, thresholds) for name, each in whole.items()}


def read_texts(paths: list[Path], ids: tuple[str, ...]) -> tuple[dict[str, list[str]], dict[str, Matrix | None]]:
    """The texts of validation and of each file by name, and their labels where they have any."""
    passages = Project(ROOT).corpus.part("validation")
    texts = {VALIDATION: [passage.text for passage in passages]}
    golds: dict[str, Matrix | None] = {VALIDATION: gold_matrix(passages, ids)}
    for path in paths:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts[path.stem] = [record["text"] for record in records]
        labelled = all(isinstance(record.get("narratives"), dict) for record in records)
        rows = [[id_ in record["narratives"] for id_ in ids] for record in records] if labelled else None
        golds[path.stem] = None if rows is None else np.array(rows, dtype=np.bool_)
    return texts, golds


def f1(gold: Matrix, raised: Matrix, axis: int | None) -> Scores:
    """F1, 0 where there is nothing."""
    return np.asarray(2 * (gold & raised).sum(axis) / np.maximum(gold.sum(axis) + raised.sum(axis), 1))


def describe(part: Part, margin: float) -> str:
    """What would be spared and lost."""
    quiet = part.nearest < -margin
    kept = part.raised & ~quiet[:, None]
    line = (
        f"margin {margin}: {part.name}: {quiet.mean():.0%} spared, {int((part.raised & quiet[:, None]).sum())} decisions flip"
    )
    if part.gold is None:
        return f"{line} of {part.raised.size}"
    lost = int((part.raised & part.gold & quiet[:, None]).sum())
    fall = (f1(part.gold, part.raised, 0) - f1(part.gold, kept, 0)).max()
    micro = [float(f1(part.gold, raised, None)) for raised in (part.raised, kept)]
    return f"{line} of {part.raised.size}, {lost} right ones lost, F1 {micro[0]:.3f} to {micro[1]:.3f}, largest fall {fall:.3f}"


if __name__ == "__main__":
    main()
