"""What every classifier is, and where each one lives: here, by a line in `CLASSIFIERS`, or in somebody's own package."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from importlib import import_module
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Any, Protocol, Self, cast

import numpy as np

from narratives.classifiers.foreign import import_class
from narratives.data import Scores, Targets, Texts
from narratives.errors import UserError, did_you_mean
from narratives.progress import Progress

CLASSIFIERS = {
    "tfidf": "narratives.classifiers.tfidf.classifier:TfidfClassifier",
    "transformer": "narratives.classifiers.transformer.classifier:TransformerClassifier",
    "multilingual": "narratives.classifiers.multilingual.classifier:MultilingualClassifier",
    "blend": "narratives.classifiers.blend:BlendClassifier",
}
# What a classifier imports from the extra that bears its name. The blend needs what its parts do.
_NEEDS = {
    "transformer": ("torch", "transformers", "datasets", "safetensors"),
    "multilingual": ("torch", "transformers", "datasets", "onnx", "onnxruntime", "py3langid"),
}


class Classifier(Protocol):
    """A dataclass whose fields are its hyperparameters; constructing one loads nothing, fitted state ends in `_`.

    It sees texts and arrays only: no codebook, no thresholds, no files but its own folder. One of your own is named in a
    config by its place, `name = "mypackage.module:Class"`; `narratives.testing` says whether it keeps the contract.

    >>> from narratives.testing import check_classifier
    >>> from narratives.classifiers import TfidfClassifier
    >>> check_classifier(TfidfClassifier)
    """

    seed: int

    @property
    def inference(self) -> str:
        """What computes the scores, such as "torch"."""
        ...

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn from `texts` and `y`. What can be interrupted keeps its state in `checkpoint` and goes on from there.

        The labels of `validation` may lack the last columns of `y`: settings are chosen for those that are there.
        """
        ...

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (len(texts), narratives). A text's scores do not depend on the other texts."""
        ...

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Try faster ways to the same scores, fastest first, and keep the first that `accept(inference)` takes, or none.

        While `accept` runs, `predict_proba` computes in the way it is to judge. `samples` are a few dozen training texts.
        Says why there was nothing, or nothing more, to try; else the empty string.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write everything that `load` needs into an existing folder; no pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier; `hyperparameters` are those it was made with."""
        ...


def find_classifier(name: str) -> type[Classifier]:
    """The class of a name in `CLASSIFIERS`, or at `package.module:Class`; imported only now, since some are heavy."""
    if ":" in name:
        return cast(type[Classifier], import_class(name))
    if name not in CLASSIFIERS:
        raise UserError(f"unknown classifier '{name}'{did_you_mean(name, CLASSIFIERS)}")
    if lacking := [package for package in _NEEDS.get(name, ()) if find_spec(package) is None]:
        raise UserError(f"'{name}' needs {', '.join(lacking)}; install narratives with its extra: pip install '.[{name}]'")
    module, _, attribute = CLASSIFIERS[name].partition(":")
    return cast(type[Classifier], getattr(import_module(module), attribute))


def setting(default: Any, least: float = 0, most: float = inf, among: tuple[str, ...] = ()) -> Any:
    """A hyperparameter that a config may only set from `least` to `most`, or to one of the texts in `among`.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Mine(narratives.SklearnClassifier):
    ...     C: float = narratives.setting(1.0, least=1e-6)
    >>> Mine().C
    1.0
    """
    return field(default=default, metadata={"least": least, "most": most, "among": among})


def hyperparameters(classifier: Classifier) -> dict[str, Any]:
    """The constructor's arguments, in order."""
    return {part.name: getattr(classifier, part.name) for part in fields(cast(Any, classifier)) if part.init}


def check_settings(kind: type[Classifier], values: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as a trip through JSON left them, made ready for `kind.load`; `ValueError` says which cannot be.

    Those that are lacking get their defaults: an older version may not have had them.
    """
    parts = {part.name: part for part in fields(cast(Any, kind)) if part.init}
    settings = {}
    for name, value in values.items():
        if name not in parts:
            raise ValueError(f"unknown hyperparameter '{name}'{did_you_mean(name, parts)}")
        settings[name] = tuple(value) if isinstance(value, list) else value
        if not _is_like(settings[name], parts[name].default, parts[name].metadata):
            raise ValueError(f"hyperparameter '{name}' cannot be {str(value)[:40]}")
    return settings


def check_finite(arrays: Mapping[str, Any]) -> None:
    """`ValueError` names an array of weights in which something is no number."""
    for name, array in arrays.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise ValueError(f"'{name}' holds what is no number")


def _is_like(value: Any, default: Any, limits: Mapping[str, Any]) -> bool:
    if default is None or default is MISSING:  # of somebody else's class: nothing says what it takes
        return value is None or isinstance(value, bool | int | float | str | tuple)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, tuple):
        pair = isinstance(value, tuple) and len(value) == len(default) == 2
        return pair and all(type(item) is int for item in value) and 1 <= value[0] <= value[1]
    if isinstance(default, str):
        return isinstance(value, str) and (not limits.get("among") or value in limits["among"])
    if not isinstance(default, int | float):
        return True  # of somebody's own classifier, which knows what it may be
    kinds = int if isinstance(default, int) else (int, float)
    return isinstance(value, kinds) and limits.get("least", 0) <= value <= limits.get("most", inf) and value < inf
