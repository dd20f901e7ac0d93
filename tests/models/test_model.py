"""Model folders: what was saved is what is loaded, or the file that is off is named."""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers.toy import TOPICS, Toy

from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Codebook, Matrix, Narrative, Scores, Texts
from narratives.errors import UserError
from narratives.labels.folds import deal_folds
from narratives.labels.passages import gold_matrix
from narratives.models.calibration import Calibration, Curve, fit_calibration
from narratives.models.folder import load_model, save_model
from narratives.models.held_out import FOLDS
from narratives.models.model import Model
from narratives.models.thresholds import tune_thresholds
from narratives.progress import Progress
from narratives.project.project import Project
from narratives.runs.train import TrainingSet, choose_training_set, train_run

RUNS = ["tfidf", "transformer"]
FAST = ["fast.onnx"] if find_spec("onnx") and find_spec("onnxruntime") else []
FILES = {
    "tfidf": ["README.md", "learned.jsonl", "model.json", "tested.json", "tfidf.safetensors"],
    "transformer": [
        "README.md",
        "encoder/config.json",
        "encoder/tokenizer.json",
        "encoder/tokenizer_config.json",
        *FAST,
        "learned.jsonl",
        "model.json",
        "tested.json",
        "weights.safetensors",
    ],
}
EVERY = [(run, name) for run, names in FILES.items() for name in names if name != "tested.json"]
UNCHANGED = Calibration((Curve("identity"),) * 3)
NEW = ["the teacher gave the exam to a pupil", "a toll at the bridge"]


class Fixed(TfidfClassifier):
    """Gives every text the same three scores."""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        return np.tile(np.array([0.25, 0.4999, 1.0], dtype=np.float32), (len(texts), 1))


def copy(finished: Path, tmp_path: Path, run: str) -> Path:
    """A trained model's folder that a test may spoil."""
    return Path(shutil.copytree(finished / "models" / run, tmp_path / run))


def same_content(first: bytes, second: bytes) -> bool:
    try:
        return bool(json.loads(first) == json.loads(second))
    except ValueError:  # no JSON, or no UTF-8
        return False


