"""Predictions on disk: what is written is read back, and what does not fit is told with its line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import problems_of, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import CODEBOOK, predict

from narratives.data import Labels, Prediction, Stance
from narratives.predictions import read_predictions, to_row, write_predictions

GOOD = to_row(predict()[0], "first", CODEBOOK)
WITHOUT_ONE = {id_: score for id_, score in GOOD["scores"].items() if id_ != "rare"}

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
STANCES: st.SearchStrategy[Stance | None] = st.sampled_from([*Stance, None])
LABELS: st.SearchStrategy[Labels] = st.dictionaries(st.sampled_from(CODEBOOK.ids), STANCES)
SCORES = st.fixed_dictionaries({id_: st.floats(0, 1) for id_ in CODEBOOK.ids})


@settings(deadline=None)
@given(st.lists(st.builds(Prediction, IDS, SCORES, LABELS), max_size=4))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, predictions: list[Prediction]) -> None:
    path = tmp_path_factory.mktemp("run") / "predictions.jsonl"
    write_predictions(path, predictions, "first", CODEBOOK)
    assert read_predictions(path, CODEBOOK) == predictions


def test_a_line_names_its_run_and_its_codebook(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, [Prediction("p1", dict.fromkeys(CODEBOOK.ids, 0.5), {"rare": None})], "first", CODEBOOK)
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "id": "p1",
        "narratives": {"rare": None},
        "scores": {"frequent": 0.5, "common": 0.5, "rare": 0.5, "never": 0.5},
        "run": "first",
        "codebook": CODEBOOK.digest[:12],
    }


def test_a_line_without_a_codebook_is_taken_on_trust(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", {key: GOOD[key] for key in ("id", "narratives", "scores")})
    assert read_predictions(path, CODEBOOK) == [predict()[0]]


def test_the_order_of_the_scores_does_not_matter(tmp_path: Path) -> None:
    turned = {**GOOD, "scores": dict(reversed(GOOD["scores"].items()))}
    assert read_predictions(write_lines(tmp_path / "predictions.jsonl", turned), CODEBOOK) == [predict()[0]]


SHAPE = "a prediction needs 'id' (text), 'scores' (object) and 'narratives' (object)"
RANGE = "'scores' must give every narrative a number from 0 to 1"
STANCE = "'narratives' must map ids to asserts, reports, rebuts or null"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"codebook": "0" * 12}, "made with another codebook; run the model again: narratives evaluate"),
        ({"codebook": None}, "made with another codebook; run the model again: narratives evaluate"),
        ({"id": 7}, SHAPE),
        ({"scores": [0.1, 0.2, 0.3, 0.4]}, SHAPE),
        ({"narratives": ["rare"]}, SHAPE),
        ({"narratives": {"rear": None}}, "unknown narrative 'rear'; did you mean 'rare'?"),
        ({"scores": {**GOOD["scores"], "zzz": 0.5}}, "unknown narrative 'zzz'; known: frequent, common, rare, never"),
        ({"scores": WITHOUT_ONE}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": 1.01}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": -0.01}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": float("nan")}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": "0.5"}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": True}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": None}}, RANGE),
        ({"narratives": {"rare": "agrees"}}, STANCE),
        ({"narratives": {"rare": ["asserts"]}}, STANCE),
    ],
)
def test_a_bad_line_is_told_with_its_place(tmp_path: Path, wrong: dict[str, Any], problem: str) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", GOOD, {**GOOD, **wrong})
    assert problems_of(lambda: read_predictions(path, CODEBOOK)) == [f"{path}:2: {problem}"]


def test_every_bad_line_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", {**GOOD, "id": None}, GOOD, "[]", "{", {**GOOD, "scores": {}})
    assert [problem.split(": ")[0] for problem in problems_of(lambda: read_predictions(path, CODEBOOK))] == [
        f"{path}:{line}" for line in (1, 3, 4, 5)
    ]


def test_predictions_of_another_version_of_the_codebook_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, predict()[:1], "first", CODEBOOK)
    newer = replace(CODEBOOK, version="2")
    assert problems_of(lambda: read_predictions(path, newer)) == [
        f"{path}:1: made with another codebook; run the model again: narratives evaluate"
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    assert problems_of(lambda: read_predictions(path, CODEBOOK)) == [f"{path}: no such file; check the path"]
