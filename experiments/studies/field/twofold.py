"""Is a long paragraph read better whole, in parts, or both ways? The ranking of real reports and of validation passages.

    python experiments/studies/field/twofold.py FIELD [--project DIR] [--runs tfidf transformer ...] [--details 200 300 400 500]

FIELD holds `reports.jsonl`, labelled, with the narratives in dispute under `disputed` (those decisions are left out). The
classifiers of trained models are asked anew, before calibration: for whole windows, for the best part of each alone, and for
the mean of both. Prints pooled average precision, the difference to whole windows on the reports with its 95 % interval
(paired bootstrap over passages), and how many characters are read for each of the reports.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measure import read_labelled

from narratives.classifiers import to_log_odds
from narratives.data import Matrix, Scores
from narratives.labels.passages import gold_matrix
from narratives.metrics.curves import average_precision
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.prior import Guided
from narratives.models.twofold import find_parts
from narratives.project.project import Project

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Texts with their gold labels, and which decisions count."""

    texts: list[str]
    gold: Matrix
    counted: Matrix


def main() -> None:
    """A line for each model and way of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("field", type=Path)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[3])
    parser.add_argument("--runs", nargs="+", default=["tfidf", "transformer", "blend", "quality"])
    parser.add_argument("--details", type=int, nargs="+", default=[200, 300, 400, 500])
    options = parser.parse_args()
    project = Project(options.project)
    print("| model | read | reports | less whole windows | validation | characters read |")
    print("|---|---|---|---|---|---|")
    for run in options.runs:
        model = load_model(project.model(run))
        passages, gold, counted = read_labelled(options.field / "reports.jsonl", model)
        held_out = project.corpus.part("validation")
        reports = Part([passage.text for passage in passages], gold, counted)
        labels = gold_matrix(held_out, model.codebook.ids)
        validation = Part([passage.text for passage in held_out], labels, np.ones(labels.shape, dtype=np.bool_))
        compare(run, model, (reports, validation), options.details)


def compare(run: str, model: Model, parts: tuple[Part, Part], details: list[int]) -> None:
    """All ways of reading with one model."""
    whole = [score(model, part.texts, 0) for part in parts]
    print_row(run, "whole", parts, whole, whole, 1.0)
    for detail in details:
        best = [score(model, part.texts, detail) for part in parts]
        reports = parts[0].texts
        extra = sum(len(text) for text in reports if len(find_parts(text, detail)) > 1) / sum(map(len, reports))
        print_row(run, f"parts of {detail}", parts, best, whole, 1.0)
        both = [(first + second) / 2 for first, second in zip(whole, best, strict=True)]
        print_row(run, f"whole and parts of {detail}", parts, both, whole, 1.0 + extra)


def score(model: Model, texts: list[str], detail: int) -> Scores:
    """Log-odds (texts, narratives): of each text as a whole, or of its best part."""
    pieces = [[text[start:end] for start, end in find_parts(text, detail)] for text in texts]
    flat = [piece for each in pieces for piece in each]
    odds = to_log_odds(Guided(model.classifier, model.prior).predict_proba(flat)[:, : len(model.codebook.ids)])
    ends = np.cumsum([len(each) for each in pieces]).tolist()
    return np.stack([odds[start:end].max(0) for start, end in zip([0, *ends[:-1]], ends, strict=True)])


def print_row(run: str, name: str, parts: tuple[Part, Part], odds: list[Scores], before: list[Scores], read: float) -> None:
    """Average precision on reports and validation, and how the reports differ."""
    figures = [average_precision(each[part.counted], part.gold[part.counted]) for part, each in zip(parts, odds, strict=True)]
    reports, rng, gains = parts[0], np.random.default_rng(0), []
    for _ in range(DRAWS):
        rows = rng.integers(0, len(reports.texts), len(reports.texts))
        counted, gold = reports.counted[rows], reports.gold[rows]
        values = [average_precision(each[0][rows][counted], gold[counted]) or 0.0 for each in (odds, before)]
        gains.append(values[0] - values[1])
    low, high = np.quantile(gains, [0.025, 0.975])
    gain = f"{np.mean(gains):+.3f} ({low:+.3f} to {high:+.3f})"
    print(f"| {run} | {name} | {figures[0]:.3f} | {gain} | {figures[1]:.3f} | {read:.2f} |", flush=True)


if __name__ == "__main__":
    main()
