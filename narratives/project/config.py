"""The question of a run: `experiments/<run>/config.toml`."""

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from narratives.classifiers import CLASSIFIERS, Classifier, find_classifier
from narratives.data import Objective
from narratives.errors import UserError, at, did_you_mean
from narratives.files import TomlFile, read_toml


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What to train and how to judge it."""

    run: str  # its folder's name
    classifier: str
    options: dict[str, Any]  # the classifier's hyperparameters as far as the file names them
    description: str = ""
    seed: int = 0
    resamples: int = 2000  # how often a comparison swaps the answers of two runs
    all_languages: bool = False  # raise also in languages in which the model failed its test
    further: tuple[Path, ...] = ()  # files of passages in no split that are tested on too; `Project.read_config` finds them
    background: tuple[Path, ...] = ()  # files of unlabelled texts of the feed; found likewise
    max_alarms: float | None = None  # share of background texts in which something may be raised
    objective: Objective = Objective.NARRATIVE  # what thresholds are for
    detail: int = 300  # characters, two sentences or three: parts in which windows are read once more; 0: only as a whole
    rarer: float = 1.0  # how many times rarer narratives are in the texts to be read than in the labelled ones
    cascade: bool = False  # let TF-IDF answer alone what carries nothing, where the gate lets it
    folds: int | None = None  # of the training passages, to set thresholds on; 0: none; `None`: as suits the classifier
    folds_held: int | None = None  # how many of these are scored, each by another training; `None`: all

    def make_classifier(self) -> Classifier:
        """The unfitted classifier that the config asks for."""
        make: Any = find_classifier(self.classifier)
        classifier: Classifier = make(**self.options, seed=self.seed)
        return classifier


_PATTERN = re.compile(r"(?!/|.*\.\.|.*:).+/[^/]*\.jsonl")  # a folder below, and files in it
_LARGEST_SEED = 2**32 - 1  # what numpy takes
_TOP = {"description": str, "seed": int}
_MOST_FOLDS = 20
_LEAST_DETAIL = 50  # characters: less than a sentence says nothing
_RAREST = 1000  # times
_PATHS = "paths"  # the kind of a list of patterns of files anywhere
_TABLES: dict[str, dict[str, Any]] = {
    "evaluation": {"resamples": int, "further_test": list, "all_languages": bool},
    "training": {"background": _PATHS},
    "reading": {"detail": int},
    "inference": {"cascade": bool},
    "thresholds": {"max_alarms": float, "objective": str, "folds": int, "folds_held": int, "rarer": float},
}


def read_config(path: Path) -> RunConfig:
    """Read and check a config; `UserError` lists every problem with its line."""
    file = read_toml(path)
    top = {key: value for key, value in file.values.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in file.values.items() if isinstance(value, dict)}
    problems = file.unknown_keys(tables, ["classifier", *_TABLES])
    problems += _check(file, "", top, _TOP)
    if not problems and top.get("seed", 0) > _LARGEST_SEED:
        problems.append(at(path, file.line(key="seed"), f"'seed' must be at most {_LARGEST_SEED}"))
    values = dict(top)
    for table, types in _TABLES.items():
        problems += _check(file, table, tables.get(table, {}), types)
        values |= tables.get(table, {})

    options = dict(tables.get("classifier", {}))
    name = options.pop("name", None)
    classifier = _find_class(file, name, problems)
    types = _list_settings(classifier)
    problems += _check(file, "classifier", options, types)
    if not problems:
        problems += _check_limits(file, classifier, options)
    if values.get("resamples", 1) == 0:
        problems.append(at(path, file.line("evaluation", key="resamples"), "'resamples' must be at least 1"))
    if _fits(values.get("detail"), int) and 0 < values["detail"] < _LEAST_DETAIL:
        reason = f"'detail' must be 0, for windows read as a whole only, or at least {_LEAST_DETAIL} characters"
        problems.append(at(path, file.line("reading", key="detail"), reason))
    problems += _check_thresholds(file, tables.get("thresholds", {}))
    problems += _check_cascade(file, name, options) if values.get("cascade") is True else []
    if problems:
        raise UserError(*problems)
    values["objective"] = Objective(values.get("objective", Objective.NARRATIVE))
    for patterns in ("further_test", "background"):
        values.pop(patterns, None)
    options = {key: _convert(value, types[key]) for key, value in options.items()}
    return RunConfig(run=path.parent.name, classifier=name, options=options, **values)


def _check_thresholds(file: TomlFile, values: dict[str, Any]) -> list[str]:
    """What is wrong in [thresholds] though it is of the right kind."""
    problems = {}
    max_alarms, objective, folds, held = (values.get(key) for key in ("max_alarms", "objective", "folds", "folds_held"))
    if _fits(max_alarms, float) and not 0 < cast(float, max_alarms) <= 1:
        problems["max_alarms"] = "'max_alarms' is a share: above 0, at most 1"
    if isinstance(objective, str) and objective not in list(Objective):
        problems["objective"] = f"'objective' must be {' or '.join(Objective)}{did_you_mean(objective, list(Objective))}"
    elif objective == Objective.ALARMS and max_alarms is None:
        problems["objective"] = 'objective = "alarms" needs max_alarms beside it, such as: max_alarms = 0.02'
    if _fits(folds, int) and cast(int, folds) not in (0, *range(2, _MOST_FOLDS + 1)):
        problems["folds"] = f"'folds' must be 0, for none, or 2 to {_MOST_FOLDS}"
    elif _fits(held, int) and not (_fits(folds, int) and 1 <= cast(int, held) <= cast(int, folds)):
        problems["folds_held"] = "'folds_held' is how many of the folds are scored: 1 to 'folds', which must stand beside it"
    if _fits(rarer := values.get("rarer"), float) and not 1 <= cast(float, rarer) <= _RAREST:
        problems["rarer"] = f"'rarer' must be 1 to {_RAREST}: how many times rarer narratives are where you look for them"
    return [at(file.path, file.line("thresholds", key=key), problem) for key, problem in problems.items()]


def _check_cascade(file: TomlFile, name: str, options: dict[str, Any]) -> list[str]:
    """Why this classifier can have no first stage; empty where it can."""
    if name == "tfidf":
        reason = "'cascade' lets TF-IDF spare an encoder its work, and tfidf has no encoder"
    elif "multilingual" in (name, options.get("sense")):
        reason = "'cascade' asks TF-IDF first, which knows no words of the languages that multilingual was not taught in"
    else:
        return []
    return [at(file.path, file.line("inference", key="cascade"), f"{reason}; take the line out")]


def list_further(file: TomlFile) -> list[str]:
    """The patterns of `further_test` in a config of which nothing else has to be right."""
    table = file.values.get("evaluation")
    patterns = table.get("further_test", []) if isinstance(table, dict) else []
    return list(patterns) if _fits(patterns, list) else []


def list_background(file: TomlFile) -> list[str] | None:
    """The patterns of `background` in a config; `None` where it names none, so that the project's own folder is taken."""
    table = file.values.get("training")
    patterns = table.get("background") if isinstance(table, dict) else None
    return list(patterns) if isinstance(patterns, list) and _fits(patterns, _PATHS) else None


