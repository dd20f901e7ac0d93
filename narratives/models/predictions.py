"""Predictions on disk: ours, and those of any other program or person."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from narratives.data import Codebook, Labels, Prediction
from narratives.errors import UserError, at, did_you_mean, show
from narratives.files import BadRecord, Record, count_id, read_records, write_text
from narratives.labels import (
    fold_name,
    fold_names,
    is_semeval,
    is_yes,
    join_stance,
    read_labels,
    read_semeval,
    split_stance,
    split_text,
)

_SHOWN = 50  # bad lines listed


def to_row(prediction: Prediction, run: str, codebook: Codebook) -> dict[str, Any]:
    """A prediction as plain data. `run` and `codebook` let a row be traced after files were joined or shuffled."""
    return {
        "id": prediction.id,
        "narratives": prediction.narratives,
        "spans": prediction.spans,
        "scores": prediction.scores,
        "run": run,
        "codebook": codebook.digest[:12],
    }


def write_predictions(path: Path, predictions: Sequence[Prediction], run: str, codebook: Codebook) -> None:
    """Write all predictions, or nothing."""
    rows = (json.dumps(to_row(prediction, run, codebook), ensure_ascii=False) for prediction in predictions)
    write_text(path, "\n".join(rows) + "\n")


def digest_predictions(path: Path) -> str:
    """A digest of a file of predictions, whatever the order of its lines."""
    return hashlib.sha256(b"\n".join(sorted(path.read_bytes().splitlines()))).hexdigest()


def read_predictions(path: Path, codebook: Codebook, encoding: str = "") -> Iterator[Prediction]:
    """Stream predictions from JSONL, CSV or Parquet; at the end `UserError` lists every bad line (the first 50).

    Labels come as `narratives` (an object, a list, or a text with `;` between ids) or as a column of 0 and 1 for each
    narrative, or in SemEval's form. Scores, for every narrative or for none, come as an object `scores` or as columns
    `score_<id>` (or `score.<id>`).
    """
    problems: list[str] = []
    for record in _read(path, codebook, encoding):
        try:
            if isinstance(record, BadRecord):
                _fail(record.reason)
            yield _parse(record.values, codebook)
        except ValueError as error:
            problems.append(at(path, record.line, str(error)))
            if len(problems) >= _SHOWN:
                break
    if problems:
        raise UserError(*problems)


def _read(path: Path, codebook: Codebook, encoding: str) -> Iterator[Record | BadRecord]:
    if is_semeval(path, encoding):
        return read_semeval(path, codebook, encoding)
    return read_records(path, encoding=encoding)


def _parse(values: dict[str, Any], codebook: Codebook) -> Prediction:
    if values.get("codebook", codebook.digest[:12]) != codebook.digest[:12]:
        _fail("made with another codebook; run the model again: narratives evaluate")
    if not isinstance(id_ := count_id(values.get("id")), str) or not id_:
        hint = " (in lower case)" if "id" not in values and "id" in [key.lower() for key in values] else ""
        _fail(f"a prediction needs an 'id', a text{hint}")
    return Prediction(id_, _parse_scores(values, codebook), parse_labels(values, codebook))


def parse_labels(values: dict[str, Any], codebook: Codebook) -> Labels:
    """Labels in any of the forms that `read_predictions` takes; `ValueError` says what is wrong."""
    labels = values.get("narratives")
    if isinstance(labels, str):
        labels = split_text(labels)
    if "narratives" not in values:
        lacking = [id_ for id_ in codebook.ids if id_ not in values]
        if len(lacking) == len(codebook.ids):
            _fail("no labels; add 'narratives', or a column of 0 and 1 for each narrative" + _hint_column(values, codebook))
        if lacking:  # misspelt, it would count as never raised
            hint = did_you_mean(lacking[0], [key for key in values if key not in codebook.ids]).partition("; known")[0]
            _fail(f"no column '{lacking[0]}', though other narratives have one{hint}; add it or check its spelling")
        labels = [id_ for id_ in codebook.ids if is_yes(id_, values[id_])]
    if isinstance(labels, list) and values.get("stances") is not None:
        labels = _add_stances(labels, values["stances"])
    if labels is None:
        _fail("'narratives' is null; leave out what nobody has labelled, write [] where nothing is carried")
    if not isinstance(labels, (dict, list)):
        _fail("'narratives' must be an object, a list of ids, or ids with ';' between them")
    problems: list[str] = []
    parsed = read_labels(labels, codebook.ids, problems.append)
    if problems:
        _fail("; ".join([*problems, *_hint_titles(labels, codebook)]))
    return parsed or {}


def _hint_column(values: dict[str, Any], codebook: Codebook) -> str:
    """What to rename where labels stand under another name than the one that is read; else empty."""
    if isinstance(values.get("data"), dict) or "annotations" in values:
        return "; this is another tool's export: take it into a project (labels import) and write it out (labels export)"
    for key in values:
        if key.strip().lower() in ("narratives", "narrative", "labels", "label"):
            return f"; if '{show(key)}' holds them, name it 'narratives'"
    wrong = [(key, id_) for key in values for id_ in codebook.ids if fold_name(key) == fold_name(id_)]
    return f"; '{show(wrong[0][0])}' must be written '{wrong[0][1]}'" if wrong else ""


def _hint_titles(labels: Iterable[Any], codebook: Codebook) -> Iterator[str]:
    """For labels that are titles, the ids that they must be."""
    titles = fold_names((narrative.title, narrative.id) for narrative in codebook.narratives)
    for word in map(str, labels):
        if id_ := titles.get(fold_name(split_stance(word)[0])):
            yield f"'{show(word)}' is a title, write its id: '{id_}'"


def _add_stances(labels: list[Any], stances: Any) -> list[Any]:
    if isinstance(stances, str):
        stances = stances.split(";") if labels else []
    if not isinstance(stances, list) or len(stances) != len(labels):
        _fail("'stances' must have one entry for each of 'narratives', empty where it is unknown")
    return [join_stance(str(label), stance or None) for label, stance in zip(labels, stances, strict=True)]


def _parse_scores(values: dict[str, Any], codebook: Codebook) -> dict[str, float]:
    scores = values.get("scores")
    if scores is None:
        scores = {id_: values[f"score_{id_}"] for id_ in codebook.ids if f"score_{id_}" in values}
        scores |= {key.removeprefix("score."): value for key, value in values.items() if key.startswith("score.")}
    if not isinstance(scores, dict):
        _fail("'scores' must be an object")
    for name in scores:
        if name not in codebook.ids:
            _fail(f"unknown narrative '{name}' in the scores{did_you_mean(name, codebook.ids)}")
    if not scores:
        return {}
    numbers = {name: _to_number(score) for name, score in scores.items()}
    if set(scores) != set(codebook.ids) or not all(0 <= number <= 1 for number in numbers.values()):
        _fail("the scores must give every narrative a number from 0 to 1")
    return numbers


def _to_number(value: Any) -> float:
    if isinstance(value, bool):
        return -1.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return -1.0  # out of range, which is refused with the rest


def _fail(reason: str) -> NoReturn:
    raise ValueError(reason)
