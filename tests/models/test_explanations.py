"""Which words carry a score: exactly for TF-IDF, by leaving words out for every other classifier."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.odd_texts import odd_texts
from helpers.toy import TOPICS, Toy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from narratives.classifiers.abroad import Abroad
from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Texts
from narratives.models.erasure import Odds, erase_words
from narratives.models.explanations import explain_raised, explain_text, weigh_words
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.prior import Guided, Prior
from narratives.texts.words import find_words

TAUGHT = ["the toll of the bridge", "THE TOLL, of the ferry!", "İstanbul ὈΔΥΣΣΕΎΣ 中文字 the", "مرحبا שלום 🌊🌊 ﷺ a"] * 2
Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1]] * 2, dtype=np.bool_)
SETTINGS = [((1, 2), (2, 5), 2), ((1, 1), (3, 3), 1), ((2, 4), (1, 2), 1), ((1, 3), (6, 9), 1)]


class Counting:
    """A classifier of two narratives whose log-odds are sums over words; it counts the texts that it is asked for."""

    def __init__(self, **weights: float) -> None:
        self.weights, self.asked, self.texts = weights, 0, list[str]()

    def predict_proba(self, texts: Texts, *, progress: Any = None) -> NDArray[np.float64]:
        self.asked += len(texts)
        self.texts += texts
        sums = [sum(self.weights.get(word.strip(".,!").lower(), 0.0) for word in text.split()) for text in texts]
        odds = np.array(sums)[:, None] * [1, -1] + [-3, 1]
        return to_share(odds)


def erase(classifier: Any, text: str, *columns: int) -> dict[str, float]:
    """What each different word weighs for narrative 0, or the one named; those that weigh nothing left out."""
    [column] = columns or (0,)
    weights = erase_words(classifier, text, [column])[:, column]
    return {text[a:b]: round(float(w), 3) for (a, b), w in zip(find_words(text), weights, strict=True) if abs(w) > 1e-3}


@pytest.fixture(scope="module")
def fitted() -> list[TfidfClassifier]:
    return [TfidfClassifier(word_ngrams=w, char_ngrams=c, min_df=least).fit(TAUGHT, Y) for w, c, least in SETTINGS]


# TF-IDF


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SETTINGS) - 1), st.lists(odd_texts | st.sampled_from(TAUGHT), max_size=4))
def test_the_words_and_the_intercept_add_up_to_the_log_odds(
    fitted: list[TfidfClassifier], which: int, parts: list[str]
) -> None:
    classifier, text = fitted[which], " ".join(parts)
    weights = classifier.explain(text.split())
    assert weights.shape == (len(find_words(text)), 2)
    np.testing.assert_allclose(weights.sum(0) + classifier.recall().intercept, classifier.scorer_.score([text])[0], atol=2e-5)


def test_a_word_said_ten_thousand_times_is_shared_out_evenly(fitted: list[TfidfClassifier]) -> None:
    weights = fitted[0].explain(["toll"] * 10_000)
    np.testing.assert_allclose(weights[1:-1], np.broadcast_to(weights[1], (9998, 2)), atol=1e-9)
    whole = fitted[0].scorer_.score(["toll " * 10_000])[0] - fitted[0].recall().intercept
    np.testing.assert_allclose(weights.sum(0), whole, atol=1e-4)


def test_an_ngram_of_two_words_is_shared_between_them() -> None:
    classifier = TfidfClassifier(word_ngrams=(2, 2), char_ngrams=(9, 9), min_df=1).fit(["the toll of the bridge"] * 2, Y[1:3])
    classifier.take_coefficients(np.ones_like(classifier.recall().coef), np.zeros(2))
    first, second, rest = classifier.explain(["the", "toll", "unknown"])
    assert first.tolist() == second.tolist() and first[0] > 0 and rest.tolist() == [0, 0]


def test_a_word_that_the_model_does_not_know_weighs_nothing(fitted: list[TfidfClassifier]) -> None:
    assert not fitted[1].explain(["zzzz"]).any()


def test_an_explanation_has_the_same_bits_whatever_was_read_before(toy_texts: Toy) -> None:
    first, second = (TfidfClassifier().fit(*toy_texts) for _ in range(2))
    first.predict_proba(toy_texts.texts[::-1])
    for text in toy_texts.texts[:10]:
        assert np.array_equal(first.explain(text.split()), second.explain(text.split()))


# Every other classifier


def test_a_weight_is_the_fall_of_the_log_odds_without_the_word() -> None:
    classifier = Counting(toll=2.0, robs=1.5, never=-1.0)
    assert erase(classifier, "The toll robs us, never mind.") == {"toll": 2.0, "robs": 1.5, "never": -1.0}
    assert erase(classifier, "The toll robs us, never mind.", 1) == {"toll": -2.0, "robs": -1.5, "never": 1.0}


def test_only_the_sentences_that_matter_are_read_word_by_word_and_without_the_others() -> None:
    classifier = Counting(toll=2.0, robs=0.5, ferry=0.5, never=-1.5)
    text = "A ferry came. The toll is high. Nothing else happened. It never rains. The man robs us."
    assert erase(classifier, text) == {"toll": 2.0, "never": -1.5}
    assert classifier.asked == 1 + 5 + 1 + 4 + 3
    assert max(map(len, classifier.texts[7:])) < len("The toll is high. It never rains.")


def test_a_second_sentence_that_hardly_matters_is_not_read_word_by_word() -> None:
    classifier = Counting(toll=2.0, never=-0.5)
    assert erase(classifier, "A ferry came. The toll is high. It never rains.") == {"toll": 2.0}
    assert classifier.asked == 1 + 3 + 1 + 4


def test_sentences_that_mean_little_alone_are_read_with_the_others() -> None:
    class Together(Counting):
        def predict_proba(self, texts: Texts, *, progress: Any = None) -> NDArray[np.float64]:
            odds = np.array([4.0 * ("toll" in text and "bridge" in text) for text in texts])
            return to_share(odds[:, None] * [1, -1])

    assert erase(Together(), "The bridge is old. Nothing else happened. It has a toll.") == {"bridge": 4.0, "toll.": 4.0}


def test_a_sentence_that_needs_what_stands_beside_it_is_read_with_its_neighbours_alone() -> None:
    class Shy(Counting):
        """Says nothing of a sentence by itself."""

        def predict_proba(self, texts: Texts, *, progress: Any = None) -> NDArray[np.float64]:
            self.texts += texts
            odds = np.array([4.0 * ("toll" in text and text.count(".") > 1) for text in texts])
            return to_share(odds[:, None] * [1, -1])

    classifier = Shy()
    text = "A ferry came. It was late. The toll is high. It never rains. Nothing else happened."
    assert erase(classifier, text) == {"toll": 4.0}
    beside = "It was late. The toll is high. It never rains."
    word_by_word = classifier.texts[classifier.texts.index(beside) + 1 :]
    assert len(word_by_word) == 4 and all(len(read) < len(beside) for read in word_by_word)


def test_what_a_part_shares_with_the_whole_is_read_once() -> None:
    whole = "A ferry came. The toll is high. Nothing else happened. It was late."
    part = "A ferry came. The toll is high."
    classifier: Any = Counting(toll=2.0)
    alone = erase_words(classifier, part, [0])
    odds: Odds = {}
    erase_words(classifier, whole, [0], odds=odds)
    asked = classifier.asked
    assert np.array_equal(erase_words(classifier, part, [0], odds=odds), alone)
    assert classifier.asked - asked == 1 + 2  # the part, and it without each of its sentences; nothing word by word


def test_a_long_sentence_is_read_word_by_word_where_leaving_out_a_few_words_changes_most() -> None:
    classifier = Counting(toll=2.0, robs=1.5, ferry=0.1)
    text = "On the ferry of that morning the men who had come said that the toll robs us of all we had and more"
    assert erase(classifier, text) == {"toll": 2.0, "robs": 1.5, "ferry": 0.025, "On": 0.025, "the": 0.025, "of": 0.025}
    assert classifier.asked < 2 + 6 + 2 * 4


def test_a_narratives_words_do_not_depend_on_what_else_is_explained() -> None:
    classifier: Any = Counting(toll=2.0, robs=1.0, never=-1.5)
    text = "A ferry came. The toll is high. It never rains. The man robs us."
    both = erase_words(classifier, text, [0, 1])
    for column in (0, 1):
        assert np.array_equal(both[:, column], erase_words(classifier, text, [column])[:, column])


@pytest.mark.parametrize("text", ["a b. " * 600, "word " * 900, "x" * 900, "中文字。" * 300, "one"])
def test_the_texts_that_are_scored_are_bounded(text: str) -> None:
    classifier: Any = Counting(word=1.0)
    weights = erase_words(classifier, text, [0])
    assert classifier.asked <= 1 + 50 + 1 + 2 * 50 + 2 * 4
    assert weights.shape == (len(find_words(text)), 2)


def test_words_left_out_together_share_what_they_weigh() -> None:
    classifier: Any = Counting(word=0.01)
    np.testing.assert_allclose(erase_words(classifier, "word " * 200, [0])[:, 0], 0.01, atol=1e-6)


# A whole model


@pytest.fixture(scope="module", params=["tfidf", "transformer"])
def model(request: pytest.FixtureRequest, finished: Path) -> Model:
    return load_model(finished / "models" / request.param)


LONG = "  ".join(["She went home, and that was all."] * 40 + ["A toll at the bridge barrier, a ferry and a tariff."])


def test_words_stand_in_the_window_that_carries_the_narrative(model: Model) -> None:
    texts = [LONG, "", "A toll at the bridge barrier!", LONG]
    readings = model.classify(texts)
    explained = explain_raised(model, texts, readings)
    assert [list(words) for words in explained] == [
        list(p.narratives) for p in list(model.classify(texts, ["1", "2", "3", "4"]))
    ]
    assert explained[0] == explained[3] and explained[1] == {}
    for text, row, words in zip(texts, readings.spans, explained, strict=True):
        for id_, found in words.items():
            start, end = row[model.codebook.ids.index(id_)]
            assert all(start <= a < b <= end and weight > 0 for a, b, weight in found)
            assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
            assert not any(text[a:b].endswith((".", ",", "!")) for a, b, _ in found)


def test_the_words_of_the_topic_carry_it(finished: Path) -> None:
    model = load_model(finished / "models" / "tfidf")
    text = "She went home: a toll at the bridge barrier, and that was all."
    [words] = explain_raised(model, [text], model.classify([text]))
    heaviest = sorted(words["toll"], key=lambda word: -word[2])[:3]
    assert {text[a:b] for a, b, _ in heaviest} <= set(TOPICS["toll"])


def test_what_speaks_against_is_told_where_asked_for(finished: Path) -> None:
    model = load_model(finished / "models" / "tfidf")
    text = "The teacher gave the exam to a pupil at the ferry."
    spans = model.classify([text]).spans[0]
    assert min(weight for _, _, weight in explain_text(model, text, spans, [0], against=True)["toll"]) < 0


def test_a_blend_is_explained_by_the_weighted_sum_of_its_parts(finished: Path) -> None:
    words, sense = (load_model(finished / "models" / run) for run in ("tfidf", "transformer"))
    blend = BlendClassifier()
    blend.tfidf_, blend.sense_, blend.weights_ = words.classifier, sense.classifier, np.full(3, 0.6)
    text = "A toll at the bridge barrier. She went home."
    mixed = weigh_words(Model("b", "blend", blend, words.codebook, words.calibration, words.thresholds), text, [0])
    parts = [weigh_words(model, text, [0]) for model in (words, sense)]
    np.testing.assert_allclose(mixed[:, 0], 0.6 * parts[0][:, 0] + 0.4 * parts[1][:, 0], atol=1e-9)


def test_in_a_language_that_a_blend_was_not_taught_its_sense_alone_is_explained(finished: Path) -> None:
    words, sense = (load_model(finished / "models" / run) for run in ("tfidf", "transformer"))
    blend = BlendClassifier(sense="multilingual")
    blend.tfidf_, blend.sense_, blend.weights_ = words.classifier, sense.classifier, np.full(3, 0.6)
    blend.abroad_ = Abroad(frozenset({"en"}), slope=2.0, shift=-1.0)
    text = "شورای شهر عوارض پل را بالا برد و هیچ کس در شهر از آن خبر نداشت."
    mixed = weigh_words(Model("b", "blend", blend, words.codebook, words.calibration, words.thresholds), text, [0])
    np.testing.assert_allclose(mixed[:, 0], 2 * weigh_words(sense, text, [0])[:, 0], atol=1e-9)


def test_where_the_codebook_helps_its_part_is_in_the_weights(finished: Path, toy_texts: Toy) -> None:
    model = load_model(finished / "models" / "tfidf")
    likeness = TfidfClassifier(min_df=1).fit(toy_texts.texts, np.zeros((60, 0), dtype=np.bool_))
    vectors = likeness.scorer_.vectorise(["toll at the bridge", "flood of the river"]) / 2
    likeness.take_coefficients(vectors.T, np.zeros(2))
    prior = Prior(likeness, np.array([0, 2]), np.array([0.4, 1.0]), np.array([9.0, 0.0]), np.array([-2.0, 0.0]))
    guided = Model("g", "tfidf", model.classifier, model.codebook, model.calibration, model.thresholds, prior=prior)
    text = "a toll at the bridge, a flood"
    weights = weigh_words(guided, text, [0, 1, 2]).sum(0)
    empty, full = (Guided(model.classifier, prior).predict_proba([each])[0] for each in ("", text))
    np.testing.assert_allclose(weights[:2], (to_log_odds(full) - to_log_odds(empty))[:2], atol=1e-3)
    assert weights[2] == pytest.approx(full[2] - empty[2], abs=1e-4)  # zero-shot: parts of the cosine
