"""Whether thresholds should move: only where labels that did not choose them say so; the model of before stays at hand."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import invoke, problems_of
from helpers.fields import make_rows, start_field

from narratives.data import Labels, Stance
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.field.estimates import Measured
from narratives.field.sample import Sample, read_sample
from narratives.field.thresholds import Move, apply_moves, find_moves
from narratives.models.folder import load_model
from narratives.project import Project


def make_measured(tmp_path: Path, threshold: float) -> Measured:
    """A sample whose texts carry `toll` where its score is high, but for a few; and a threshold."""
    project, texts, answers = start_field(tmp_path)
    sample = draw(project, answers, texts, Design(n=300, name="may"))
    rng = np.random.default_rng(0)
    rows = []
    labels: dict[str, Labels] = {}
    for text in sample.texts:
        score = float(rng.random())
        carried = rng.random() < (0.85 if score > 0.7 else 0.02)
        labels[text.id] = {"toll": Stance.REPORTS} if carried else {}
        raised = {"toll": "reports"} if score >= threshold else {}
        rows.append(replace(text, scores={"toll": score, "school": 0.1}, raised=raised))
    return Measured(replace(sample, texts=tuple(rows), thresholds={"toll": threshold, "school": 0.5}), labels)


@pytest.mark.parametrize("threshold", [0.2, 0.95])
def test_a_threshold_that_lies_far_off_is_moved_to_where_it_belongs(threshold: float, tmp_path: Path) -> None:
    [move] = find_moves(make_measured(tmp_path, threshold), ("toll", "school"))
    assert move.narrative == "toll" and move.is_sure
    assert 0.6 < move.after < 0.8
    assert move.low <= move.gain <= move.high


def test_a_threshold_that_lies_well_is_left_alone(tmp_path: Path) -> None:
    [move] = find_moves(make_measured(tmp_path, 0.7), ("toll", "school"))
    assert not move.is_sure


def start_model(tmp_path: Path, small_model: Path) -> tuple[Project, Sample]:
    root, texts, answers = start_field(tmp_path, make_rows(60))
    shutil.copytree(small_model, root / "models" / "base")
    digest = load_model(root / "models" / "base").digest
    sample = replace(draw(root, answers, texts, Design(n=40, name="may")), model={"digest": digest})
    for path, text in sample.compose(root / "labels" / "field" / "may").items():
        path.write_text(text or "", encoding="utf-8")
    return Project(root), read_sample(Project(root), "may")


def test_sure_moves_make_a_new_version_and_the_old_one_comes_back(tmp_path: Path, small_model: Path) -> None:
    project, sample = start_model(tmp_path, small_model)
    before = load_model(project.model("base"))
    moves = [Move("toll", 0.3, 0.77, 0.2, 0.1, 0.3), Move("school", 0.3, 0.9, 0.1, -0.1, 0.3)]
    version = apply_moves(project, sample.name, moves)
    after = load_model(project.model("base"))
    assert after.thresholds[0] == 0.77 and after.thresholds[1] == before.thresholds[1]
    texts = ["a toll at the bridge", "nothing"]
    assert (after.classify(texts).scores == before.classify(texts).scores).all()
    listed = invoke(project.root, "models", "list", "base").output
    assert version == 2 and "current" in listed and "past" in listed
    assert (project.model("base") / "learned.jsonl").is_file()
    assert invoke(project.root, "models", "rollback", "base").exit_code == 0
    assert load_model(project.model("base")).digest == before.digest


def test_thresholds_of_another_model_are_not_touched(tmp_path: Path, small_model: Path) -> None:
    project, sample = start_model(tmp_path, small_model)
    apply_moves(project, sample.name, [Move("toll", 0.3, 0.77, 0.2, 0.1, 0.3)])
    [problem] = problems_of(lambda: apply_moves(project, sample.name, [Move("toll", 0.3, 0.5, 0.2, 0.1, 0.3)]))
    assert "is another model than sample 'may' measures" in problem
