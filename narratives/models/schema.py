"""What a manifest must hold for a model to be made of it."""

import math
from collections.abc import Callable
from dataclasses import MISSING, fields
from itertools import pairwise
from typing import Any

from narratives.classifiers import CLASSIFIERS, is_place
from narratives.data import Narrative, Objective
from narratives.errors import did_you_mean
from narratives.models.calibration import Curve
from narratives.models.cascade import Trial
from narratives.models.parity import Parity
from narratives.models.purposes import Choice, Tuning, Wishes

_TYPES: dict[str, tuple[type, str]] = {
    "run": (str, "a text"),
    "classifier": (str, "a text"),
    "hyperparameters": (dict, "an object"),
    "calibration": (dict, "an object"),
    "thresholds": (dict, "an object"),
    "window": (int, "a whole number"),
    "stances": (bool, "true or false"),
    "inference": (dict, "an object"),
    "training": (dict, "an object"),
    "files": (dict, "an object"),
    "codebook": (dict, "an object"),
}
_METHODS = ("identity", "sigmoid", "isotonic")


def find_fault(manifest: dict[str, Any]) -> str:
    """What is wrong with a manifest of this format, the first thing only; empty where nothing is."""
    for key, (kind, words) in _TYPES.items():
        if key not in manifest:
            return f"has no '{key}'"
        if not _is(manifest[key], kind):
            return f"'{key}' must be {words}"
    checks: list[Callable[[dict[str, Any]], str]] = [
        _check_codebook, _check_cuts, _check_tuning, _check_prior, _check_inference, _check_cascade, _check_files, _check_rest,
    ]  # fmt: skip
    return next((fault for check in checks if (fault := check(manifest))), "")


def _check_codebook(manifest: dict[str, Any]) -> str:
    codebook = manifest["codebook"]
    entries = codebook.get("narratives")
    if not all(_is(codebook.get(key), str) for key in ("name", "version")) or not _is_texts(codebook.get("rules")):
        return "its codebook must have a name, a version and rules"
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        return "its codebook must have narratives"
    for entry in entries:
        if unknown := sorted(entry.keys() - {field.name for field in fields(Narrative)}):
            return f"its codebook has a narrative with an unknown '{unknown[0]}'"
        for field in fields(Narrative):
            text = field.type in (str, str | None)
            value = entry.get(field.name, None if field.default is MISSING else field.default)
            if not (_is(value, str) or (value is None and field.default is None) if text else _is_texts(value)):
                return f"its codebook has a narrative whose '{field.name}' is no {'text' if text else 'list of texts'}"
    if len({entry["id"] for entry in entries}) < len(entries):
        return "its codebook has two narratives with one id"
    return ""


def _check_cuts(manifest: dict[str, Any]) -> str:
    """Calibration and thresholds."""
    ids = [entry["id"] for entry in manifest["codebook"]["narratives"]]
    for key in ("calibration", "thresholds"):
        if list(manifest[key]) != ids:
            return f"'{key}' must name the narratives of its codebook, in their order"
    for id_, threshold in manifest["thresholds"].items():
        if not _is_number(threshold):
            return f"the threshold of '{id_}' is no number"
    for id_, curve in manifest["calibration"].items():
        if not _is_curve(curve):
            return f"the calibration of '{id_}' is none"
    return ""


def _check_tuning(manifest: dict[str, Any]) -> str:
    """What thresholds rest on; a model of before it was written down has nothing of it."""
    tuning = manifest.get("tuning", {})
    ids = [entry["id"] for entry in manifest["codebook"]["narratives"]]
    if not tuning:
        return "" if isinstance(tuning, dict) else "'tuning' must be an object"
    if not isinstance(tuning, dict) or tuning.keys() != {field.name for field in fields(Tuning)}:
        return f"'tuning' must hold {', '.join(field.name for field in fields(Tuning))}"
    if not all(_is(tuning[key], int) and tuning[key] >= 0 for key in ("folds", "train", "validation")):
        return "'tuning' must count in whole numbers"
    wishes, choices = tuning["wishes"], tuning["choices"]
    names = {field.name for field in fields(Wishes)}
    complete = isinstance(wishes, dict) and {*wishes, "rarer", "folds_held"} == names
    if not complete or wishes["objective"] not in list(Objective):
        return "'tuning' does not say what was wished for"
    held = wishes.get("folds_held", 1)
    if not _is(held, int) or held < 1:
        return "'tuning' must say how many folds were scored in a whole number"
    if not _is_number(wishes.get("rarer", 1)) or wishes.get("rarer", 1) < 1:
        return "'tuning' must say how many times rarer narratives are in the texts to be read"
    for choice in choices.values() if isinstance(choices, dict) else [None]:
        if not isinstance(choice, dict) or choice.keys() != {field.name for field in fields(Choice)}:
            return "'tuning' has a choice that is none"
        figures, thresholds = [choice[key] for key in ("micro_f1", "macro_f1", "alarms")], choice["thresholds"]
        if not isinstance(thresholds, dict) or list(thresholds) != ids or not all(map(_is_number, thresholds.values())):
            return "'tuning' must have a threshold for each narrative of its codebook, in their order"
        if not all(figure is None or _is_number(figure) for figure in figures):
            return "'tuning' has a figure that is no number"
    return ""


