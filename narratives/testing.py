"""What every classifier promises, as checks for the author of one.

    from narratives.testing import check_classifier
    from mypackage.module import Mine

    def test_mine_keeps_the_contract():
        check_classifier(Mine)

`CHECKS` are the same one by one, for a test of each: `check(Trial(Mine))`.
"""

import random
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from narratives.classifiers import Classifier, hyperparameters
from narratives.data import Scores, Targets

NEW = ["the teacher gave the exam to a pupil", "a toll at the bridge", "nothing in here but a long walk home"]
SAFE = {".json", ".md", ".onnx", ".safetensors", ".skops", ".txt"}  # endings of files that hold no code
_TOPICS = (("toll", "bridge", "barrier"), ("teacher", "pupil", "exam"), ("river", "flood", "dam"))
_PLAIN = ("home", "walk", "long", "evening", "market", "garden", "letter", "window", "winter", "copper", "ladder", "harbour")


def make_sample() -> tuple[list[str], Targets]:
    """60 texts and their labels (60, 3): what a text carries shows in its words, a quarter carries nothing."""
    rng = random.Random(7)
    y = np.zeros((60, len(_TOPICS)), dtype=np.bool_)
    texts = []
    for row in range(len(y)):
        y[row, [k for k in range(len(_TOPICS)) if row % 4 == k or (row % 12 == 0 and k == 1 + row // 12 % 2)]] = True
        words = [*rng.sample(_PLAIN, 8), *(word for k in np.flatnonzero(y[row]) for word in _TOPICS[k])]
        rng.shuffle(words)
        texts.append(" ".join(words))
    return texts, y


@dataclass
class Trial:
    """What the checks are run on: `make(**hyperparameters)` gives an unfitted classifier, most often the class itself.

    `texts` and `y` (texts, columns) are what it learns from, by default 60 short English texts with three topics; `make` may
    set hyperparameters that suit so few.
    """

    make: Callable[..., Classifier]
    texts: list[str] = field(default_factory=lambda: make_sample()[0])
    y: Targets = field(default_factory=lambda: make_sample()[1])

    @cached_property
    def fitted(self) -> Classifier:
        """Trained when first asked for, and shared by the checks."""
        return self.make().fit(self.texts, self.y)


def check_classifier(make: Callable[..., Classifier]) -> None:
    """Run all checks; `AssertionError` says which promise is not kept. `make` is the class, or a function that calls it.

    >>> from narratives.classifiers import TfidfClassifier
    >>> check_classifier(TfidfClassifier)
    """
    trial = Trial(make)
    for check in CHECKS:
        check(trial)


def check_constructor(trial: Trial) -> None:
    """The constructor stores its arguments and nothing else; one of them is `seed`."""
    example: Any = trial.make()
    values: dict[str, Any] = {key: object() for key in hyperparameters(example)}
    copy: Any = type(example)(**values)
    _require("seed" in values, "one of the fields is seed")
    _require(hyperparameters(copy) == values, "the constructor stores its arguments as they are")
    state = [part.name for part in fields(copy) if not part.init]
    _require(
        all(key.endswith("_") and getattr(copy, key) is None for key in state), "fitted state ends in _ and begins as None"
    )
    _require(set(vars(copy)) <= set(values) | set(state), "the constructor stores nothing else")


def check_scores(trial: Trial) -> None:
    """Scores are a float32 matrix of shape (texts, columns), from 0 to 1; no texts give no rows."""
    scores = trial.fitted.predict_proba(NEW)
    _require(scores.shape == (len(NEW), trial.y.shape[1]), f"scores are of shape (texts, columns), not {scores.shape}")
    _require(scores.dtype == np.float32, f"scores are float32, not {scores.dtype}")
    _require(bool(np.all((scores >= 0) & (scores <= 1))), "scores lie between 0 and 1")
    _require(trial.fitted.predict_proba([]).shape == (0, trial.y.shape[1]), "no texts give no rows")


def check_odd_texts(trial: Trial) -> None:
    """Any text gets finite scores: blank, foreign, very long."""
    odd = ["", " ", "\n\t", "?!", "\u4e2d\u6587", "\U0001f30a" * 50, "a\x00b", "x" * 5000]
    _require(bool(np.isfinite(trial.fitted.predict_proba(odd)).all()), "every text gets finite scores")


def check_learning(trial: Trial) -> None:
    """What was learned shows: texts that carry a label score higher than the others."""
    scores = trial.fitted.predict_proba(trial.texts)
    for k in range(trial.y.shape[1]):
        yes, no = np.median(scores[trial.y[:, k], k]), np.median(scores[~trial.y[:, k], k])
        _require(yes > no, f"training texts that carry label {k} score higher than the others ({yes:.3f}, {no:.3f})")


def check_independence(trial: Trial) -> None:
    """A text's scores do not depend on the other texts, nor on the order, by a single bit: parts and restarts rely on it."""
    texts = [*trial.texts[:9], NEW[0], "toll " * 300, "a"]
    together = trial.fitted.predict_proba(texts)
    alone = np.vstack([trial.fitted.predict_proba([text]) for text in texts])
    _require(np.array_equal(together, alone), "a text's scores do not depend on the other texts")
    _require(np.array_equal(trial.fitted.predict_proba(texts[::-1]), together[::-1]), "scores do not depend on the order")


def check_arguments(trial: Trial) -> None:
    """Training returns the classifier and changes neither its hyperparameters nor what it was given."""
    texts, y = list(trial.texts), trial.y.copy()
    classifier = trial.make()
    before = hyperparameters(classifier)
    _require(classifier.fit(texts, y, validation=(texts, y)) is classifier, "fit returns the classifier itself")
    _require(hyperparameters(classifier) == before, "training changes no hyperparameter")
    _require(texts == trial.texts and np.array_equal(y, trial.y), "training does not change what it was given")


def check_seed(trial: Trial) -> None:
    """The same seed gives the same scores."""
    first, second = (trial.make(seed=5).fit(trial.texts, trial.y).predict_proba(trial.texts) for _ in range(2))
    _require(np.array_equal(first, second), "the same seed gives the same scores")


def check_unseen_label(trial: Trial) -> None:
    """A label that no training text carries is never scored high."""
    y = trial.y.copy()
    y[:, 1] = False
    scores = trial.make().fit(trial.texts, y).predict_proba([*trial.texts, *NEW])
    _require(float(scores[:, 1].max()) < 0.5, "a label without a positive scores below 0.5")


def check_single_text(trial: Trial) -> None:
    """A single training text is enough not to crash."""
    fitted = trial.make().fit(["the toll of the bridge"], np.array([[True, False, True]]))
    _require(fitted.predict_proba(NEW).shape == (3, 3), "a single training text is enough")


def check_progress(trial: Trial) -> None:
    """Progress counts up by one and ends where it said it would."""
    calls: list[tuple[int, int]] = []
    trial.make().fit(trial.texts, trial.y, progress=lambda done, total, note: calls.append((done, total)))
    _require([done for done, _ in calls] == list(range(1, calls[-1][1] + 1)), "training's progress counts from 1 to the total")
    calls.clear()
    trial.fitted.predict_proba(trial.texts, progress=lambda done, total, note: calls.append((done, total)))
    _require(calls[-1][0] == calls[-1][1], "predicting's progress ends at the total")


def check_refused_speed(trial: Trial) -> None:
    """A faster way that is refused leaves no trace."""
    classifier = trial.fitted
    before, scores = classifier.inference, classifier.predict_proba(NEW)
    tried: list[str] = []

    def refuse(inference: str) -> bool:
        tried.append(inference)
        _require(classifier.inference == inference, "while a way is tried, inference names it")
        return classifier.predict_proba(NEW).shape != scores.shape

    _require(classifier.speed_up(trial.texts[:8], refuse) == "", "speed_up gives a reason only where nothing could be tried")
    _require(classifier.inference == before and before not in tried, "what was refused is not kept")
    _require(np.array_equal(classifier.predict_proba(NEW), scores), "what was refused changes no score")


def check_saving(trial: Trial) -> None:
    """A saved classifier gives the same scores, and its folder holds no code: no pickle, and no file that may be one."""
    again, names = _reload(trial.fitted)
    _require(hyperparameters(again) == hyperparameters(trial.fitted), "a saved classifier has the same hyperparameters")
    _require_same(again.predict_proba(trial.texts), trial.fitted.predict_proba(trial.texts))
    _require(bool(names) and {Path(name).suffix for name in names} <= SAFE, f"files end in {', '.join(sorted(SAFE))}")


def check_saved_speed(trial: Trial) -> None:
    """A faster way that is taken is saved too."""
    trial.fitted.speed_up(trial.texts[:8], lambda _: True)
    again, _ = _reload(trial.fitted)
    _require(again.inference == trial.fitted.inference, "a faster way that was taken is saved")
    _require(np.array_equal(again.predict_proba(NEW), trial.fitted.predict_proba(NEW)), "a faster way gives the same, loaded")
    trial.fitted.speed_up(trial.texts[:8], lambda _: False)


CHECKS: tuple[Callable[[Trial], None], ...] = (
    check_constructor,
    check_scores,
    check_odd_texts,
    check_learning,
    check_independence,
    check_arguments,
    check_seed,
    check_unseen_label,
    check_single_text,
    check_progress,
    check_refused_speed,
    check_saved_speed,
    check_saving,
)


def _reload(classifier: Classifier) -> tuple[Classifier, list[str]]:
    """What comes back from a folder, and the names of the files in it, none of which may hold code."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        classifier.save(folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        for path in files:
            _require(not path.read_bytes().startswith(b"\x80"), f"{path.name} starts like a pickle")
            _require(not _holds_pickle(path), f"{path.name} is an archive that may hide a pickle")
        return type(classifier).load(folder, hyperparameters(classifier)), [path.name for path in files]


def _holds_pickle(path: Path) -> bool:
    """Of archives only those of skops are known to hold none, and they are looked into."""
    if not zipfile.is_zipfile(path):
        return False
    if path.suffix != ".skops":
        return True
    with zipfile.ZipFile(path) as archive:
        return any(archive.read(name).startswith(b"\x80") for name in archive.namelist())


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(f"not so: {promise}")


def _require_same(a: Scores, b: Scores) -> None:
    _require(bool(np.allclose(a, b, rtol=0, atol=1e-5)), "a saved classifier gives the same scores")
