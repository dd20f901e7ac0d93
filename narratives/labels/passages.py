"""Read the labelled passages of a project, or say in one go everything that is wrong with them."""

import hashlib
import json
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Passage, Place, multi_hot
from narratives.errors import UserError, at, did_you_mean
from narratives.files import BadRecord, read_records
from narratives.labels.notation import Tell, has_control, read_labels

_OWN_FIELDS = ("id", "text", "narratives", "document", "language", "source")


def read_passages(folder: Path, codebook: Codebook) -> list[Passage]:
    """All passages of the `*.jsonl` files in `folder`, files in the order of their names.

    Raises `UserError` with every problem in every file, a line each.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UserError(at(folder, None, "no passages; write them to passages.jsonl, one JSON object a line"))
    passages = read_files(files, codebook)
    if not passages:
        raise UserError(at(files[0], None, "no passages in it; write one JSON object a line"))
    return passages


def read_files(files: Sequence[Path], codebook: Codebook, other_passages: Sequence[Passage] = ()) -> list[Passage]:
    """The passages of these files; `UserError` with every problem. No id and no document may be one of `other_passages`."""
    passages: list[Passage] = []
    problems: list[str] = []
    first = {passage.id: passage.place for passage in other_passages}
    documents = {passage.document: passage.place for passage in other_passages}
    for path in files:
        try:
            for record in read_records(path):
                place = Place(path, record.line)
                if isinstance(record, BadRecord):
                    problems.append(f"{place}: {record.reason}")
                    continue
                passage = parse_passage(record.values, codebook, place, problems)
                if passage.id in first:
                    problems.append(f"{place}: id '{passage.id}' was used at {first[passage.id]}; ids must be unique")
                elif passage.id:
                    first[passage.id] = place
                if passage.document in documents:
                    first_place = documents[passage.document]
                    problems.append(f"{place}: document '{passage.document}' stands at {first_place} too; give it another name")
                passages.append(passage)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    return passages


def parse_passage(values: dict[str, Any], codebook: Codebook, place: Place, problems: list[str]) -> Passage:
    """A passage from a JSON object; everything that is wrong with it is added to `problems`.

    `document` defaults to the id: a passage that stands alone.
    """

    def tell(problem: str) -> None:
        problems.append(f"{place}: {problem}")

    absent = [key for key in _OWN_FIELDS if key not in values and key not in ("id", "text")]  # a lack of these is told anyway
    for key in values:
        if key not in _OWN_FIELDS and (near := get_close_matches(key.lower(), absent, n=1, cutoff=0.8)):
            tell(f"unknown key '{key}'; did you mean '{near[0]}'?")
    id_ = _text(values, "id", tell, required=True)
    for key in ("id", "document"):  # they go into CSV files and messages: a line end inside would break both
        if isinstance(values.get(key), str) and has_control(values[key]):
            tell(f"'{key}' holds a line end or another control character; take it out")
    return Passage(
        id=id_,
        text=_text(values, "text", tell, required=True),
        narratives=read_labels(values.get("narratives"), codebook.ids, tell),
        document=_text(values, "document", tell) or id_,
        language=_text(values, "language", tell) or "und",
        source=_text(values, "source", tell),
        extras={key: value for key, value in values.items() if key not in _OWN_FIELDS},
        place=place,
    )


def to_record(passage: Passage) -> dict[str, Any]:
    """A passage as the JSON object from which `parse_passage` makes it again."""
    return {
        "id": passage.id,
        "text": passage.text,
        "document": passage.document,
        "narratives": passage.narratives,
        "language": passage.language,
        "source": passage.source,
        **passage.extras,
    }


def gold_matrix(passages: Sequence[Passage], ids: Sequence[str]) -> NDArray[np.bool_]:
    """Gold labels of shape (passages, len(ids)), columns in the order of `ids`."""
    return multi_hot([passage.narratives or {} for passage in passages], ids)


def digest_passages(passages: Sequence[Passage]) -> str:
    """SHA-256 of ids, texts, documents and labels, whatever the order."""
    digest = hashlib.sha256()
    for p in sorted(passages, key=lambda passage: passage.id):
        digest.update(json.dumps([p.id, p.text, p.document, p.narratives], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _text(values: dict[str, Any], key: str, tell: Tell, required: bool = False) -> str:
    value = values.get(key)
    if value is None and not required:
        return ""
    if key not in values:
        tell(f"no '{key}'; add it{did_you_mean(key, values) if values else ''}")
    elif not isinstance(value, str):
        tell(f"'{key}' must be a text in quotes, not {json.dumps(value)[:40]}")
    elif required and not value.strip():
        tell(f"'{key}' is empty; fill it in or delete the line")
    return value if isinstance(value, str) else ""