def _is_curve(curve: Any) -> bool:
    if not isinstance(curve, dict) or curve.keys() != {field.name for field in fields(Curve)}:
        return False
    knots = curve["knots"]
    if curve["method"] not in _METHODS or not isinstance(knots, list) or not all(_is_numbers(knot, 2) for knot in knots):
        return False
    rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(knots))
    enough = bool(knots) or curve["method"] != "isotonic"
    return _is_number(curve["slope"]) and curve["slope"] >= 0 and _is_number(curve["intercept"]) and rising and enough


def _check_prior(manifest: dict[str, Any]) -> str:
    prior, ids = manifest.get("prior", {}), {entry["id"] for entry in manifest["codebook"]["narratives"]}
    if not isinstance(prior, dict) or not prior.keys() <= ids:
        return "'prior' must name narratives of its codebook"
    if not all(_is_numbers(three, 3) and 0 < three[0] <= 1 for three in prior.values()):
        return "'prior' must have three numbers for each narrative, the first above 0 and at most 1"
    return ""


def _check_inference(manifest: dict[str, Any]) -> str:
    inference = manifest["inference"]
    tried = inference.get("tried", [])
    names = {field.name for field in fields(Parity)}
    if not inference:
        return ""
    if inference.keys() != {"inference", "tried", "note"} or not isinstance(tried, list):
        return "'inference' must hold 'inference', 'tried' and 'note'"
    if not all(isinstance(trial, dict) and trial.keys() == names for trial in tried):
        return f"each of what was tried for inference must hold {', '.join(sorted(names))}"
    return ""


def _check_cascade(manifest: dict[str, Any]) -> str:
    """What was tried for a first stage, and that stage where one passed; a model without has nothing of it."""
    cascade, ids = manifest.get("cascade", {}), [entry["id"] for entry in manifest["codebook"]["narratives"]]
    if not cascade:
        return "" if isinstance(cascade, dict) else "'cascade' must be an object"
    if not isinstance(cascade, dict) or cascade.keys() != {"first", "trials"} or not isinstance(cascade["first"], dict):
        return "'cascade' must hold 'first' and 'trials'"
    names, trials = {field.name for field in fields(Trial)}, cascade["trials"]
    if not isinstance(trials, list) or not trials or not all(_is(trial, dict) and trial.keys() == names for trial in trials):
        return f"'cascade' must have trials, each with {', '.join(sorted(names))}"
    figures = [trial[name] for trial in trials for name in names - {"refused"}]
    if not all(_is(trial["refused"], str) for trial in trials) or not all(_is_number(n) and n >= 0 for n in figures):
        return "'cascade' has a trial whose figures are none"
    return _check_first(cascade["first"], ids) if cascade["first"] else ""


def _check_first(first: dict[str, Any], ids: list[str]) -> str:
    if first.keys() != {"margin", "bounds", "calibration"} or not _is_number(first["margin"]) or first["margin"] < 0:
        return "its first stage must have a margin of 0 or more, bounds and a calibration"
    bounds, curves = first["bounds"], first["calibration"]
    if not isinstance(bounds, dict) or not bounds.keys() <= set(ids) or not all(map(_is_number, bounds.values())):
        return "the bounds of its first stage must be numbers, of narratives of its codebook"
    if not isinstance(curves, dict) or list(curves) != ids or not all(map(_is_curve, curves.values())):
        return "its first stage must have a calibration for each narrative of its codebook, in their order"
    return ""


def _check_files(manifest: dict[str, Any]) -> str:
    files = manifest["files"]
    if not files:
        return "'files' names no file, so nothing vouches for its weights"
    return "" if all(_is(digest, str) for digest in files.values()) else "'files' must give the sha256 of each file"


def _check_rest(manifest: dict[str, Any]) -> str:
    name = manifest["classifier"]
    if ":" in name and not is_place(name):
        return f"classifier '{name}' is no package.module:Class"
    if ":" not in name and name not in CLASSIFIERS:
        return f"unknown classifier '{name}'{did_you_mean(name, CLASSIFIERS)}"
    if manifest["window"] < 1:
        return "'window' must be at least 1"
    if not _is(detail := manifest.get("detail", 0), int) or detail < 0:
        return "'detail' must be a whole number, 0 or more"
    languages = manifest["training"].get("languages", {})
    if not isinstance(languages, dict) or not all(_is(count, int) and count >= 0 for count in languages.values()):
        return "'languages' of its training must be whole numbers"
    return ""


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(map(_is_number, value))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
