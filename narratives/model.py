"""A trained model in a folder: what it learned, what it was taught, and a digest of every file."""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives import __version__
from narratives.calibration import Calibration
from narratives.classifiers import Classifier, Progress, Scores, find_classifier, hyperparameters
from narratives.codebook import Codebook
from narratives.data import Prediction
from narratives.errors import UserError, at, did_you_mean
from narratives.files import read_json, replacing, sha256, write_json, write_text
from narratives.thresholds import decide

FORMAT = 2
_MANIFEST = "model.json"


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted classifier, the codebook it speaks, and for each narrative a calibration curve and a threshold."""

    run: str
    classifier_name: str
    classifier: Classifier
    codebook: Codebook
    calibration: Calibration
    thresholds: NDArray[np.float64]  # (narratives,), in codebook order; on calibrated scores
    training: dict[str, Any] = field(default_factory=dict)  # counts and digests of the data it learned from

    def predict(self, ids: list[str], texts: list[str], progress: Progress | None = None) -> list[Prediction]:
        """One prediction for each text, in order."""
        scores = self.calibration.apply(self.classifier.predict_proba(texts, progress=progress))
        return [make_prediction(id_, row, self) for id_, row in zip(ids, scores, strict=True)]


def make_prediction(id_: str, scores: Scores, model: Model) -> Prediction:
    """A prediction from a row of calibrated scores."""
    raised = decide(scores, model.thresholds)
    names = model.codebook.ids
    return Prediction(
        id_,
        {name: round(float(score), 6) for name, score in zip(names, scores, strict=True)},
        {name: None for name, yes in zip(names, raised, strict=True) if yes},
    )


def save_model(model: Model, folder: Path) -> None:
    """Write the folder beside its place and rename it there: it is complete or not there."""
    with replacing(folder) as aside:
        aside.mkdir()
        model.classifier.save(aside)
        write_text(aside / "README.md", _card(model))
        files = sorted(path for path in aside.rglob("*") if path.is_file())
        manifest = {
            "format_version": FORMAT,
            "run": model.run,
            "classifier": model.classifier_name,
            "hyperparameters": hyperparameters(model.classifier),
            "calibration": dict(zip(model.codebook.ids, model.calibration.to_json(), strict=True)),
            "thresholds": dict(zip(model.codebook.ids, model.thresholds.tolist(), strict=True)),
            "training": model.training,
            "versions": _versions(),
            "files": {str(path.relative_to(aside)): sha256(path) for path in files},
            "codebook": model.codebook.to_json(),
        }
        write_json(aside / _MANIFEST, {**manifest, "digest": _digest(manifest)})


def load_model(folder: Path) -> Model:
    """Load a model folder after checking every file against the manifest; `UserError` names the file that is off."""
    path = folder / _MANIFEST
    if not path.is_file():
        trained = [other.parent.name for other in sorted(folder.parent.glob(f"*/{_MANIFEST}"))]
        hint = did_you_mean(folder.name, trained) if trained else ""
        raise UserError(at(path, None, f"no such model; train it first: narratives train {folder.name}{hint}"))
    again = f"restore it or train again: narratives train {folder.name}"
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT:
        raise UserError(at(path, None, f"not a model of format {FORMAT}; {again}"))
    if manifest.pop("digest", None) != _digest(manifest):
        raise UserError(at(path, None, f"altered since the model was saved (sha256 differs); {again}"))
    for name, digest in manifest["files"].items():
        file = folder / name
        if not file.is_file():
            raise UserError(at(file, None, f"missing; {again}"))
        if sha256(file) != digest:
            raise UserError(at(file, None, f"altered or cut short since the model was saved (sha256 differs); {again}"))
    codebook = Codebook.from_json(manifest["codebook"])
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in manifest["hyperparameters"].items()}
    return Model(
        run=manifest["run"],
        classifier_name=manifest["classifier"],
        classifier=find_classifier(manifest["classifier"]).load(folder, options),
        codebook=codebook,
        calibration=Calibration.from_json(list(manifest["calibration"].values())),
        thresholds=np.array(list(manifest["thresholds"].values()), dtype=np.float64),
        training=manifest["training"],
    )


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def _versions() -> dict[str, str]:
    versions = {"narratives": __version__}
    for package in ("numpy", "scikit-learn", "skops", "torch", "transformers", "safetensors"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # an extra that this model may not need
            continue
    return versions


def _card(model: Model) -> str:
    settings = json.dumps(hyperparameters(model.classifier), ensure_ascii=False)
    calibrated = sum(curve.method != "identity" for curve in model.calibration.curves)
    return f"""# Model `{model.run}`

Classifier `{model.classifier_name}`, {settings}.

Speaks codebook `{model.codebook.name}` {model.codebook.version} ({len(model.codebook.ids)} narratives,
digest `{model.codebook.digest[:12]}`). Trained on {model.training.get("train", "?")} passages, thresholds tuned on
{model.training.get("validation", "?")} others. The scores of {calibrated} narratives were calibrated on those others;
the rest are too rare there, and their scores are no probabilities.

It tells which narratives a passage carries. It does not tell whether a claim is true, nor who wrote the text.
How far to trust it: `experiments/{model.run}/report.html`. The figures there hold for texts like those it was
tested on; label a hundred of your own before you rely on it elsewhere.
"""
