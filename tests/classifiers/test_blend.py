"""The blend lies between its two parts, and at the ends of its weight it is one of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.abroad import Abroad, fit_abroad, name_taught
from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.interface import find_classifier, hyperparameters
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.transformer.classifier import TransformerClassifier


@pytest.fixture(scope="module")
def blend(tiny_encoder: Path, toy_texts: Toy) -> BlendClassifier:
    return BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(toy_texts.texts, toy_texts.y)


def test_a_score_lies_between_those_of_its_parts(blend: BlendClassifier, toy_texts: Toy) -> None:
    parts = np.stack([blend.tfidf_.predict_proba(toy_texts.texts), blend.sense_.predict_proba(toy_texts.texts)])
    scores = blend.predict_proba(toy_texts.texts)
    assert (scores >= parts.min(0) - 1e-5).all()
    assert (scores <= parts.max(0) + 1e-5).all()


@pytest.mark.parametrize(("weight", "part"), [(1.0, "tfidf_"), (0.0, "sense_")])
def test_with_all_the_weight_on_one_part_it_is_that_part(
    blend: BlendClassifier, toy_texts: Toy, weight: float, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend, "weights_", np.full(3, weight))
    alone = getattr(blend, part).predict_proba(toy_texts.texts)
    np.testing.assert_allclose(blend.predict_proba(toy_texts.texts), alone, atol=1e-5)


def test_its_words_take_the_setting_of_tfidf(tiny_encoder: Path, toy_texts: Toy) -> None:
    blend = BlendClassifier(encoder=str(tiny_encoder), epochs=1, leaning=0.5).fit(toy_texts.texts, toy_texts.y)
    alone = TfidfClassifier(leaning=0.5).fit(*toy_texts)
    assert np.array_equal(blend.tfidf_.recall().coef, alone.recall().coef)


def test_its_sense_can_be_multilingual(
    toy_texts: Toy, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratives.classifiers.transformer.classifier.TransformerClassifier.fit", None)
    blend = BlendClassifier(sense="multilingual", encoder=str(tiny_encoder)).fit(toy_texts.texts, toy_texts.y)
    blend.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"blend.json", "tfidf", "multilingual"}
    again = BlendClassifier.load(tmp_path, hyperparameters(blend))
    assert np.array_equal(again.predict_proba(toy_texts.texts), blend.predict_proba(toy_texts.texts))


def test_the_weight_is_the_one_that_ranks_validation_best_and_is_saved(
    blend: BlendClassifier, toy_texts: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = np.where(toy_texts.y, 0.9, 0.1), np.where(toy_texts.y, 0.1, 0.9)
    for words, sense, best in ((good, bad, 0.8), (bad, good, 0.2)):
        weight = blend._choose_weight(words, sense, toy_texts.y)
        assert (weight > 0.5) == (best > 0.5)
    weights = np.array([0.3, 0.3, 0.5])
    monkeypatch.setattr(blend, "weights_", weights)
    blend.save(tmp_path)
    assert np.array_equal(BlendClassifier.load(tmp_path, hyperparameters(blend)).weights_, weights)


@pytest.mark.parametrize("name", ["blend", "transformer"])
def test_settings_are_chosen_for_the_columns_that_validation_has(name: str, tiny_encoder: Path, toy_texts: Toy) -> None:
    make: Any = find_classifier(name)
    texts, y = toy_texts
    more = np.hstack([y, ~y])
    both = [
        make(encoder=str(tiny_encoder), epochs=2).fit(texts, more, validation=(texts, held)).predict_proba(texts)
        for held in (y, np.hstack([y, y[:, :0]]))
    ]
    assert both[0].shape == more.shape
    assert np.array_equal(*both)


def test_columns_without_validation_labels_get_equal_weights(tiny_encoder: Path, toy_texts: Toy) -> None:
    texts, y = toy_texts
    blend = BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(texts, np.hstack([y, ~y]), validation=(texts, y))
    assert len(set(blend.weights_[:3])) == 1
    assert blend.weights_[3:].tolist() == [0.5] * 3


ENGLISH = "The council raised the toll on the bridge, and nobody in the town was asked."
PERSIAN = "شورای شهر عوارض پل را بالا برد و هیچ کس در شهر از آن خبر نداشت."


@pytest.fixture(scope="module")
def spoken(tiny_encoder: Path, toy_texts: Toy) -> BlendClassifier:
    texts = [f"{ENGLISH} {text}" for text in toy_texts.texts]
    blend = BlendClassifier(sense="multilingual", encoder=str(tiny_encoder))
    return blend.fit(texts, toy_texts.y, validation=(texts[:30], toy_texts.y[:30]))


def test_in_a_language_that_its_words_were_not_taught_the_sense_answers_alone(spoken: BlendClassifier) -> None:
    abroad = spoken.abroad_
    assert abroad
    assert abroad.taught == {"en"}
    alone = to_share(abroad.rescale(to_log_odds(spoken.sense_.predict_proba([PERSIAN]))))
    np.testing.assert_allclose(spoken.predict_proba([PERSIAN]), alone, atol=1e-6)
    assert not np.allclose(spoken.tfidf_.predict_proba([ENGLISH]), spoken.predict_proba([ENGLISH]), atol=1e-3)
    assert spoken.find_abroad([ENGLISH, PERSIAN, "42"]).tolist() == [False, True, False]


def test_how_it_answers_abroad_is_saved(spoken: BlendClassifier, tmp_path: Path) -> None:
    spoken.save(tmp_path)
    again = BlendClassifier.load(tmp_path, hyperparameters(spoken))
    assert again.abroad_ == spoken.abroad_
    assert np.array_equal(again.predict_proba([ENGLISH, PERSIAN]), spoken.predict_proba([ENGLISH, PERSIAN]))


def test_a_score_of_the_sense_alone_becomes_as_probable_as_a_mixed_one() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40_000, 1)) - 1
    gold = rng.random(truth.shape) < to_share(truth)
    mixed = (truth + 1) * 2
    sense = to_share(truth / 2 - 3).astype(np.float32)
    line = fit_abroad(frozenset({"en"}), mixed, sense, gold)
    np.testing.assert_allclose(line.rescale(to_log_odds(sense)), mixed, atol=0.3)


@pytest.mark.parametrize("gold", [False, True])
def test_without_labels_of_both_kinds_the_scale_stays(gold: bool) -> None:
    line = fit_abroad(frozenset(), np.ones((3, 1)), np.full((3, 1), 0.2, dtype=np.float32), np.full((3, 1), gold))
    assert (line.slope, line.shift) == (1.0, 0.0)


def test_a_sense_that_ranks_no_better_than_chance_keeps_its_scale() -> None:
    gold = np.array([[True], [False]] * 20)
    line = fit_abroad(frozenset(), np.where(gold, 2.0, -2.0), np.where(gold, 0.2, 0.8).astype(np.float32), gold)
    assert (line.slope, line.shift) == (1.0, 0.0)


@pytest.mark.parametrize("wrong", [{"slope": 0.0}, {"slope": float("nan")}, {"shift": float("inf")}, {"taught": "en"}])
def test_how_to_answer_abroad_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a line that rises"):
        Abroad.from_json({"taught": ["en"], "slope": 1.0, "shift": 0.0, **wrong})


def test_a_language_in_which_nothing_is_carried_teaches_no_words(tiny_encoder: Path, toy_texts: Toy) -> None:
    texts = [f"{ENGLISH} {text}" for text in toy_texts.texts] + [PERSIAN] * 30
    y = np.concatenate([toy_texts.y, np.zeros((30, 3), dtype=np.bool_)])
    blend = BlendClassifier(sense="multilingual", encoder=str(tiny_encoder)).fit(texts, y)
    assert blend.abroad_ == Abroad(frozenset({"en"}))


def test_where_nobody_knows_what_was_taught_both_answer(toy_texts: Toy) -> None:
    assert name_taught(["42", "?!", "a1 b2"] * 20 + [ENGLISH] * 10) == frozenset()


def test_validation_texts_that_the_sense_answers_alone_set_no_scale(tiny_encoder: Path, toy_texts: Toy) -> None:
    texts = [f"{ENGLISH} {text}" for text in toy_texts.texts]
    blends = [
        BlendClassifier(sense="multilingual", encoder=str(tiny_encoder)).fit(texts, toy_texts.y, validation=validation)
        for validation in (
            (texts[:30], toy_texts.y[:30]),
            ([*texts[:30], *[PERSIAN] * 20], np.concatenate([toy_texts.y[:30], ~toy_texts.y[:20]])),
        )
    ]
    assert blends[0].abroad_ == blends[1].abroad_
    assert np.array_equal(blends[0].weights_, blends[1].weights_)


def test_its_encoder_takes_the_settings_of_a_transformer() -> None:
    _, settings = BlendClassifier(epochs=3, learning_rate=1e-4, frozen=0.5)._find_sense()
    assert {name: settings[name] for name in ("epochs", "learning_rate", "frozen")} == {
        "epochs": 3,
        "learning_rate": 1e-4,
        "frozen": 0.5,
    }
    assert BlendClassifier().frozen == TransformerClassifier().frozen


def test_one_that_does_not_say_how_much_was_frozen_was_trained_as_was_usual_then(
    tiny_encoder: Path, toy_texts: Toy, tmp_path: Path
) -> None:
    blend = BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(*toy_texts)
    blend.save(tmp_path)
    settings = hyperparameters(blend)
    assert BlendClassifier.load(tmp_path, settings).frozen == 0.7
    assert BlendClassifier.load(tmp_path, {name: value for name, value in settings.items() if name != "frozen"}).frozen == 0.5
