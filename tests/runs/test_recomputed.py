"""Every figure of a report, computed again from the files alone: by scikit-learn, and by counting."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import invoke, write_lines
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
)

IDS = [f"n{k}" for k in range(5)]
CLOSE = 5.1e-5  # figures are rounded to four digits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `score` wrote, beside its sources: 300 passages in documents of 1 to 5, scores that are far from perfect."""
    root, rng = tmp_path_factory.mktemp("recomputed"), np.random.default_rng(11)
    book = ['name = "made up"', 'version = "1"']
    for id_ in IDS:
        book += ["[[narrative]]", f'id = "{id_}"', 'family = "f"', f'title = "{id_}"', f'definition = "{id_}"']
    write_lines(root / "codebook.toml", *book)
    gold = rng.random((300, 5)) < [0.3, 0.15, 0.1, 0.05, 0.03]
    scores = np.clip(rng.normal(0.25 + 0.35 * gold, 0.2), 0, 1).round(3)
    documents = np.repeat(np.arange(300), rng.integers(1, 6, 300))[:300]
    labels = [[IDS[k] for k in np.flatnonzero(row)] for row in gold]
    raised = [[IDS[k] for k in np.flatnonzero(row >= 0.5)] for row in scores]
    rows = range(300)
    write_lines(root / "gold.jsonl", *({"id": f"p{k}", "document": f"d{documents[k]}", "narratives": labels[k]} for k in rows))
    answers = [
        {"id": f"p{k}", "narratives": raised[k], "scores": dict(zip(IDS, scores[k].tolist(), strict=True))} for k in rows
    ]
    write_lines(root / "predictions.jsonl", *reversed(answers))
    arguments = ("--codebook", root / "codebook.toml", "-o", root / "out")
    result = invoke(root, "score", root / "gold.jsonl", root / "predictions.jsonl", *arguments)
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture(scope="module")
def evaluation(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "out" / "evaluation.json").read_text(encoding="utf-8"))
    return value


@pytest.fixture(scope="module")
def arrays(folder: Path) -> dict[str, Any]:
    """Gold, decisions and scores, read line by line and joined by id."""
    gold, predictions = (
        {row["id"]: row for row in map(json.loads, (folder / name).read_text(encoding="utf-8").splitlines())}
        for name in ("gold.jsonl", "predictions.jsonl")
    )
    ids = list(gold)
    return {
        "gold": np.array([[id_ in gold[each]["narratives"] for id_ in IDS] for each in ids]),
        "raised": np.array([[id_ in predictions[each]["narratives"] for id_ in IDS] for each in ids]),
        "scores": np.array([[predictions[each]["scores"][id_] for id_ in IDS] for each in ids]),
        "documents": [gold[each]["document"] for each in ids],
    }


def test_figures_over_all_narratives(evaluation: dict[str, Any], arrays: dict[str, Any]) -> None:
    gold, raised = arrays["gold"], arrays["raised"]
    nothing = ~gold.any(1) & ~raised.any(1)
    expected = {
        "micro_f1": f1_score(gold, raised, average="micro"),
        "macro_f1": f1_score(gold, raised, average="macro"),
        "samples_f1": f1_score(gold[~nothing], raised[~nothing], average="samples", zero_division=0) * (~nothing).mean()
        + nothing.mean(),
        "exact_match": (gold == raised).all(1).mean(),
        "coverage": raised.any(1).mean(),
    }
    for name, value in expected.items():
        assert evaluation["overall"][name]["value"] == pytest.approx(value, abs=CLOSE), name
    assert evaluation["none"] == (~gold.any(1)).sum() and evaluation["documents"] == len(set(arrays["documents"]))


def test_figures_of_each_narrative(evaluation: dict[str, Any], arrays: dict[str, Any]) -> None:
    gold, raised, scores = arrays["gold"], arrays["raised"], arrays["scores"]
    precision, recall, f1, support = precision_recall_fscore_support(gold, raised)
    for k, row in enumerate(sorted(evaluation["narratives"], key=lambda row: row["id"])):
        [[_, wrong], [_, hits]] = multilabel_confusion_matrix(gold, raised)[k]
        assert (row["support"], row["hits"], row["raised"]) == (support[k], hits, hits + wrong)
        figures = [row[name]["value"] for name in ("precision", "recall", "f1")]
        assert figures == pytest.approx([precision[k], recall[k], f1[k]], abs=CLOSE)
        assert row["average_precision"] == pytest.approx(average_precision_score(gold[:, k], scores[:, k]), abs=CLOSE)
        for name in ("precision", "recall", "f1"):
            assert row[name]["low"] <= row[name]["value"] <= row[name]["high"] and row[name]["low"] < row[name]["high"]


def test_scores_as_probabilities(evaluation: dict[str, Any], arrays: dict[str, Any]) -> None:
    gold, raised, scores = arrays["gold"], arrays["raised"], arrays["scores"]
    brier = np.mean([brier_score_loss(gold[:, k], scores[:, k]) for k in range(5)])
    base = np.mean([brier_score_loss(gold[:, k], np.full(300, gold[:, k].mean())) for k in range(5)])
    figures = evaluation["probabilities"]
    assert figures["brier_skill"]["value"] == pytest.approx(1 - brier / base, abs=2e-4)
    for name, chosen in (("ece", np.ones_like(gold)), ("ece_raised", raised)):
        error = 0.0
        for k in range(10):
            cell = chosen & (scores >= k / 10) & (scores < (k + 1) / 10 if k < 9 else scores <= 1)
            error += abs(gold[cell].sum() - scores[cell].sum())
        assert figures[name]["value"] == pytest.approx(error / chosen.sum(), abs=CLOSE), name


def test_precision_elsewhere_is_that_of_a_test_weighted_to_that_mix(evaluation: dict[str, Any], arrays: dict[str, Any]) -> None:
    gold, raised = arrays["gold"], arrays["raised"]
    loud = gold.any(1)
    assert evaluation["elsewhere"]["alarms"]["value"] == pytest.approx(100 * raised[~loud].sum() / (~loud).sum(), abs=CLOSE)
    for percent in (10, 5, 2, 1):
        weights = np.where(loud, percent / 100 / loud.mean(), (1 - percent / 100) / (1 - loud.mean()))
        right, wrong = (float((cells.sum(1) * weights).sum()) for cells in (gold & raised, ~gold & raised))
        figure = evaluation["elsewhere"][f"precision_{percent}"]["value"]
        assert figure == pytest.approx(right / (right + wrong), abs=CLOSE), percent
