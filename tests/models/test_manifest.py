"""A manifest that agrees with its digest and still makes no sense: one line, and no traceback."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from narratives.errors import UserError
from narratives.files.atomic import sha256
from narratives.models.folder import load_model
from narratives.models.manifest import digest_manifest

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(small_model: Path, tmp_path: Path) -> Path:
    """A trained model's folder that a test may spoil."""
    return Path(shutil.copytree(small_model, tmp_path / "base"))


def rewrite(folder: Path, change: Change) -> None:
    """Change the manifest as somebody would who knows how its digest is made."""
    path = folder / "model.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["digest"]
    change(manifest)
    path.write_text(json.dumps({**manifest, "digest": digest_manifest(manifest)}), encoding="utf-8")


def problem(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_model(folder)
    [line] = caught.value.problems
    assert "\n" not in line
    return line


CHANGES: dict[str, tuple[Change, str]] = {
    "no files": (lambda m: m.update(files={}), "'files' names no file"),
    "no window": (lambda m: m.pop("window"), "has no 'window'"),
    "window 0": (lambda m: m.update(window=0), "'window' must be at least 1"),
    "window true": (lambda m: m.update(window=True), "'window' must be a whole number"),
    "no calibration": (lambda m: m.pop("calibration"), "has no 'calibration'"),
    "empty calibration": (lambda m: m.update(calibration={}), "'calibration' must name the narratives"),
    "a curve short": (lambda m: m["calibration"].popitem(), "'calibration' must name the narratives"),
    "no curve": (lambda m: m["calibration"].update(toll=3), "the calibration of 'toll' is none"),
    "slope NaN": (lambda m: m["calibration"]["toll"].update(slope=float("nan")), "the calibration of 'toll' is none"),
    "no knots": (lambda m: m["calibration"]["toll"].update(method="isotonic"), "the calibration of 'toll' is none"),
    "another method": (lambda m: m["calibration"]["toll"].update(method="magic"), "the calibration of 'toll' is none"),
    "threshold NaN": (lambda m: m["thresholds"].update(toll=float("nan")), "the threshold of 'toll' is no number"),
    "threshold a text": (lambda m: m["thresholds"].update(toll="0.5"), "the threshold of 'toll' is no number"),
    "thresholds a list": (lambda m: m.update(thresholds=[0.5]), "'thresholds' must be an object"),
    "unknown classifier": (lambda m: m.update(classifier="tfid"), "unknown classifier 'tfid'; did you mean 'tfidf'?"),
    "unknown setting": (lambda m: m["hyperparameters"].update(min_dv=1), "unknown hyperparameter 'min_dv'; did you mean"),
    "a setting too small": (lambda m: m["hyperparameters"].update(C=-1), "hyperparameter 'C' cannot be -1"),
    "a setting of another type": (lambda m: m["hyperparameters"].update(char_ngrams="2"), "'char_ngrams' cannot be 2"),
    "stances a number": (lambda m: m.update(stances=3), "'stances' must be true or false"),
    "stances turned": (lambda m: m.update(stances=not m["stances"]), "scores where the manifest needs"),
    "tuning a list": (lambda m: m.update(tuning=[1]), "'tuning' must hold"),
    "tuning of nothing": (lambda m: m.update(tuning={"x": 1}), "'tuning' must hold wishes, folds, train, validation, choices"),
    "half a fold": (lambda m: m["tuning"].update(folds=2.5), "'tuning' must count in whole numbers"),
    "an unknown wish": (lambda m: m["tuning"]["wishes"].update(objective="magic"), "does not say what was wished for"),
    "half a fold scored": (lambda m: m["tuning"]["wishes"].update(folds_held=0.5), "must say how many folds were scored"),
    "a wish below 1": (lambda m: m["tuning"]["wishes"].update(rarer=0.5), "must say how many times rarer narratives are"),
    "no choice": (lambda m: m["tuning"]["choices"].update(micro=3), "'tuning' has a choice that is none"),
    "a choice short": (lambda m: m["tuning"]["choices"]["micro"]["thresholds"].popitem(), "a threshold for each narrative"),
    "a figure a text": (lambda m: m["tuning"]["choices"]["micro"].update(micro_f1="1"), "has a figure that is no number"),
    "prior of nothing": (lambda m: m.update(prior={"nobody": [1, 1, 1]}), "'prior' must name narratives"),
    "prior NaN": (lambda m: m.update(prior={"toll": [float("nan"), 1, 1]}), "'prior' must have three numbers"),
    "a prior too short": (lambda m: m.update(prior={"toll": [1, 1, 1]}), "scores where the manifest needs 1"),
    "inference of nothing": (lambda m: m.update(inference={"x": 1}), "'inference' must hold"),
    "tried nothing": (lambda m: m["inference"].update(tried=[{}]), "each of what was tried"),
    "languages a list": (lambda m: m["training"].update(languages=["en"]), "'languages' of its training"),
    "no narratives": (lambda m: m["codebook"].update(narratives=[]), "its codebook must have narratives"),
    "no title": (lambda m: m["codebook"]["narratives"][0].pop("title"), "whose 'title' is no text"),
    "odd key": (lambda m: m["codebook"]["narratives"][0].update(odd=1), "a narrative with an unknown 'odd'"),
    "two of one id": (
        lambda m: m["codebook"]["narratives"].append(m["codebook"]["narratives"][0]),
        "two narratives with one id",
    ),
    "rules a text": (lambda m: m["codebook"].update(rules="none"), "its codebook must have a name, a version and rules"),
    "a digest that is a number": (lambda m: m["files"].update({"README.md": 1}), "'files' must give the sha256"),
    "a file outside": (lambda m: m["files"].update({"../outside": "0"}), "names a file outside of the model's folder"),
    "an absolute file": (lambda m: m["files"].update({"/etc/hostname": "0"}), "names a file outside of the model's folder"),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=list(CHANGES))
def test_a_manifest_that_makes_no_sense_is_refused_with_one_line(folder: Path, change: Change, told: str) -> None:
    rewrite(folder, change)
    line = problem(folder)
    assert line.startswith(f"{folder}") and told in line


@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_a_manifest_nested_without_end_is_refused(folder: Path, depth: int) -> None:
    (folder / "model.json").write_text("[" * depth + "]" * depth, encoding="utf-8")
    assert problem(folder).startswith(f"{folder / 'model.json'}: not a model of format 4")


def test_a_file_that_the_manifest_does_not_name_is_refused(folder: Path) -> None:
    (folder / "extra.safetensors").write_bytes(b"")
    assert (
        problem(folder)
        == f"{folder / 'extra.safetensors'}: model.json does not name this file; take it out of the model's folder"
    )


def spoil(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Other weights under a digest that is theirs."""
    path = folder / "tfidf.safetensors"
    arrays = load_file(path)
    arrays[name] = change(arrays[name])
    save_file(arrays, path)
    rewrite(folder, lambda manifest: manifest["files"].update({path.name: sha256(path)}))


@pytest.mark.parametrize("name", ["coef", "idf", "intercept", "words"])
def test_weights_that_are_too_short_are_refused(folder: Path, name: str) -> None:
    spoil(folder, name, lambda array: array[: len(array) // 2].copy())
    assert problem(folder).startswith(f"{folder}: its weights cannot be used: ")


@pytest.mark.parametrize("name", ["coef", "idf", "intercept"])
def test_weights_that_are_no_numbers_are_refused(folder: Path, name: str) -> None:
    spoil(folder, name, lambda array: np.full_like(array, np.nan))
    assert problem(folder).startswith(f"{folder}: its weights cannot be used: '{name}' holds what is no number")


def test_weights_of_fewer_narratives_are_refused(folder: Path) -> None:
    spoil(folder, "coef", lambda array: array[:, :1].copy())
    spoil(folder, "intercept", lambda array: array[:1].copy())
    assert "its weights give 1 scores where the manifest needs 2" in problem(folder)


def test_a_model_of_before_tuning_was_written_down_still_loads(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest.pop("tuning"))
    model = load_model(folder)
    assert model.tuning is None
    assert model.classify(["a text"]).scores.shape == (1, 2)
