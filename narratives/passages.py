"""Read the labelled passages of a project, or say in one go everything that is wrong with them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.codebook import Codebook
from narratives.data import Labels, Passage, Stance, multi_hot
from narratives.errors import UserError, at, did_you_mean
from narratives.records import BadRecord, read_records

_KNOWN = ("id", "text", "narratives", "document", "language", "source")
_STANCES = [stance.value for stance in Stance]


class _Wrong(Exception):
    """What is wrong with one passage; the caller adds the place."""


def read_passages(folder: Path, codebook: Codebook) -> list[Passage]:
    """All passages of the `*.jsonl` files in `folder`, files in the order of their names.

    Raises `UserError` with every problem in every file, a line each.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UserError(at(folder, None, "no passages; write them to passages.jsonl, one JSON object a line"))
    passages: list[Passage] = []
    problems: list[str] = []
    first: dict[str, str] = {}
    for path in files:
        try:
            for record in read_records(path):
                place = f"{path}:{record.line}"
                if isinstance(record, BadRecord):
                    problems.append(f"{place}: {record.reason}")
                    continue
                try:
                    passage = parse_passage(record.values, codebook, place)
                except _Wrong as wrong:
                    problems.append(f"{place}: {wrong}")
                    continue
                if passage.id in first:
                    problems.append(f"{place}: id '{passage.id}' was used at {first[passage.id]}; ids must be unique")
                first.setdefault(passage.id, place)
                passages.append(passage)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    if not passages:
        raise UserError(at(files[0], None, "no passages in it; write one JSON object a line"))
    return passages


def parse_passage(values: dict[str, Any], codebook: Codebook, place: str) -> Passage:
    """A passage from a JSON object. `document` defaults to the id: a passage that stands alone."""
    id_ = _text(values, "id", required=True)
    return Passage(
        id=id_,
        text=_text(values, "text", required=True),
        narratives=_parse_labels(values.get("narratives"), codebook),
        document=_text(values, "document") or id_,
        language=_text(values, "language") or "und",
        source=_text(values, "source"),
        extras={key: value for key, value in values.items() if key not in _KNOWN},
        place=place,
    )


def gold_matrix(passages: Sequence[Passage], ids: Sequence[str]) -> NDArray[np.bool_]:
    """Gold labels of shape (passages, len(ids)), columns in the order of `ids`."""
    return multi_hot([passage.narratives or {} for passage in passages], ids)


def digest_passages(passages: Sequence[Passage]) -> str:
    """SHA-256 of ids, texts, documents and labels, whatever the order."""
    rows = sorted(json.dumps([p.id, p.text, p.document, p.narratives], sort_keys=True) for p in passages)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _text(values: dict[str, Any], key: str, required: bool = False) -> str:
    value = values.get(key)
    if value is None and not required:
        return ""
    if key not in values:
        raise _Wrong(f"no '{key}'; add it{did_you_mean(key, values) if values else ''}")
    if not isinstance(value, str):
        raise _Wrong(f"'{key}' must be a text in quotes, not {json.dumps(value)[:40]}")
    if required and not value.strip():
        raise _Wrong(f"'{key}' is empty; fill it in or delete the line")
    return value


def _parse_labels(value: Any, codebook: Codebook) -> Labels | None:
    if value is None:
        return None
    if isinstance(value, list):
        if len({str(id_) for id_ in value}) < len(value):
            raise _Wrong("'narratives' names a narrative twice; keep one")
        value = {id_ if isinstance(id_, str) else json.dumps(id_): None for id_ in value}
    if not isinstance(value, dict):
        raise _Wrong(f"'narratives' must be an object or a list of ids, not {json.dumps(value)[:40]}")
    labels: Labels = {}
    for id_, stance in value.items():
        if id_ not in codebook.ids:
            raise _Wrong(f"unknown narrative '{id_}'{did_you_mean(id_, codebook.ids)}")
        if stance is not None and stance not in _STANCES:
            hint = did_you_mean(str(stance), _STANCES)
            raise _Wrong(f"'{id_}': stance {json.dumps(stance)} is not known{hint}")
        labels[id_] = None if stance is None else Stance(stance)
    return labels
