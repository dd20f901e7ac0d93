"""A cascade: what its first stage answers is never raised, the rest is answered as before, and a gate stands before it."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import make_codebook, problems_of
from helpers.toy import TOPICS, Toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from narratives.data import UNKNOWN
from narratives.models.answers import Answers
from narratives.models.calibration import Calibration, Curve
from narratives.models.cascade import Cascade, FirstStage, place_bounds
from narratives.models.cuts import Examples
from narratives.models.folder import load_model, save_model
from narratives.models.manifest import digest_manifest
from narratives.models.model import Model
from narratives.models.sparing import LEAST_SPARED, MARGINS, MOST_FLIPS, fit_cascade
from narratives.models.thresholds import decide
from narratives.texts.windows import find_windows

AT_LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
UNCHANGED = Calibration((Curve("identity"),) * 3)
CODEBOOK = make_codebook("toll", "school", "flood")
TEXTS = st.lists(st.text("abcxyz .\n", max_size=50), max_size=6)
THRESHOLDS = arrays(np.float64, 3, elements=st.floats(0.01, 1))
ARRAYS = ("scores", "raised", "stances", "spans")
NEW = ["a toll at the bridge barrier", "the teacher gave the exam to a pupil", "wheat harvest market", " ", "convoy " * 400]


class Letters:
    """Scores a text by the share of its characters that are each of three letters; keeps what it was asked."""

    inference = "letters"
    seed = 0

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.asked: list[str] = []

    def predict_proba(self, texts: Sequence[str], **_: Any) -> Any:
        self.asked += texts
        shares = [[text.count(letter) / max(len(text), 1) for letter in self.letters] for text in texts]
        return np.array(shares, dtype=np.float32).reshape(-1, 3)


def make_model(thresholds: Any, window: int = 9, margin: float = 0.5, classifier: Any = None) -> Model:
    """The full model reads `a`, `b` and `c`, its first stage `x`, `y` and `z`."""
    first: Any = Letters("xyz")
    stage = FirstStage(scorer=first, calibration=UNCHANGED, margin=margin, bounds=place_bounds(thresholds, margin))
    full: Any = classifier or Letters("abc")
    cascade = Cascade(first=stage, trials=())
    return Model("r", "own", full, CODEBOOK, UNCHANGED, thresholds, window=window, cascade=cascade)


def is_same(answers: Answers, others: Answers, rows: Sequence[int]) -> bool:
    return all(np.array_equal(getattr(answers, name)[rows], getattr(others, name)[rows]) for name in ARRAYS)


# What the first stage may do


@AT_LEISURE
@given(TEXTS, st.integers(1, 20), THRESHOLDS, st.floats(0, 3))
def test_each_row_is_that_of_one_stage(texts: list[str], size: int, thresholds: Any, margin: float) -> None:
    model = make_model(thresholds, size, margin)
    answers, whole = model.classify(texts), replace(model, cascade=None).classify(texts)
    assert answers.first is not None and whole.first is None
    bounds = place_bounds(thresholds, margin)
    asked = set()
    for row, text in enumerate(texts):
        windows = find_windows(text, size)
        shares = Letters("xyz").predict_proba([text[start:end] for start, end in windows])
        quiet = (shares < bounds).all(1)
        rest = [text[start:end] for (start, end), alone in zip(windows, quiet, strict=True) if not alone]
        asked |= set(rest)
        assert answers.first[row] == (not rest)
        if rest:
            expected = Letters("abc").predict_proba(rest)
            assert np.array_equal(answers.scores[row], expected.max(0))
            assert np.array_equal(answers.raised[row], decide(expected, thresholds).any(0))
        else:
            assert not answers.raised[row].any() and (answers.stances[row] == UNKNOWN).all()
            assert (answers.scores[row] < np.where(thresholds < 1, thresholds, np.inf)).all()
            assert np.array_equal(answers.scores[row], shares.max(0) if windows else np.zeros(3))
        if len(rest) == len(windows) > 0:
            assert is_same(answers, whole, [row])
    fresh = make_model(thresholds, size, margin)
    fresh.classify(texts)
    assert set(fresh.classifier.asked) == asked  # type: ignore[attr-defined]


@AT_LEISURE
@given(TEXTS, THRESHOLDS, st.randoms(use_true_random=False))
def test_a_row_does_not_depend_on_what_else_is_read(texts: list[str], thresholds: Any, random: Any) -> None:
    model = make_model(thresholds)
    whole = model.classify(texts)
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = model.classify([texts[row] for row in order])
    assert whole.first is not None and shuffled.first is not None
    for place, row in enumerate(order):
        alone = model.classify([texts[row]])
        assert alone.first is not None and alone.first[0] == whole.first[row] == shuffled.first[place]
        for name in ARRAYS:
            values = [getattr(whole, name)[row], getattr(alone, name)[0], getattr(shuffled, name)[place]]
            assert np.array_equal(values[0], values[1]) and np.array_equal(values[0], values[2])


@AT_LEISURE
@given(TEXTS, THRESHOLDS, THRESHOLDS)
def test_with_other_thresholds_nothing_becomes_quiet_that_the_gate_did_not_judge(texts: list[str], old: Any, new: Any) -> None:
    model = make_model(old)
    before, after = model.classify(texts), replace(model, thresholds=new).classify(texts)
    assert before.first is not None and after.first is not None
    assert not (after.first & ~before.first).any()
    assert not after.raised[after.first].any()


def test_a_cascade_that_stays_off_changes_nothing(cascaded: Path) -> None:
    model = load_model(cascaded / "models" / "transformer")
    assert model.cascade is not None and model.first is None
    answers, others = model.classify(NEW), replace(model, cascade=None).classify(NEW)
    assert answers.first is None and answers.stages is None
    assert is_same(answers, others, range(len(NEW)))
    assert "stage" not in answers.to_arrow().column_names


def test_the_answers_say_which_stage_gave_them(cascaded: Path) -> None:
    answers = load_model(cascaded / "models" / "blend").classify(NEW)
    assert answers.stages == ["full", "full", "first", "first", "first"]
    assert answers.to_arrow().column("stage").to_pylist() == answers.stages
    assert answers.raised.any(1).tolist() == [True, True, False, False, False]
    assert not answers.scores[3].any()  # a blank text, as ever


def test_words_can_be_asked_for_whatever_stage_answered(cascaded: Path) -> None:
    model = load_model(cascaded / "models" / "blend")
    assert model.explain(NEW[0], "toll") and model.explain(NEW[2], "toll") and not model.explain(NEW[3], "toll")


# The gate


class Oracle(Letters):
    """Knows what a toy text carries; where `noise` says so, of a text that carries nothing it raises the first narrative."""

    def __init__(self, noise: Callable[[str], bool] = lambda _: False) -> None:
        super().__init__("")
        self.noise = noise

    def predict_proba(self, texts: Sequence[str], **_: Any) -> Any:
        carried = np.array([[any(word in text.split() for word in words) for words in TOPICS.values()] for text in texts])
        scores = np.where(carried.reshape(-1, 3), 0.9, 0.1).astype(np.float32)
        scores[[row for row, text in enumerate(texts) if not carried[row].any() and self.noise(text)], 0] = 0.9
        return scores


def judge(toy: Toy, model: Model, background: int = 0) -> Cascade:
    """Taught on two texts in three of the toy task; texts that carry nothing are background, as many as are asked for."""
    train, validation = (
        Examples(texts=[toy.texts[row] for row in rows], gold=toy.y[rows])
        for rows in ([row for row in range(60) if row % 3], list(range(0, 60, 3)))
    )
    idle = [text for text, row in zip(toy.texts, toy.y, strict=True) if not row.any()][:background]
    return fit_cascade(model, train, validation, len(validation.texts), idle)


def test_what_the_full_model_never_raises_is_spared(toy_texts: Toy) -> None:
    model = replace(make_model(np.full(3, 0.5), 600, classifier=Oracle()), cascade=None)
    cascade = judge(toy_texts, model, background=10)
    assert cascade.first is not None and cascade.first.margin in MARGINS
    last = cascade.trials[-1]
    assert (last.flips, last.background_flips, last.refused, last.idle) == (0, 0, "", 10)
    assert (last.decisions, last.background_decisions) == (60, 30)
    assert last.spared >= LEAST_SPARED * 10
    bounds = (
        "0 of 60 decisions on validation (95 %: at most 4.9 %) and 0 of 30 decisions on background (95 %: at most 9.5 %) flip"
    )
    assert f"of 10 background texts; {bounds}" in cascade.describe()


@settings(AT_LEISURE, max_examples=15)
@given(st.integers(0, 9), st.integers(0, 15))
def test_what_passes_flips_next_to_nothing(toy_texts: Toy, often: int, background: int) -> None:
    """A model that raises something at random, as no first stage can guess."""
    noisy = Oracle(lambda text: sum(map(ord, text)) % 10 < often)
    model = replace(make_model(np.full(3, 0.5), 600, classifier=noisy), cascade=None)
    cascade = judge(toy_texts, model, background)
    texts = toy_texts.texts[::3]
    flips = (replace(model, cascade=cascade).classify(texts).raised != model.classify(texts).raised).sum()
    if cascade.first:
        assert flips == cascade.trials[-1].flips <= MOST_FLIPS * 3 * len(texts)
        assert not cascade.trials[-1].refused
    else:
        assert flips == 0 and all(trial.refused for trial in cascade.trials)
        assert cascade.describe().startswith("no cascade, all texts go to the whole model; with a margin of ")


def test_where_decisions_flip_it_stays_off_and_says_so(toy_texts: Toy) -> None:
    noisy = Oracle(lambda _: True)
    cascade = judge(toy_texts, replace(make_model(np.full(3, 0.5), 600, classifier=noisy), cascade=None), background=10)
    assert cascade.first is None
    assert "of 30 decisions on background flip" in cascade.trials[0].refused


def test_what_spares_little_is_not_worth_it(toy_texts: Toy) -> None:
    model = replace(make_model(np.full(3, 1e-5), 600, classifier=Oracle()), cascade=None)
    cascade = judge(toy_texts, model, background=10)
    assert cascade.first is None and len(cascade.trials) == 1  # a wider margin spares no more
    assert cascade.describe().endswith("TF-IDF alone would answer only 0 of 10 texts that carry nothing")


def test_without_background_validation_passages_that_carry_nothing_count(toy_texts: Toy) -> None:
    cascade = judge(toy_texts, replace(make_model(np.full(3, 0.5), 600, classifier=Oracle()), cascade=None))
    last = cascade.trials[-1]
    assert last.idle == int((~toy_texts.y[::3].any(1)).sum()) and last.background_decisions == 0
    assert f"of {last.idle} validation passages that carry nothing; " in last.describe()


# On disk


@pytest.fixture
def folder(cascaded: Path, tmp_path: Path) -> Path:
    """A transformer's model with a first stage in a folder of its own, to be spoilt."""
    first = load_model(cascaded / "models" / "blend").cascade
    model = load_model(cascaded / "models" / "transformer")
    save_model(replace(model, cascade=first), tmp_path / "model")
    return tmp_path / "model"


