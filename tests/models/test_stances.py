"""Stances: learned from the passages that have one, told for every narrative that is raised."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from narratives.data import Labels, Passage, Stance
from narratives.labels.checks import Check, pair_stances, score_stance_pairs
from narratives.labels.passages import to_record
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.stances import LEAST, can_learn, describe_stances, stance_matrix
from narratives.project.project import Project
from narratives.runs.train import train_run

CUES = {Stance.ASSERTS: "plainly it is so", Stance.REPORTS: "he told the radio", Stance.REBUTS: "records refute that"}


def make_passages(n: int) -> list[Passage]:
    """`n` passages of each stance; two in three carry both narratives, the second without a stance."""
    passages = []
    for k in range(n):
        for stance, cue in CUES.items():
            labels: Labels = {"toll": stance, "school": None} if k % 3 else {"toll": stance}
            passages.append(Passage(f"{stance}{k}", f"the toll robs us {cue} {k}", labels, f"s{k}"))
    return passages


@pytest.fixture(scope="module")
def taught(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of a project whose passages have all three stances."""
    root = tmp_path_factory.mktemp("stances")
    shutil.copytree(finished / "labels", root / "labels")
    shutil.copytree(finished / "experiments", root / "experiments")
    more = [to_record(passage) for passage in make_passages(12)]
    (root / "labels" / "stances.jsonl").write_text("\n".join(map(json.dumps, more)), encoding="utf-8")
    documents = sorted({record["document"] for record in more})
    with (root / "labels" / "splits.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{name},train\n" for name in documents)
    said: list[str] = []
    train_run(Project(root), "tfidf", said.append)
    assert any(line.endswith(" stances in validation right") for line in said)
    return load_model(root / "models" / "tfidf")


def test_columns_are_the_stances_that_a_passage_has() -> None:
    mixed = Passage("m", "t", {"toll": Stance.REBUTS, "ferry": Stance.ASSERTS, "school": None}, "d")
    none = [Passage("1", "a", {"toll": None}, "d"), Passage("2", "b", {}, "d"), Passage("3", "c", None, "d")]
    assert stance_matrix([mixed, *none]).tolist() == [[True, False, True], *[[False] * 3] * 3]
    assert stance_matrix([]).shape == (0, 3)


def test_stances_are_learned_from_ten_passages_with_each_on() -> None:
    assert can_learn(stance_matrix(make_passages(LEAST)))
    assert not can_learn(stance_matrix(make_passages(LEAST - 1)))


def test_each_text_gets_its_stance_whatever_stands_beside_it(taught: Model) -> None:
    texts = [f"the toll robs us {cue}" for cue in CUES.values()] * 2
    assert taught.tell_stances(texts) == list(CUES) * 2


def test_what_is_raised_has_a_stance(taught: Model) -> None:
    for stance, cue in CUES.items():
        [prediction] = list(taught.classify([f"a toll at the bridge barrier: the toll robs us {cue}"], ["1"]))
        assert prediction.narratives["toll"] == stance


def test_a_model_that_was_taught_none_tells_none(finished: Path) -> None:
    model = load_model(finished / "models" / "tfidf")  # the toy task knows one stance only
    assert not model.stances
    assert [set(p.narratives.values()) <= {None} for p in model.classify(["a toll at the bridge barrier"])] == [True]


def test_how_many_are_right_is_told_for_the_stances_that_are_known() -> None:
    passages = [
        Passage("1", "a", {"toll": Stance.ASSERTS, "ferry": None}, "d"),
        Passage("2", "b", {"ferry": Stance.REBUTS}, "d"),
    ]
    told = np.zeros((2, 2), dtype=np.int8)
    assert describe_stances(told, passages, ["toll", "ferry"]) == "50% of the 2 stances in validation right"
    assert describe_stances(told, [], []) == "stances learned; none in validation to check them on"


def test_minimal_pairs_are_told_apart_where_one_asserts_and_its_twin_rebuts() -> None:
    checks = [
        Check(f"{id_}-{family}-{k}", id_, family, "t")
        for id_ in ("toll", "ferry")
        for k in (1, 2)
        for family in ("asserted", "topic", "debunked")
    ]
    pairs = pair_stances(checks)
    assert [(a.id, b.id) for a, b in pairs] == [
        (f"{id_}-asserted-{k}", f"{id_}-debunked-{k}") for id_ in ("toll", "ferry") for k in (1, 2)
    ]
    right, wrong = (Stance.ASSERTS, Stance.REBUTS), (Stance.ASSERTS, Stance.REPORTS)
    [result] = score_stance_pairs(pairs, [right, wrong, right, (Stance.REBUTS, Stance.REBUTS)])
    assert (result.checks, result.failures, result.failed) == (4, 2, ["toll-debunked-2", "ferry-debunked-2"])
    assert result.counts == {"toll": [1, 2], "ferry": [1, 2]}
    assert score_stance_pairs([], []) == []
