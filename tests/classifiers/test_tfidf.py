"""The baseline: what is its own, beyond what every classifier promises."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.odd_texts import odd_texts
from helpers.toy import Toy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from narratives.classifiers import logistic
from narratives.classifiers.interface import hyperparameters
from narratives.classifiers.odds import to_log_odds
from narratives.classifiers.tfidf import classifier as tfidf
from narratives.classifiers.tfidf import ngrams
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import score_by_folds
from narratives.data import Scores
from narratives.errors import UserError

TAUGHT = [
    "the toll of the bridge",
    "THE TOLL, of the ferry!",
    "İstanbul ὈΔΥΣΣΕΎΣ 中文字 the",
    "İstanbul ὈΔΥΣΣΕΎΣ 中文字 éa ferry",
]
TAUGHT += ["مرحبا שלום 🌊🌊 ﷺ a", "مرحبا שלום 🌊🌊 ﷺ a bridge"]
Y = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 1], [0, 0]], dtype=np.bool_)


def score_plainly(classifier: TfidfClassifier, given: list[str]) -> Scores:
    """The scores as scikit-learn computes them, from the vectorizer fitted again."""
    x = classifier.make_vectorizer(len(TAUGHT)).fit(TAUGHT).transform(given)
    return np.asarray(expit(x @ classifier.recall().coef + classifier.recall().intercept))


SETTINGS = [((1, 2), (2, 5), 2), ((1, 1), (3, 3), 1), ((2, 4), (1, 2), 1), ((1, 3), (6, 9), 1)]  # the first: the defaults


@pytest.fixture(scope="module")
def fitted() -> list[TfidfClassifier]:
    """One classifier for each of `SETTINGS`."""
    return [TfidfClassifier(word_ngrams=w, char_ngrams=c, min_df=least).fit(TAUGHT, Y) for w, c, least in SETTINGS]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SETTINGS) - 1), st.lists(odd_texts | st.sampled_from(TAUGHT), min_size=1, max_size=6))
def test_the_scores_are_those_of_scikit_learn(fitted: list[TfidfClassifier], which: int, new: list[str]) -> None:
    classifier = fitted[which]
    scores, plain = classifier.predict_proba(new), score_plainly(classifier, new)
    np.testing.assert_allclose(scores, plain, rtol=0, atol=1e-5)
    sure = np.abs(plain - 0.5) > 1e-5
    assert np.array_equal((scores >= 0.5)[sure], (plain >= 0.5)[sure])


def test_a_word_said_ten_thousand_times(fitted: list[TfidfClassifier]) -> None:
    new = ["toll " * count for count in (1, 4095, 4096, 4097, 10_000)]
    np.testing.assert_allclose(fitted[0].predict_proba(new), score_plainly(fitted[0], new), rtol=0, atol=1e-5)


def test_a_texts_scores_have_the_same_bits_in_any_company(monkeypatch: pytest.MonkeyPatch, toy_texts: Toy) -> None:
    classifier = TfidfClassifier().fit(*toy_texts)
    new = [*toy_texts.texts, "", "toll " * 300, "x" * 5000, *TAUGHT, *toy_texts.texts[:5]]
    whole = classifier.predict_proba(new)
    assert np.array_equal(whole[:5], whole[-5:])
    rng = random.Random(3)
    for size, kept in ((1, 100), (1000, 10), (3000, 1 << 20), (1 << 20, 0)):
        monkeypatch.setattr(tfidf, "_BATCH", size)
        monkeypatch.setattr(ngrams, "_KEPT", kept)
        order = rng.sample(range(len(new)), len(new))
        assert np.array_equal(classifier.predict_proba([new[k] for k in order]), whole[order])
    assert np.array_equal(np.vstack([classifier.predict_proba([text]) for text in new]), whole)


def test_a_saved_model_is_the_same_to_the_bit_and_knows_its_words(tmp_path: Path) -> None:
    classifier = TfidfClassifier(min_df=1).fit([*TAUGHT, "\ud800 \x00 lone"], np.vstack([Y, Y[:1]]))
    classifier.save(tmp_path)
    loaded = TfidfClassifier.load(tmp_path, hyperparameters(classifier))
    assert (loaded.recall().words, loaded.recall().characters) == (classifier.recall().words, classifier.recall().characters)
    assert "the toll" in loaded.recall().words and " \ud800 " in loaded.recall().characters
    assert len(loaded.recall().words) + len(loaded.recall().characters) == len(loaded.recall().idf) == len(loaded.recall().coef)
    assert np.array_equal(loaded.predict_proba(TAUGHT), classifier.predict_proba(TAUGHT))


def test_classifying_needs_no_scikit_learn(tmp_path: Path, fitted: list[TfidfClassifier]) -> None:
    fitted[0].save(tmp_path)
    code = (
        "import sys; from pathlib import Path; from narratives.classifiers.tfidf.classifier import TfidfClassifier\n"
        "TfidfClassifier.load(Path(sys.argv[1]), {}).predict_proba(['the toll'])\n"
        "print([m for m in ('sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def weights(monkeypatch: pytest.MonkeyPatch, positives: int, texts: int, cap: float) -> dict[bool, float]:
    """The class weights that the logistic regression is given."""
    import sklearn.linear_model

    seen: list[dict[bool, float]] = []

    class Spy(sklearn.linear_model.LogisticRegression):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            seen.append(options["class_weight"])
            super().__init__(**options)

    monkeypatch.setattr(sklearn.linear_model, "LogisticRegression", Spy)
    y = (np.arange(texts) < positives)[:, None]
    TfidfClassifier(min_df=1, max_class_weight=cap).fit([f"text number {k}" for k in range(texts)], y)
    return seen[0]


@pytest.mark.parametrize(
    ("positives", "texts", "cap", "weight"),
    [
        (1, 41, 10.0, 10.0),  # 40 negatives to a positive: capped
        (10, 50, 10.0, 4.0),  # 4 to 1: balanced
        (30, 40, 10.0, 1.0),  # more positives than negatives: a positive never counts less than a negative
    ],
)
def test_a_rare_narratives_positives_weigh_more_up_to_a_cap(
    monkeypatch: pytest.MonkeyPatch, positives: int, texts: int, cap: float, weight: float
) -> None:
    assert weights(monkeypatch, positives, texts, cap) == {False: 1.0, True: weight}


def test_a_higher_cap_raises_the_scores_of_a_rare_narrative(toy_texts: Toy) -> None:
    y = toy_texts.y & (np.arange(len(toy_texts.y)) < 12)[:, None]
    low, high = (TfidfClassifier(max_class_weight=cap).fit(toy_texts.texts, y) for cap in (1.0, 10.0))
    assert high.predict_proba(toy_texts.texts).mean() > low.predict_proba(toy_texts.texts).mean()


def test_with_leaning_a_word_of_the_subject_decides_less() -> None:
    """Three of four texts with "toll" carry it, so do all with "ruins": alone, the subject then says less than the claim."""
    texts = ["the toll ruins us"] * 6 + ["the toll opens"] * 2 + ["the school opens"] * 8
    y = np.array([[True]] * 6 + [[False]] * 10)
    plain, leaning = (TfidfClassifier(leaning=share, char_ngrams=(5, 5)).fit(texts, y) for share in (0.0, 1.0))
    gaps = [np.diff(to_log_odds(each.predict_proba(["toll", "ruins"])), axis=0).item() for each in (plain, leaning)]
    assert gaps[1] > gaps[0] > 0


def test_without_leaning_nothing_changes_and_what_leans_nowhere_is_left_as_it_is(toy_texts: Toy) -> None:
    even = np.array([[True], [False]])
    alike = [TfidfClassifier(min_df=1, leaning=share).fit(["one two", "one two"], even) for share in (0.0, 1.0)]
    assert np.array_equal(alike[0].recall().coef, alike[1].recall().coef)
    assert np.isfinite(TfidfClassifier(leaning=1.0).fit(*toy_texts).recall().coef).all()


def test_a_narrative_that_every_text_carries_is_scored_1_and_one_that_none_carries_0() -> None:
    y = np.array([[True, False]] * 3)
    classifier = TfidfClassifier(min_df=1).fit(["one", "two", "three"], y)
    np.testing.assert_allclose(classifier.predict_proba(["one", "words never seen"]), [[1, 0], [1, 0]], atol=1e-12)


def test_accents_and_capitals_make_no_difference(toy_texts: Toy) -> None:
    classifier = TfidfClassifier().fit(*toy_texts)
    plain, dressed = classifier.predict_proba(["the teacher of the pupil", "THE TÉACHER of the pùpil"])
    assert np.array_equal(plain, dressed)


@pytest.mark.parametrize("leaning", [0.0, 0.5])
def test_scores_by_folds_are_those_of_a_classifier_for_each_fold(toy_texts: Toy, leaning: float) -> None:
    folds = np.arange(len(toy_texts.texts)) % 3
    scores = score_by_folds(toy_texts.texts, toy_texts.y, folds, model=TfidfClassifier(leaning=leaning))
    for fold in range(3):
        out = folds == fold
        others = [t for t, o in zip(toy_texts.texts, out, strict=True) if not o]
        classifier = TfidfClassifier(leaning=leaning).fit(others, toy_texts.y[~out])
        expected = classifier.predict_proba([t for t, o in zip(toy_texts.texts, out, strict=True) if o])
        np.testing.assert_allclose(scores[out], expected, atol=2e-3)


@pytest.mark.parametrize("leaning", [0.0, 0.5])
def test_what_is_learned_from_many_texts_is_what_would_be_learned_from_few(
    monkeypatch: pytest.MonkeyPatch, toy_texts: Toy, leaning: float
) -> None:
    texts, y = toy_texts
    few = TfidfClassifier(leaning=leaning).fit(texts, y)
    monkeypatch.setattr(logistic, "_MANY", len(texts))
    many = TfidfClassifier(leaning=leaning).fit(texts, y)
    assert (few.recall().words, few.recall().characters) == (many.recall().words, many.recall().characters)
    np.testing.assert_allclose(to_log_odds(many.predict_proba(texts)), to_log_odds(few.predict_proba(texts)), atol=0.01)
    assert not np.array_equal(many.recall().coef, few.recall().coef)  # it was not the same way that led there


def test_scores_by_folds_of_texts_without_a_common_word_are_refused() -> None:
    with pytest.raises(UserError, match="no words in common"):
        score_by_folds(["", "", ""], np.ones((3, 1), dtype=np.bool_), np.arange(3))


def test_a_loaded_one_keeps_only_what_scores_and_saves_the_same_again(toy_texts: Toy, tmp_path: Path) -> None:
    fitted = TfidfClassifier().fit(*toy_texts)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    fitted.save(tmp_path / "first")
    loaded = TfidfClassifier.load(tmp_path / "first", hyperparameters(fitted))
    assert loaded.learned_ is None
    assert np.array_equal(loaded.predict_proba(toy_texts.texts), fitted.predict_proba(toy_texts.texts))
    loaded.save(tmp_path / "second")
    file = "tfidf.safetensors"
    assert (tmp_path / "second" / file).read_bytes() == (tmp_path / "first" / file).read_bytes()


def test_what_another_training_has_put_in_its_place_is_never_taken_for_its_own(toy_texts: Toy, tmp_path: Path) -> None:
    TfidfClassifier().fit(*toy_texts).save(tmp_path)
    loaded = TfidfClassifier.load(tmp_path, {})
    file = tmp_path / "tfidf.safetensors"
    before = file.read_bytes()
    file.unlink()
    (tmp_path / "another").write_bytes(b"which may take the number of the first")
    file.write_bytes(before)
    loaded.recall()  # the same bytes, brought back by a copy
    TfidfClassifier(C=1.0).fit(*toy_texts).save(tmp_path)
    with pytest.raises(UserError, match="was changed or removed after it was loaded"):
        loaded.recall()
    file.unlink()
    with pytest.raises(UserError, match="was changed or removed after it was loaded"):
        loaded.save(tmp_path)
