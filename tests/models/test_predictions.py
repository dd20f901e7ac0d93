"""Predictions on disk: what is written is read back, and what does not fit is told with its line."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of, write_lines
from helpers.scored import CODEBOOK, predict
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.data import Codebook, Labels, Prediction, Stance
from narratives.models.predictions import read_predictions, to_row, write_predictions


def read(path: Path, codebook: Codebook = CODEBOOK) -> list[Prediction]:
    return list(read_predictions(path, codebook))


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
    assert read(path) == predictions


def test_a_line_names_its_run_and_its_codebook(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    write_predictions(
        path, [Prediction("p1", dict.fromkeys(CODEBOOK.ids, 0.5), {"rare": None}, {"rare": (0, 9)})], "first", CODEBOOK
    )
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "id": "p1",
        "narratives": {"rare": None},
        "spans": {"rare": [0, 9]},
        "scores": {"frequent": 0.5, "common": 0.5, "rare": 0.5, "never": 0.5},
        "run": "first",
        "codebook": CODEBOOK.digest[:12],
    }


def test_a_line_without_a_codebook_is_taken_on_trust(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", {key: GOOD[key] for key in ("id", "narratives", "scores")})
    assert read(path) == [predict()[0]]


def test_the_order_of_the_scores_does_not_matter(tmp_path: Path) -> None:
    turned = {**GOOD, "scores": dict(reversed(GOOD["scores"].items()))}
    assert read(write_lines(tmp_path / "predictions.jsonl", turned)) == [predict()[0]]


RANGE = "the scores must give every narrative a number from 0 to 1"
STANCE = "'rare': stance {} is not known; use asserts, reports, rebuts or null"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"codebook": "0" * 12}, "made with another codebook; run the model again: narratives evaluate"),
        ({"codebook": None}, "made with another codebook; run the model again: narratives evaluate"),
        ({"id": [7]}, "a prediction needs an 'id', a text"),
        ({"scores": [0.1, 0.2, 0.3, 0.4]}, "'scores' must be an object"),
        ({"narratives": 3}, "'narratives' must be an object, a list of ids, or ids with ';' between them"),
        ({"narratives": {"rear": None}}, "unknown narrative 'rear'; did you mean 'rare'?"),
        (
            {"scores": {**GOOD["scores"], "zzz": 0.5}},
            "unknown narrative 'zzz' in the scores; known: frequent, common, rare, never",
        ),
        ({"scores": WITHOUT_ONE}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": 1.01}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": -0.01}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": float("nan")}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": "high"}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": True}}, RANGE),
        ({"scores": {**GOOD["scores"], "rare": None}}, RANGE),
        ({"narratives": {"rare": "agrees"}}, STANCE.format('"agrees"')),
        ({"narratives": {"rare": ["asserts"]}}, STANCE.format('["asserts"]')),
    ],
)
def test_a_bad_line_is_told_with_its_place(tmp_path: Path, wrong: dict[str, Any], problem: str) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", GOOD, {**GOOD, **wrong})
    assert problems_of(lambda: read(path)) == [f"{path}:2: {problem}"]


def test_every_bad_line_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "predictions.jsonl", {**GOOD, "id": None}, GOOD, "[]", "{", {**GOOD, "scores": {"rare": 1}})
    assert [problem.split(": ")[0] for problem in problems_of(lambda: read(path))] == [
        f"{path}:{line}" for line in (1, 3, 4, 5)
    ]


def test_predictions_of_another_version_of_the_codebook_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, predict()[:1], "first", CODEBOOK)
    newer = replace(CODEBOOK, version="2")
    assert problems_of(lambda: read(path, newer)) == [
        f"{path}:1: made with another codebook; run the model again: narratives evaluate"
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    assert problems_of(lambda: read(path)) == [f"{path}: no such file; check the path"]


@pytest.mark.parametrize(
    "labels", [["rare", "common"], {"rare": None, "common": None}, "rare;common", "rare, common", '["rare", "common"]']
)
def test_labels_alone_are_taken_in_any_common_form(tmp_path: Path, labels: object) -> None:
    path = write_lines(tmp_path / "theirs.jsonl", {"id": "p1", "narratives": labels})
    assert read(path) == [Prediction("p1", {}, {"rare": None, "common": None})]


def test_a_spreadsheet_with_a_column_for_each_narrative_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,rare,common,frequent,never,remark\np1,1,0,0,0,sure\np2,,x,,,\n", encoding="utf-8")
    assert [list(prediction.narratives) for prediction in read(path)] == [["rare"], ["common"]]


def test_a_cell_that_is_neither_yes_nor_no_is_told(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,rare,common,frequent,never\np1,maybe,0,0,0\n", encoding="utf-8")
    told = "column 'rare' holds 'maybe'; write 1 where the narrative is raised and 0 where not"
    assert problems_of(lambda: read(path)) == [f"{path}:2: {told}"]


def test_a_file_without_labels_is_told(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,label\np1,rare\n", encoding="utf-8")
    told = "no labels; add 'narratives', or a column of 0 and 1 for each narrative; if 'label' holds them, name it 'narratives'"
    assert problems_of(lambda: read(path)) == [f"{path}:2: {told}"]


def test_a_misspelt_column_is_told_since_its_narrative_would_count_as_never_raised(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,rear,common,frequent,never\np1,1,0,0,0\n", encoding="utf-8")
    assert problems_of(lambda: read(path)) == [
        f"{path}:2: no column 'rare', though other narratives have one; add it or check its spelling"
    ]


def test_a_label_that_differs_by_case_or_is_a_title_is_told_with_the_id(tmp_path: Path) -> None:
    told = {
        "RARE": "did you mean 'rare'?",
        "Common:reports": "did you mean 'common'?",
        "the  RARE one": "write its id: 'rare'",
    }
    for label, hint in told.items():
        path = write_lines(tmp_path / "a.jsonl", {"id": "p", "narratives": [label]})
        [problem] = problems_of(partial(read, path))
        assert f"unknown narrative '{label.partition(':')[0]}" in problem and hint in problem
    path = write_lines(tmp_path / "a.csv", "id,Rare,Common,Frequent,Never", "p,1,0,0,0")
    assert "; 'Rare' must be written 'rare'" in problems_of(lambda: read(path))[0]


def test_marks_that_cannot_be_mistaken_are_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "id,rare,common,frequent,never", "p,✓,nein,✔\ufe0f,", "q,Ja,N,WAHR,falsch")
    assert [list(prediction.narratives) for prediction in read(path)] == [["frequent", "rare"], ["frequent", "rare"]]
