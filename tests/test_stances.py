"""Stances: learned from the passages that have one, told for every narrative that is raised."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narratives.behaviour import Check, pair_stances, score_stance_pairs
from narratives.classifiers import find_classifier
from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.tfidf import TfidfClassifier
from narratives.data import STANCES, Labels, Passage, Stance
from narratives.model import load_model, save_model
from narratives.stances import LEAST, StanceModel, fit_stances, list_stances

CUES = {Stance.ASSERTS: "plainly it is so", Stance.REPORTS: "he told the radio", Stance.REBUTS: "records refute that"}

WORDS = TfidfClassifier()


def make_passages(n: int) -> list[Passage]:
    """`n` passages of each stance; two in three carry both narratives, the second without a stance."""
    passages = []
    for k in range(n):
        for stance, cue in CUES.items():
            labels: Labels = {"toll": stance, "ferry": None} if k % 3 else {"toll": stance}
            passages.append(Passage(f"{stance}{k}", f"the toll robs us {cue} {k}", labels, f"d{k}"))
    return passages


@pytest.fixture(scope="module")
def taught() -> StanceModel:
    model, told = fit_stances(make_passages(12), make_passages(2), WORDS)
    assert model is not None
    assert model.name == "tfidf"
    assert told == "stances learned from 36 examples; 100% of 6 in validation right"
    return model


def test_examples_are_those_whose_stance_is_known() -> None:
    texts, y = list_stances(make_passages(3))
    assert len(texts) == 9
    assert y.sum(0).tolist() == [3, 3, 3]
    assert y.sum(1).tolist() == [1] * 9
    assert list_stances([Passage("1", "a", {"toll": None}, "d"), Passage("2", "b", None, "d")])[1].shape == (0, 3)


def test_stances_are_learned_from_ten_examples_of_each_on() -> None:
    assert fit_stances(make_passages(LEAST), [], WORDS)[0] is not None
    too_few = "no stances: fewer than 10 training examples of one of them"
    assert fit_stances(make_passages(LEAST - 1), [], WORDS) == (None, too_few)
    assert (
        fit_stances([p for p in make_passages(40) if p.narratives and p.narratives["toll"] != "rebuts"], [], WORDS)[0] is None
    )


def test_each_text_gets_its_stance_whatever_stands_beside_it(taught: StanceModel) -> None:
    texts = [f"the toll {cue}" for cue in CUES.values()] * 2
    assert [STANCES[k] for k in taught.tell(texts)] == list(CUES) * 2
    assert taught.tell([]).shape == (0,)


def test_a_saved_model_tells_the_same_stances(taught: StanceModel, finished: Path, tmp_path: Path) -> None:
    model = load_model(finished / "models" / "tfidf")
    assert model.stance is None  # the toy task knows one stance only
    assert [set(p.narratives.values()) <= {None} for p in model.predict(["1"], ["a toll at the bridge barrier"])] == [True]
    save_model(replace(model, stance=taught, thresholds=np.zeros(3)), tmp_path / "tfidf")
    [prediction] = load_model(tmp_path / "tfidf").predict(["1"], [f"the toll robs us {CUES[Stance.REBUTS]}"])
    assert prediction.narratives == dict.fromkeys(model.codebook.ids, Stance.REBUTS)


@pytest.mark.parametrize("name", ["transformer", "blend"])
def test_a_run_with_an_encoder_tells_stances_with_it_too(name: str, tiny_encoder: Path, finished: Path, tmp_path: Path) -> None:
    beside: Any = find_classifier(name)
    model, _ = fit_stances(make_passages(12), make_passages(2), beside(encoder=str(tiny_encoder), seed=3))
    assert model is not None
    assert (model.name, model.classifier.seed) == ("blend", 3)
    texts = [f"the toll {cue}" for cue in CUES.values()]
    save_model(replace(load_model(finished / "models" / "tfidf"), stance=model), tmp_path / "saved")
    again = load_model(tmp_path / "saved").stance
    assert again is not None
    assert again.tell(texts).tolist() == model.tell(texts).tolist()


def test_a_multilingual_blend_tells_them_by_words() -> None:
    model, _ = fit_stances(make_passages(12), [], BlendClassifier(sense="multilingual"))
    assert model is not None
    assert model.name == "tfidf"


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
    assert score_stance_pairs([], []) == []