def test_a_first_stage_is_saved_and_loaded(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    assert [path.name for path in (folder / "first").iterdir()] == ["tfidf.safetensors"]
    assert (
        model.first is not None
        and model.first.margin == json.loads((folder / "model.json").read_text())["cascade"]["first"]["margin"]
    )
    save_model(model, tmp_path / "again")
    again = load_model(tmp_path / "again")
    assert again.digest == model.digest
    assert is_same(model.classify(NEW), again.classify(NEW), range(len(NEW)))
    assert model.classify(NEW).stages == ["full", "full", "first", "first", "first"]


def test_the_words_of_a_blend_are_not_saved_twice(cascaded: Path) -> None:
    folder = cascaded / "models" / "blend"
    assert not (folder / "first").exists()
    model = load_model(folder)
    assert model.first is not None and model.first.scorer is model.classifier.tfidf_  # type: ignore[attr-defined]


def test_the_card_and_the_training_say_what_came_of_it(cascaded: Path) -> None:
    for run, words in (("blend", "cascade with a margin of"), ("transformer", "no cascade, all texts go to the whole model")):
        assert f"{run}: {words}" in (cascaded / f"said-{run}.txt").read_text("utf-8")
        assert words[1:] in (cascaded / "models" / run / "README.md").read_text("utf-8")


def test_a_model_that_was_not_asked_says_nothing_of_cascades(finished: Path) -> None:
    folder = finished / "models" / "transformer"
    assert "cascade" not in (folder / "model.json").read_text("utf-8").lower()
    assert "cascade" not in (folder / "README.md").read_text("utf-8").lower()
    assert load_model(folder).cascade is None


@pytest.mark.parametrize("damage", ["cut", "gone", "all gone"])
def test_a_damaged_first_stage_is_a_line(folder: Path, damage: str) -> None:
    file = folder / "first" / "tfidf.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "gone":
        file.unlink()
    else:
        shutil.rmtree(folder / "first")
    [line] = problems_of(lambda: load_model(folder))
    assert str(file) in line and ("cut short" if damage == "cut" else "missing") in line


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "a list": (lambda m: m.update(cascade=[1]), "'cascade' must hold 'first' and 'trials'"),
    "a number": (lambda m: m.update(cascade=0), "'cascade' must be an object"),
    "no trials": (lambda m: m["cascade"].update(trials=[]), "'cascade' must have trials"),
    "half a trial": (lambda m: m["cascade"]["trials"][0].pop("flips"), "'cascade' must have trials"),
    "flips a text": (lambda m: m["cascade"]["trials"][0].update(flips="1"), "a trial whose figures are none"),
    "no margin": (lambda m: m["cascade"]["first"].pop("margin"), "must have a margin of 0 or more"),
    "margin below 0": (lambda m: m["cascade"]["first"].update(margin=-1), "must have a margin of 0 or more"),
    "bound NaN": (lambda m: m["cascade"]["first"]["bounds"].update(toll=float("nan")), "the bounds of its first stage"),
    "bound of nobody": (lambda m: m["cascade"]["first"]["bounds"].update(nobody=0.5), "the bounds of its first stage"),
    "a curve short": (lambda m: m["cascade"]["first"]["calibration"].popitem(), "must have a calibration for each narrative"),
    "no file": (lambda m: m["files"].pop("first/tfidf.safetensors"), "model.json does not name this file"),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_manifest_that_makes_no_sense_is_a_line(folder: Path, name: str) -> None:
    change, words = CHANGES[name]
    path = folder / "model.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["digest"]
    change(manifest)
    path.write_text(json.dumps({**manifest, "digest": digest_manifest(manifest)}), encoding="utf-8")
    [line] = problems_of(lambda: load_model(folder))
    assert words in line and "\n" not in line
