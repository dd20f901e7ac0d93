"""What every classifier promises (`narratives.testing`). A new one in `CLASSIFIERS` is taken up here by itself."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.interface import CLASSIFIERS, find_classifier
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Scores, Texts
from narratives.errors import UserError
from narratives.testing import CHECKS, Trial, check_classifier, check_independence, check_saving, check_scores

NAMES = list(CLASSIFIERS)


@pytest.fixture(scope="module", params=NAMES)
def trial(request: pytest.FixtureRequest, tiny_encoder: Path, toy_texts: Toy) -> Trial:
    """A classifier with settings that suit 60 short texts; trained once for all checks."""
    encoder = {"encoder": str(tiny_encoder), "epochs": 12, "learning_rate": 5e-3}
    suited: dict[str, dict[str, Any]] = {
        "tfidf": {"min_df": 1},
        "transformer": {**encoder, "head_learning_rate": 2e-2, "frozen": 0.0},
        "blend": encoder,
        "multilingual": {"encoder": str(tiny_encoder)},
    }
    constructor: Any = find_classifier(request.param)
    return Trial(lambda **given: constructor(**{**suited.get(request.param, {}), **given}), toy_texts.texts, toy_texts.y)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_classifier_keeps(check: Callable[[Trial], None], trial: Trial) -> None:
    check(trial)


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


# The checks notice what they are there for


@dataclass
class Crowded(TfidfClassifier):
    """Its scores depend on how many texts there are."""

    def predict_proba(self, texts: Texts, *, progress: Any = None) -> Scores:
        scores = super().predict_proba(texts)
        return (scores * np.float32(1 - 0.001 * len(texts))).astype(np.float32)


@dataclass
class Double(TfidfClassifier):
    """Gives float64."""

    def predict_proba(self, texts: Texts, *, progress: Any = None) -> Any:
        return super().predict_proba(texts).astype(np.float64)


@dataclass
class Pickling(TfidfClassifier):
    """Writes a file that starts like a pickle."""

    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "state.json").write_bytes(b"\x80\x04")


@pytest.mark.parametrize(
    ("make", "check", "promise"),
    [
        (Crowded, check_independence, "a text's scores do not depend on the other texts"),
        (Double, check_scores, "scores are float32, not float64"),
        (Pickling, check_saving, "state.json starts like a pickle"),
    ],
)
def test_a_broken_promise_is_named(make: Any, check: Callable[[Trial], None], promise: str) -> None:
    with pytest.raises(AssertionError, match=f"not so: {promise}"):
        check(Trial(lambda **given: make(min_df=1, **given)))


def test_the_sample_is_enough_for_a_class_as_it_is() -> None:
    check_classifier(TfidfClassifier)
