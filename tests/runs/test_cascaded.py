"""A run with a cascade: tested as it answers, and retrained with a first stage of its own."""

import json
import shutil
from pathlib import Path

import pytest
from helpers.examples import invoke, write_lines

from narratives.models.folder import load_model


@pytest.fixture
def root(cascaded: Path, tmp_path: Path) -> Path:
    """A copy of the project in which only the run `blend` is left."""
    root = Path(shutil.copytree(cascaded, tmp_path / "project"))
    shutil.rmtree(root / "experiments" / "transformer")
    return root


def test_it_is_tested_as_it_answers(root: Path) -> None:
    assert invoke(root, "evaluate", "blend").exit_code == 0
    model = load_model(root / "models" / "blend")
    rows = [json.loads(line) for line in (root / "experiments" / "blend" / "predictions.jsonl").read_text("utf-8").splitlines()]
    texts = {record["id"]: record["text"] for record in map(json.loads, (root / "labels" / "passages.jsonl").open("rb"))}
    answers = model.classify([texts[row["id"]] for row in rows], [row["id"] for row in rows])
    assert [row["scores"] for row in rows] == [answer.scores for answer in answers]
    assert answers.stages is not None and "first" in answers.stages


def test_retraining_builds_a_first_stage_anew_where_the_labels_or_the_wish_changed(root: Path) -> None:
    before = load_model(root / "models" / "blend")
    assert "the labels and the settings are those that the incumbent was trained on" in invoke(root, "retrain", "blend").output
    passages = (root / "labels" / "passages.jsonl").read_text("utf-8").splitlines()
    text = "a pupil and a teacher wrote a lesson about copper ladders for the exam in the classroom"
    fresh = {"id": "fresh", "text": text, "document": "d00", "narratives": {"school": "asserts"}}
    write_lines(root / "labels" / "passages.jsonl", *passages, fresh)
    said = invoke(root, "retrain", "blend", "--promote")
    assert said.exit_code == 0, said.output
    after = load_model(root / "models" / "blend")
    assert after.digest != before.digest and after.cascade is not None
    assert "blend: cascade with a margin of" in said.output or "blend: no cascade" in said.output
    config = root / "experiments" / "blend" / "config.toml"
    config.write_text(config.read_text("utf-8").replace("cascade = true", "cascade = false"), encoding="utf-8")
    assert invoke(root, "retrain", "blend", "--promote").exit_code == 0
    assert load_model(root / "models" / "blend").cascade is None
