"""A model's folder on disk: written whole, and believed only after everything in it was checked."""

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from narratives import __version__
from narratives.classifiers import BlendClassifier, Classifier, check_settings, find_classifier, hyperparameters
from narratives.data import STANCES, Codebook
from narratives.errors import UserError, at
from narratives.files import replacing, sha256, write_json, write_text
from narratives.models.calibration import Calibration
from narratives.models.card import write_card
from narratives.models.cascade import FOLDER, Cascade
from narratives.models.manifest import FORMAT, MANIFEST, digest_manifest, read_manifest
from narratives.models.model import Model
from narratives.models.parity import Inference
from narratives.models.prior import Prior
from narratives.models.purposes import Tuning

_PRIOR = "prior"
_PACKAGES = (
    "numpy",
    "scikit-learn",
    "sentencex",
    "torch",
    "transformers",
    "safetensors",
    "onnxruntime",
)
_PROBE = "a word or two"
_OTHER = "get the model again from whom it came, or train one"


def save_model(model: Model, folder: Path, texts: Mapping[str, str] | None = None) -> None:
    """Write the folder beside its place and rename it there: it is complete or not there. `texts` are more files, by name."""
    with replacing(folder) as aside:
        aside.mkdir()
        model.classifier.save(aside)
        if model.prior:
            (aside / _PRIOR).mkdir()
            model.prior.likeness.save(aside / _PRIOR)
        if model.first and not isinstance(model.classifier, BlendClassifier):  # which holds it
            (aside / FOLDER).mkdir()
            model.first.scorer.save(aside / FOLDER)
        for name, text in (texts or {}).items():
            write_text(aside / name, text)
        write_text(aside / "README.md", write_card(model))
        files = sorted(path for path in aside.rglob("*") if path.is_file())
        manifest = {
            "format_version": FORMAT,
            "run": model.run,
            "classifier": model.classifier_name,
            "hyperparameters": hyperparameters(model.classifier),
            "calibration": dict(zip(model.codebook.ids, model.calibration.to_json(), strict=True)),
            "thresholds": dict(zip(model.codebook.ids, model.thresholds.tolist(), strict=True)),
            "window": model.window,
            "detail": model.detail,
            "stances": model.stances,
            "prior": model.prior.to_json(model.codebook.ids) if model.prior else {},
            "inference": model.inference.to_json() if model.inference else {},
            "tuning": model.tuning.to_json(model.codebook.ids) if model.tuning else {},
            "training": model.training,
            "versions": _versions(),
            "files": {str(path.relative_to(aside)): sha256(path) for path in files},
            "codebook": model.codebook.to_json(),
            **({"cascade": model.cascade.to_json(model.codebook.ids)} if model.cascade else {}),
        }
        write_json(aside / MANIFEST, {**manifest, "digest": digest_manifest(manifest)})


def load_model(folder: str | Path, trust: Collection[str] = ()) -> Model:
    """Load a model folder after checking every file against its manifest.

    A model may name the class that reads it, `package.module:Class`, and loading would run that package's code: so it does
    only where `trust` names the class too. Otherwise no code comes with a model.

    `UserError` names what is missing, was altered or cannot be, or says what has to be installed for this classifier. What
    the weights are is tried out: a classifier that gives the wrong number of scores, or some that are no numbers, is refused
    here and not in the middle of a run.

    >>> narratives.load_model("trams/models/tfidf").run
    'tfidf'
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    _refuse_foreign(folder, manifest["classifier"], {trust} if isinstance(trust, str) else trust)
    codebook = Codebook.from_json(manifest["codebook"])
    columns = len(codebook.ids) + len(STANCES) * manifest["stances"]
    classifier = _load(folder, manifest["classifier"], manifest["hyperparameters"], columns)
    prior = None
    if manifest.get("prior"):
        likeness = _load(folder / _PRIOR, "tfidf", {}, len(manifest["prior"]))
        prior = Prior.from_json(likeness, manifest["prior"], codebook.ids)
    return Model(
        run=manifest["run"],
        classifier_name=manifest["classifier"],
        classifier=classifier,
        codebook=codebook,
        calibration=Calibration.from_json(list(manifest["calibration"].values())),
        thresholds=np.array(list(manifest["thresholds"].values()), dtype=np.float64),
        training=manifest["training"],
        window=manifest["window"],
        detail=manifest.get("detail", 0),
        inference=Inference.from_json(manifest["inference"]) if manifest["inference"] else None,
        stances=manifest["stances"],
        prior=prior,
        cascade=_load_cascade(folder, manifest.get("cascade", {}), classifier, codebook.ids),
        tuning=Tuning.from_json(manifest["tuning"]) if manifest.get("tuning") else None,
        digest=manifest["digest"],
    )


def _load_cascade(folder: Path, value: Mapping[str, Any], classifier: Classifier, ids: Sequence[str]) -> Cascade | None:
    """What a manifest says of a cascade, with the scorer of its first stage: the classifier's own, or a file's."""
    if not value:
        return None
    scorer = None
    if value["first"] and isinstance(classifier, BlendClassifier):
        scorer = classifier.tfidf_
    elif value["first"]:
        scorer = _load(folder / FOLDER, "tfidf", {}, len(ids))
    return Cascade.from_json(value, scorer, ids)


def _refuse_foreign(folder: Path, name: str, trust: Collection[str]) -> None:
    if ":" in name and name not in trust:
        fix = f'if you trust it, allow it: --trust {name}, or in Python trust=["{name}"]'
        raise UserError(at(folder / MANIFEST, None, f"'{name}' reads this model, which is code of another package; {fix}"))


def _load(folder: Path, name: str, values: Mapping[str, Any], columns: int) -> Any:
    """The classifier in a folder, which must give each text so many scores."""
    kind = find_classifier(name)
    try:
        options = check_settings(kind, values)
    except ValueError as error:
        raise UserError(at(folder / MANIFEST, None, f"{error}; {_OTHER}")) from None
    try:
        classifier = kind.load(folder, options)
        shape, finite = _try_out(classifier)
    except UserError:
        raise
    except Exception as error:  # libraries fail in many ways on files that are as they were saved, but never were right
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise UserError(at(folder, None, f"its weights cannot be used: {reason[:200]}; {_OTHER}")) from error
    if shape != (1, columns):
        raise UserError(at(folder, None, f"its weights give {shape[-1]} scores where the manifest needs {columns}; {_OTHER}"))
    if not finite:
        raise UserError(at(folder, None, f"its weights give scores that are no numbers; {_OTHER}"))
    return classifier


def _try_out(classifier: Classifier) -> tuple[tuple[int, ...], bool]:
    scores = classifier.predict_proba([_PROBE])
    return scores.shape, bool(np.isfinite(scores).all())


def _versions() -> dict[str, str]:
    versions = {"narratives": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # an extra that this model may not need
            continue
    return versions
