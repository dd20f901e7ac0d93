"""Somebody else's classifier: a class at `package.module:Class`, imported and looked at before anything relies on it."""

from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from narratives.errors import UserError, did_you_mean

_METHODS = ("fit", "predict_proba", "speed_up", "save", "load")


def is_place(name: str) -> bool:
    """Whether a name has the form `package.module:Class`; whether there is such a class is not looked at."""
    module, _, attribute = name.partition(":")
    return all(part.isidentifier() for part in [*module.split("."), attribute])


def import_class(name: str) -> Any:
    """The class at `package.module:Class`; `UserError` where it cannot be found or is no classifier.

    An error inside the module is its author's to see, with the traceback.
    """
    module, _, attribute = name.partition(":")
    if not is_place(name):
        raise UserError(f"classifier '{name}': write it as package.module:Class")
    try:
        place = import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        if module == missing or module.startswith(f"{missing}."):
            fix = "install its package here, or name its folder in PYTHONPATH"
            raise UserError(f"classifier '{name}': Python finds no module '{missing}'; {fix}") from None
        raise UserError(f"classifier '{name}': it imports '{missing}', which is not installed; install it here") from None
    if not hasattr(place, attribute):
        classes = [key for key, value in vars(place).items() if is_dataclass(value)]
        raise UserError(f"classifier '{name}': no '{attribute}' in {module}{did_you_mean(attribute, classes)}")
    kind = getattr(place, attribute)
    if lacking := _find_lacks(kind):
        raise UserError(f"classifier '{name}': it has no {', no '.join(lacking)}; see narratives.Classifier for what it needs")
    return kind


def _find_lacks(kind: Any) -> list[str]:
    if not isinstance(kind, type) or not is_dataclass(kind):
        return ["@dataclass that makes it a class of hyperparameters"]
    settings = [part.name for part in fields(kind) if part.init]
    lacking = [] if "seed" in settings else ["field 'seed'"]
    lacking += [f"method '{method}'" for method in _METHODS if not callable(getattr(kind, method, None))]
    return lacking + ([] if hasattr(kind, "inference") else ["property 'inference'"])