def find_foreign(file: TomlFile) -> list[str]:
    """The class of another package that a config names, of which nothing else has to be right; nothing is imported."""
    table = file.values.get("classifier")
    name = table.get("name") if isinstance(table, dict) else None
    return [name] if isinstance(name, str) and ":" in name else []


def _find_class(file: TomlFile, name: Any, problems: list[str]) -> type[Classifier]:
    """The class that a config names; `UserError` with the line, after the `problems` that there are already."""
    line = file.line("classifier", key="name")
    if not isinstance(name, str) or (name not in CLASSIFIERS and ":" not in name):
        hint = did_you_mean(str(name or ""), CLASSIFIERS)
        problem = f"unknown classifier '{name}'{hint}" if name else f"[classifier] must have a name{hint}"
        raise UserError(*problems, at(file.path, line, problem))
    try:
        return find_classifier(name)
    except UserError as error:
        raise UserError(*problems, *(at(file.path, line, problem) for problem in error.problems)) from None


def _list_settings(classifier: type[Classifier]) -> dict[str, Any]:
    """The hyperparameters that a config may set, with their types; the seed stands elsewhere."""
    hints = get_type_hints(classifier)
    names = [part.name for part in fields(cast(Any, classifier)) if part.init and part.name != "seed"]
    return {name: _without_none(hints[name]) for name in names}


def _without_none(kind: Any) -> Any:
    """`str | None` as `str`: TOML knows no null, so a config leaves the setting out instead."""
    kinds = [part for part in get_args(kind) if part is not NoneType]
    return kinds[0] if get_origin(kind) in (Union, UnionType) and len(kinds) == 1 else kind


def _check(file: TomlFile, table: str, values: dict[str, Any], types: dict[str, Any]) -> list[str]:
    problems = file.unknown_keys(values, list(types), table)
    for key, value in values.items():
        if key in types and types[key] not in _WORDS:
            problem = f"'{key}' is of type {types[key]}, which a config cannot set; make it int, float, str, bool or (int, int)"
            problems.append(at(file.path, file.line(table, key=key), problem))
        elif key in types and not _fits(value, types[key]):
            problems.append(at(file.path, file.line(table, key=key), f"'{key}' must be {_WORDS[types[key]]}"))
    return problems


def _check_limits(file: TomlFile, classifier: Any, options: dict[str, Any]) -> list[str]:
    problems = []
    for key, value in options.items():
        limits = classifier.__dataclass_fields__[key].metadata
        least, most = limits.get("least", 0), limits.get("most", math.inf)
        if isinstance(value, list) and not 1 <= value[0] <= value[1]:
            problem = f"'{key}' must be two numbers, 1 or more, the smaller first"
        elif isinstance(value, str) and (among := limits.get("among")) and value not in among:
            problem = f"'{key}' must be {' or '.join(among)}{did_you_mean(value, among)}"
        elif isinstance(value, int | float) and not least <= value <= most:
            problem = f"'{key}' must be at least {least}" + (f" and at most {most}" if most < math.inf else "")
        else:
            continue
        problems.append(at(file.path, file.line("classifier", key=key), problem))
    return problems


_WORDS = {
    _PATHS: 'patterns of files, such as ["feed/*.parquet"]',
    int: "a whole number, 0 or more",
    float: "a number, 0 or more",
    str: "a text",
    bool: "true or false",
    tuple[int, int]: "two numbers in brackets",
    list: 'patterns of files below labels/, such as ["languages/*.jsonl"]',
}


def _fits(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == _PATHS:
        return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) and _PATTERN.fullmatch(item) for item in value)
    if kind in (str, bool):
        return isinstance(value, kind)
    return isinstance(value, list) and len(value) == 2 and all(_fits(item, int) for item in value)


def _convert(value: Any, kind: Any) -> Any:
    return tuple(value) if isinstance(value, list) else float(value) if kind is float else value
