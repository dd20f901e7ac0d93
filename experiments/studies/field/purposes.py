"""Thresholds for other purposes and other mixes, and what they would give on real texts.

    python experiments/studies/field/purposes.py FIELD [--project DIR] [--runs transformer ...] [--rarer 1 1.5 ...]

FIELD as for `measure.py`. Nothing is trained: thresholds are set anew on the scores of the validation passages, each
narrative's by itself or one for all, for each `rarer`. Prints precision, recall and micro F1 on the reports, news windows
with an alarm, micro F1 on the sample test, and micro F1 on the reports less that of the thresholds as shipped (95 %, paired
bootstrap over passages).
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import count_cells, read_labelled, read_texts

from narratives.labels import gold_matrix
from narratives.models import Model, load_model
from narratives.models.thresholds import tune_thresholds, tune_together
from narratives.project import Project

DRAWS = 2000
WAYS = {"each by itself": tune_thresholds, "one for all": tune_together}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("field", type=Path)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[3])
    parser.add_argument("--runs", nargs="+", default=["tfidf", "transformer", "blend", "quality"])
    parser.add_argument("--rarer", type=float, nargs="+", default=[0.75, 1.0, 1.25, 1.5, 2.0, 3.0])
    options = parser.parse_args()
    project = Project(options.project)
    print("| run | thresholds | rarer | precision | recall | micro F1 | less as shipped | news % | sample test |")
    print("|---|---|---|---|---|---|---|---|---|")
    for run in options.runs:
        weigh(run, load_model(project.model(run)), project, options.field, options.rarer)


def weigh(run: str, model: Model, project: Project, field: Path, mixes: list[float]) -> None:
    """Print the rows of one run."""
    plain = replace(model, cascade=None)  # whose first stage was fitted to the thresholds as shipped
    reports, gold, counted = read_labelled(field / "reports.jsonl", plain)
    test = project.corpus.part("test")
    texts = {
        "validation": [passage.text for passage in project.corpus.part("validation")],
        "reports": [passage.text for passage in reports],
        "news": read_texts(field / "news.jsonl"),
        "test": [passage.text for passage in test],
    }
    scores = {name: plain.classify(part).scores for name, part in texts.items()}
    rows = np.random.default_rng(0).integers(len(gold), size=(DRAWS, len(gold)))
    shipped = count_cells(gold, scores["reports"] >= model.thresholds, counted)
    cuts = {("as shipped", ""): model.thresholds}
    cuts |= {(name, f"{mix:g}"): tune(scores["validation"], mix) for name, tune in WAYS.items() for mix in mixes}
    for (name, mix), thresholds in cuts.items():
        cells = count_cells(gold, scores["reports"] >= thresholds, counted)
        tp, fp, fn = cells.sum(0)
        low, high = np.quantile(rate(cells[rows].sum(1)) - rate(shipped[rows].sum(1)), [0.025, 0.975])
        change = rate(cells.sum(0)) - rate(shipped.sum(0))
        alarms = 100 * (scores["news"] >= thresholds).any(1).mean()
        own = count_cells(gold_matrix(test, model.codebook.ids), scores["test"] >= thresholds, np.True_)
        print(
            f"| {run} | {name} | {mix} | {tp / max(1, tp + fp):.2f} | {tp / max(1, tp + fn):.2f} | {rate(cells.sum(0)):.3f} "
            f"| {change:+.3f} ({low:+.3f} to {high:+.3f}) | {alarms:.1f} | {rate(own.sum(0)):.3f} |"
        )


def rate(cells: Any) -> Any:
    """Micro F1 of counts (..., 3)."""
    tp, fp, fn = np.moveaxis(cells, -1, 0)
    return 2 * tp / np.maximum(1, 2 * tp + fp + fn)


if __name__ == "__main__":
    main()
