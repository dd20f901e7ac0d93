"""Predictions on disk: one JSON object a line, each naming the model and the codebook it came from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from narratives.codebook import Codebook
from narratives.data import Prediction, Stance
from narratives.errors import UserError, at, did_you_mean
from narratives.files import write_text
from narratives.records import BadRecord, read_records


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


def read_predictions(path: Path, codebook: Codebook) -> list[Prediction]:
    """Read predictions made with this codebook; `UserError` lists every bad line."""
    predictions, problems = [], []
    for record in read_records(path):
        try:
            if isinstance(record, BadRecord):
                _fail(record.reason)
            predictions.append(_parse(record.values, codebook))
        except ValueError as error:
            problems.append(at(path, record.line, str(error)))
    if problems:
        raise UserError(*problems)
    return predictions


def _parse(values: dict[str, Any], codebook: Codebook) -> Prediction:
    if values.get("codebook", codebook.digest[:12]) != codebook.digest[:12]:
        _fail("made with another codebook; run the model again: narratives evaluate")
    id_, scores, labels = values.get("id"), values.get("scores"), values.get("narratives")
    if not isinstance(id_, str) or not isinstance(scores, dict) or not isinstance(labels, dict):
        _fail("a prediction needs 'id' (text), 'scores' (object) and 'narratives' (object)")
    for name in (*scores, *labels):
        if name not in codebook.ids:
            _fail(f"unknown narrative '{name}'{did_you_mean(name, codebook.ids)}")
    if set(scores) != set(codebook.ids) or not all(_is_score(score) for score in scores.values()):
        _fail("'scores' must give every narrative a number from 0 to 1")
    try:
        stances = {name: None if stance is None else Stance(stance) for name, stance in labels.items()}
    except ValueError:
        _fail("'narratives' must map ids to asserts, reports, rebuts or null")
    return Prediction(id_, scores, stances)


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _fail(reason: str) -> NoReturn:
    raise ValueError(reason)
