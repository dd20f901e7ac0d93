"""Predictions on disk: ours, and those of any other program or person."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from narratives.codebook import Codebook
from narratives.data import Labels, Prediction, Stance
from narratives.errors import UserError, at, did_you_mean
from narratives.files import write_text
from narratives.records import BadRecord, read_records

_YES, _NO = {"1", "1.0", "true", "yes", "x"}, {"", "0", "0.0", "false", "no"}
_SHOWN = 50  # bad lines listed


def to_row(prediction: Prediction, run: str, codebook: Codebook) -> dict[str, Any]:
    """A prediction as plain data. `run` and `codebook` let a row be traced after files were joined or shuffled."""
    return {
        "id": prediction.id,
        "narratives": prediction.narratives,
        "scores": prediction.scores,
        "run": run,
        "codebook": codebook.digest[:12],
    }


def write_predictions(path: Path, predictions: Sequence[Prediction], run: str, codebook: Codebook) -> None:
    """Write all predictions, or nothing."""
    rows = (json.dumps(to_row(prediction, run, codebook), ensure_ascii=False) for prediction in predictions)
    write_text(path, "\n".join(rows) + "\n")


def read_predictions(path: Path, codebook: Codebook) -> Iterator[Prediction]:
    """Stream predictions from JSONL, CSV or Parquet; at the end `UserError` lists every bad line (the first 50).

    Labels come as `narratives` (an object, a list, or a text with `;` between ids) or as a column of 0 and 1 for each
    narrative. Scores, for every narrative or for none, come as an object `scores` or as columns `score.<id>`.
    """
    problems: list[str] = []
    for record in read_records(path):
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


def _parse(values: dict[str, Any], codebook: Codebook) -> Prediction:
    if values.get("codebook", codebook.digest[:12]) != codebook.digest[:12]:
        _fail("made with another codebook; run the model again: narratives evaluate")
    if not isinstance(id_ := values.get("id"), str) or not id_:
        hint = " (in lower case)" if "id" not in values and "id" in [key.lower() for key in values] else ""
        _fail(f"a prediction needs an 'id', a text{hint}")
    return Prediction(id_, _parse_scores(values, codebook), parse_labels(values, codebook))


def parse_labels(values: dict[str, Any], codebook: Codebook) -> Labels:
    """Labels in any of the forms that `read_predictions` takes; `ValueError` says what is wrong."""
    labels = values.get("narratives")
    if isinstance(labels, str):
        labels = _parse_text(labels)
    if "narratives" not in values:
        lacking = [id_ for id_ in codebook.ids if id_ not in values]
        if len(lacking) == len(codebook.ids):
            _fail("no labels; add 'narratives', or a column of 0 and 1 for each narrative")
        if lacking:  # misspelt, it would count as never raised
            _fail(f"no column '{lacking[0]}', though other narratives have one; add it or check its spelling")
        labels = [id_ for id_ in codebook.ids if _is_yes(id_, values[id_])]
    if isinstance(labels, list):
        labels = {id_ if isinstance(id_, str) else json.dumps(id_): None for id_ in labels}
    if not isinstance(labels, dict):
        _fail("'narratives' must be an object, a list of ids, or ids with ';' between them")
    for name in labels:
        if name not in codebook.ids:
            _fail(f"unknown narrative '{name}'{did_you_mean(name, codebook.ids)}")
    try:
        return {name: None if stance is None else Stance(stance) for name, stance in labels.items()}
    except ValueError:
        _fail("'narratives' must map ids to asserts, reports, rebuts or null")


def _parse_text(text: str) -> Any:
    if text.strip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            _fail(f"'narratives' is broken JSON: {error.msg}")
    return [id_.strip() for id_ in text.replace(",", ";").split(";") if id_.strip()]


def _is_yes(id_: str, value: Any) -> bool:
    plain = "" if value is None else str(value).strip().lower()
    if plain not in _YES | _NO:
        _fail(f"column '{id_}' holds {value!r}; write 1 where the narrative is raised and 0 where not")
    return plain in _YES


def _parse_scores(values: dict[str, Any], codebook: Codebook) -> dict[str, float]:
    scores = values.get("scores")
    if scores is None:
        scores = {key.removeprefix("score."): value for key, value in values.items() if key.startswith("score.")}
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
