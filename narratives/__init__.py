"""Tell which propaganda narratives a text carries, how it stands to them, and how far to trust the answer.

    import narratives

    model = narratives.load_model("trams/models/tfidf")
    answers = model.classify(["The fare rises again, and for nothing."])
    answers[0].narratives

What is public stands in `__all__`; each name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narratives import field
    from narratives.annotation import Suggestion
    from narratives.classifiers import Classifier, SklearnClassifier, setting
    from narratives.data import Codebook, Narrative, Passage, Prediction, Stance
    from narratives.door import Project, Result, compare, evaluate
    from narratives.errors import UserError
    from narratives.evaluation import Comparison, Figure
    from narratives.labels import Corpus, Part, read_codebook
    from narratives.models import Answers, Model, load_model

__version__: str

__all__ = [
    "Answers",
    "Classifier",
    "Codebook",
    "Comparison",
    "Corpus",
    "Figure",
    "Model",
    "Narrative",
    "Part",
    "Passage",
    "Prediction",
    "Project",
    "Result",
    "SklearnClassifier",
    "Stance",
    "Suggestion",
    "UserError",
    "compare",
    "evaluate",
    "field",
    "load_model",
    "read_codebook",
    "setting",
]

_ROOMS = {
    "annotation": ["Suggestion"],
    "classifiers": ["Classifier", "SklearnClassifier", "setting"],
    "data": ["Codebook", "Narrative", "Passage", "Prediction", "Stance"],
    "door": ["Project", "Result", "compare", "evaluate"],
    "errors": ["UserError"],
    "evaluation": ["Comparison", "Figure"],
    "labels": ["Corpus", "Part", "read_codebook"],
    "models": ["Answers", "Model", "load_model"],
}
_MODULES = ["field"]  # a room that is public by its own name
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, from its room: nothing heavy is imported before."""
    if name == "__version__":
        return _find_version()
    if name in _MODULES:
        return import_module(f"narratives.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'narratives' has no attribute '{name}'")
    return getattr(import_module(f"narratives.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _find_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # costs more than all the rest

    try:
        return version("narratives")
    except PackageNotFoundError:  # the source tree without an installation
        return "0+uninstalled"