def problem(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_model(folder)
    [line] = caught.value.problems
    return line


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """No file can grow beyond `free` bytes; writing more fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("run", RUNS)
def test_a_model_folder_holds_these_files(finished: Path, run: str) -> None:
    assert list_files(finished / "models" / run) == FILES[run]


@pytest.mark.parametrize("run", RUNS)
def test_what_was_saved_is_what_is_loaded(finished: Path, tmp_path: Path, run: str) -> None:
    first = load_model(finished / "models" / run)
    save_model(first, tmp_path / "again")
    second = load_model(tmp_path / "again")
    assert (second.run, second.classifier_name, second.training) == (first.run, first.classifier_name, first.training)
    assert second.codebook == first.codebook
    assert second.classifier.__class__ is first.classifier.__class__
    assert second.calibration == first.calibration
    assert np.array_equal(second.thresholds, first.thresholds)
    assert list(second.classify(NEW, ["1", "2"])) == list(first.classify(NEW, ["1", "2"]))


@pytest.mark.parametrize(("run", "name"), EVERY)
def test_a_missing_file_is_named(finished: Path, tmp_path: Path, run: str, name: str) -> None:
    folder = copy(finished, tmp_path, run)
    (folder / name).unlink()
    if name == "model.json":
        assert problem(folder) == f"{folder / name}: no such model; train it first: narratives train {run}"
    else:
        assert problem(folder) == f"{folder / name}: missing; restore it or train again: narratives train {run}"


@pytest.mark.parametrize(("run", "name"), EVERY)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_named(finished: Path, tmp_path: Path, run: str, name: str, share: float) -> None:
    folder = copy(finished, tmp_path, run)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * share)])
    assert problem(folder).startswith(f"{folder / name}:")


@pytest.mark.parametrize(("run", "name"), [pair for pair in EVERY if pair[1] != "model.json"])
def test_a_file_altered_by_one_byte_is_named(finished: Path, tmp_path: Path, run: str, name: str) -> None:
    folder = copy(finished, tmp_path, run)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert problem(folder) == (
        f"{folder / name}: altered or cut short since the model was saved (sha256 differs); "
        f"restore it or train again: narratives train {run}"
    )


def test_a_manifest_altered_by_one_byte_is_named_wherever_it_is(finished: Path, tmp_path: Path) -> None:
    folder = copy(finished, tmp_path, "tfidf")
    data = (folder / "model.json").read_bytes()
    for place in range(0, len(data), 7):
        altered = bytearray(data)
        altered[place] ^= 1
        if same_content(bytes(altered), data):
            continue  # the 17th digit of a number may say no more than the sixteen before it
        (folder / "model.json").write_bytes(altered)
        assert problem(folder).startswith(f"{folder / 'model.json'}:"), altered[place - 20 : place + 20]


def test_an_altered_threshold_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = copy(finished, tmp_path, "tfidf")
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    manifest["thresholds"]["toll"] = 0.01
    (folder / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert problem(folder).startswith(f"{folder / 'model.json'}: altered")


def test_the_scores_of_a_prediction_are_calibrated_and_so_are_those_the_thresholds_meet(finished: Path, tmp_path: Path) -> None:
    raw = replace(load_model(finished / "models" / "tfidf"), calibration=UNCHANGED)
    curves = (Curve("sigmoid", 0.5, -1.0), Curve("isotonic", knots=((0.0, 0.25), (0.5, 0.5), (1.0, 0.75))), Curve("identity"))
    save_model(replace(raw, calibration=Calibration(curves), thresholds=np.full(3, 0.5)), tmp_path / "calibrated")
    model = load_model(tmp_path / "calibrated")
    assert model.calibration.curves == curves
    for before, after in zip(list(raw.classify(NEW, ["1", "2"])), list(model.classify(NEW, ["1", "2"])), strict=True):
        odds = np.log(before.scores["toll"] / (1 - before.scores["toll"]))
        assert after.scores["toll"] == pytest.approx(1 / (1 + np.exp(1 - odds / 2)), abs=1e-5)
        assert after.scores["school"] == pytest.approx(0.25 + before.scores["school"] / 2, abs=1e-5)
        assert after.scores["flood"] == before.scores["flood"]
        assert list(after.narratives) == [id_ for id_, score in after.scores.items() if score >= 0.5]


def set_folds(root: Path, folds: int) -> None:
    path = root / "experiments" / "tfidf" / "config.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[thresholds]\nfolds = {folds}\n", encoding="utf-8")


def test_training_calibrates_first_and_tunes_on_calibrated_scores(project: Path) -> None:
    set_folds(project, 0)
    model = train_run(Project(project), "tfidf", lambda line: None)
    validation = choose_training_set(Project(project).corpus, lambda line: None).validation
    raw = model.classifier.predict_proba([passage.text for passage in validation])
    gold = gold_matrix(validation, list(TOPICS))
    assert [curve.method for curve in model.calibration.curves] == ["sigmoid"] * 3
    assert model.calibration == fit_calibration(raw, gold, np.ones(3, dtype=np.bool_))
    np.testing.assert_array_equal(model.thresholds, tune_thresholds(model.calibration.apply(raw)))


def score_by_hand(data: TrainingSet) -> tuple[Scores, Matrix]:
    """Scores of the training passages, each from a model that learned from the other folds; their labels."""
    gold, texts = gold_matrix(data.train, list(TOPICS)), [passage.text for passage in data.train]
    folds = deal_folds([int(passage.document[1:]) for passage in data.train], FOLDS["tfidf"])  # no two of these texts are alike
    scores = np.zeros(gold.shape, dtype=np.float32)
    for fold in range(FOLDS["tfidf"]):
        rows, held_out = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        fitted = TfidfClassifier(min_df=1).fit([texts[row] for row in rows], gold[rows])
        scores[held_out] = fitted.predict_proba([texts[row] for row in held_out])
    return scores, gold


def test_training_passages_that_no_model_learned_from_decide_too(project: Path) -> None:
    model = train_run(Project(project), "tfidf", lambda line: None)
    data = choose_training_set(Project(project).corpus, lambda line: None)
    raw = model.classifier.predict_proba([passage.text for passage in data.validation])
    scores, gold = score_by_hand(data)
    joined = np.concatenate([scores, raw])
    labels = np.concatenate([gold, gold_matrix(data.validation, list(TOPICS))])
    calibration = fit_calibration(joined, labels, np.ones(3, dtype=np.bool_))
    for curve, expected in zip(model.calibration.curves, calibration.curves, strict=True):
        assert (curve.slope, curve.intercept) == pytest.approx((expected.slope, expected.intercept), rel=0.02)
    np.testing.assert_allclose(model.thresholds, tune_thresholds(calibration.apply(joined)), rtol=0.02)
    assert model.tuning is not None
    assert (model.tuning.folds, model.tuning.train, model.tuning.validation) == (5, len(data.train), len(data.validation))


def test_an_encoder_sets_its_thresholds_on_one_fold_of_three_too_where_a_config_asks(project: Path) -> None:
    config = project / "experiments" / "transformer" / "config.toml"
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[thresholds]\nfolds = 3\nfolds_held = 1\n", encoding="utf-8")
    said: list[str] = []
    model = train_run(Project(project), "transformer", said.append)
    train = choose_training_set(Project(project).corpus, lambda line: None).train
    folds = deal_folds([int(passage.document[1:]) for passage in train], 3)
    assert model.tuning is not None and model.tuning.train == (folds == 0).sum()
    assert any("(1 of 3 folds)" in line for line in said)


def test_an_altered_codebook_inside_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = copy(finished, tmp_path, "tfidf")
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    manifest["codebook"]["narratives"][0]["definition"] += " And more."
    (folder / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert problem(folder).startswith(f"{folder / 'model.json'}: ")


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"format_version": 1}', "null", '"model"'])
def test_another_format_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "model.json").write_text(manifest, encoding="utf-8")
    assert problem(tmp_path) == (
        f"{tmp_path / 'model.json'}: not a model of format 4; restore it or train again: narratives train {tmp_path.name}"
    )


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("free", [0, 2000])
def test_a_full_disk_leaves_the_old_model(finished: Path, tmp_path: Path, run: str, free: int) -> None:
    folder = copy(finished, tmp_path, run)
    model = load_model(folder)
    before = list(model.classify(NEW, ["1", "2"]))
    with full_disk(free), pytest.raises(UserError) as caught:
        save_model(replace(model, run="other"), folder)
    [line] = caught.value.problems
    assert line.startswith(f"{folder}: cannot be written: ")
    assert line.endswith("; nothing was changed")
    assert list(load_model(folder).classify(NEW, ["1", "2"])) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [run]


def test_a_bug_while_saving_leaves_the_old_model(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy(finished, tmp_path, "tfidf")
    model = load_model(folder)

    def half(self: TfidfClassifier, into: Path) -> None:
        (into / "tfidf.safetensors").write_bytes(b"half")
        raise ZeroDivisionError

    monkeypatch.setattr(TfidfClassifier, "save", half)
    with pytest.raises(ZeroDivisionError):
        save_model(replace(model, run="other"), folder)
    assert load_model(folder).run == "tfidf"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tfidf"]


def test_a_new_model_takes_the_place_of_the_old_one(finished: Path, tmp_path: Path) -> None:
    folder = copy(finished, tmp_path, "tfidf")
    model = load_model(folder)
    (folder / "left over").touch()
    save_model(replace(model, run="new"), folder)
    assert load_model(folder).run == "new"
    assert list_files(folder) == [name for name in FILES["tfidf"] if name not in ("learned.jsonl", "tested.json")]


def test_a_narrative_is_raised_from_its_threshold_on(toy_texts: Toy) -> None:
    codebook = Codebook("c", "1", tuple(Narrative(id_, id_, "f", "d") for id_ in ("a", "b", "c")))
    model = Model("run", "tfidf", Fixed(), codebook, UNCHANGED, np.array([0.25, 0.5, 0.75]))
    [prediction] = list(model.classify(["some text"], ["1"]))
    assert prediction.narratives == {"a": None, "c": None}
    assert list(prediction.scores) == ["a", "b", "c"]
    assert prediction.scores["b"] == pytest.approx(0.4999)
