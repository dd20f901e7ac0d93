"""How models do on real texts that nobody of this project wrote. The texts are read, never kept.

    python experiments/studies/field/measure.py FIELD [--project DIR] [--runs tfidf transformer ...] [--json FILE]

FIELD holds `reports.jsonl` and `news.jsonl`, labelled, with the narratives in dispute under `disputed` (those decisions
are left out), and `background.jsonl`, unlabelled. Prints a Markdown table: on the reports precision, recall and micro F1
(95 % bootstrap over passages), pooled average precision and its mean over narratives, and how many stances of what was
found are right; the share of news and background windows with an alarm (95 % Wilson); then the wrong alarms by kind.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from narratives.labels.passages import read_files
from narratives.metrics.cases import wilson
from narratives.metrics.curves import average_precision
from narratives.models.answers import Answers
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.project.project import Project

DRAWS = 2000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("field", type=Path)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[3])
    parser.add_argument("--runs", nargs="+", default=["tfidf", "transformer", "blend", "quality", "multilingual"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    project = Project(options.project)
    rows = {run: measure(load_model(project.model(run)), options.field) for run in options.runs}
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(model: Model, field: Path) -> dict[str, Any]:
    """All figures of one model."""
    reports, gold, counted = read_labelled(field / "reports.jsonl", model)
    answers = model.classify([passage.text for passage in reports])
    row: dict[str, Any] = score_decisions(gold, answers.raised, counted)
    row["pooled_ap"] = average_precision(answers.scores[counted], gold[counted])
    columns = [k for k in range(gold.shape[1]) if gold[counted[:, k], k].any()]
    each = [average_precision(answers.scores[counted[:, k], k], gold[counted[:, k], k]) for k in columns]
    row["mean_ap"] = float(np.mean([value for value in each if value is not None]))
    row["stances"] = count_stances(reports, answers)
    row["kinds"] = sort_alarms(gold, answers.raised & counted, model.codebook.ids)
    for name in ("news", "background"):
        texts = read_texts(field / f"{name}.jsonl")
        alarms = int(model.classify(texts).raised.any(1).sum())
        bounds = wilson(np.array(float(alarms)), np.array(float(len(texts))))
        row[name] = [100 * alarms / len(texts), *(100 * float(bound) for bound in bounds)]
    return row


def read_texts(path: Path) -> list[str]:
    """The texts of a file, an object a line."""
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_labelled(path: Path, model: Model) -> tuple[list[Any], np.ndarray, np.ndarray]:
    """Passages, gold labels and which decisions count, both (passages, narratives)."""
    passages = read_files([path], model.codebook)
    ids = model.codebook.ids
    gold = np.array([[id_ in (passage.narratives or {}) for id_ in ids] for passage in passages])
    counted = np.array([[id_ not in passage.extras.get("disputed", ()) for id_ in ids] for passage in passages])
    return passages, gold, counted


def count_cells(gold: np.ndarray, raised: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Decisions right, wrongly raised and missed of each passage, (passages, 3)."""
    return np.stack([(side & counted).sum(1) for side in (gold & raised, ~gold & raised, gold & ~raised)], axis=1)


def score_decisions(gold: np.ndarray, raised: np.ndarray, counted: np.ndarray) -> dict[str, Any]:
    """Micro precision, recall and F1, each with its interval."""
    cells = count_cells(gold, raised, counted).astype(float).T
    weights = np.random.default_rng(0).multinomial(len(gold), np.full(len(gold), 1 / len(gold)), size=DRAWS)
    drawn = [weights @ each for each in cells]

    def figures(tp: Any, fp: Any, fn: Any) -> dict[str, Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}

    points, samples = figures(*(each.sum() for each in cells)), figures(*drawn)
    return {name: [float(points[name]), *np.nanquantile(samples[name], [0.025, 0.975]).tolist()] for name in points}


def count_stances(passages: list[Any], answers: Answers) -> list[int]:
    """Stances right, and narratives found whose stance is known."""
    pairs = [
        (stance, prediction.narratives[id_])
        for passage, prediction in zip(passages, answers, strict=True)
        for id_, stance in (passage.narratives or {}).items()
        if stance and id_ in prediction.narratives
    ]
    return [sum(a == b for a, b in pairs), len(pairs)]


def sort_alarms(gold: np.ndarray, raised: np.ndarray, ids: tuple[str, ...]) -> dict[str, Any]:
    """Decisions by kind: right, false where the passage carries nothing or something else, and missed."""
    wrong, carries = raised & ~gold, gold.any(1)
    return {
        "right": int((raised & gold).sum()),
        "false, passage carries none": int(wrong[~carries].sum()),
        "false, passage carries another": int(wrong[carries].sum()),
        "missed": int((gold & ~raised).sum()),
        "most often falsely": dict(Counter({ids[k]: int(wrong[:, k].sum()) for k in range(len(ids))}).most_common(6)),
    }


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Markdown."""
    print(
        "| run | reports: precision | recall | micro F1 | pooled AP | mean AP | stances | news alarms % | background alarms % |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for run, row in rows.items():
        figures = [f"{row[name][0]:.2f} ({row[name][1]:.2f}-{row[name][2]:.2f})" for name in ("precision", "recall", "f1")]
        alarms = [f"{row[name][0]:.1f} ({row[name][1]:.1f}-{row[name][2]:.1f})" for name in ("news", "background")]
        stances = f"{row['stances'][0]} of {row['stances'][1]}"
        print("|", " | ".join([run, *figures, f"{row['pooled_ap']:.2f}", f"{row['mean_ap']:.2f}", stances, *alarms]), "|")
    for run, row in rows.items():
        print(f"\n{run}: " + "; ".join(f"{kind} {count}" for kind, count in row["kinds"].items()))


if __name__ == "__main__":
    main()
