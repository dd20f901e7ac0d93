"""The fields of a record under our own names: as the user named them, or whatever their case."""

import re
from collections.abc import Sequence
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.errors import UserError, at, did_you_mean
from narratives.files import find_field, has_field, join_pieces, list_fields, take_field

KEYS = ("text", "id", "document", "language", "source", "split")
_FOLDED = ("text", "id", "document", "language")  # a table may write them in capitals
_ANNOTATORS = ("annotator", "annotated_by", "coder", "coded_by", "rater", "worker", "labeler", "labeller", "crowdworker")


def rename_fields(values: dict[str, Any], wishes: Wishes) -> dict[str, Any]:
    """The record with the fields that hold text, id, ... under our own names; what stood there is kept beside them."""
    values = dict(values)
    columns = {**wishes.columns, **({"text": wishes.text} if wishes.text else {})}
    for key, column in columns.items():
        if column != key and has_field(values, column):
            value = take_field(values, column)
            if key in values:
                values[f"original_{key}"] = values[key]
            values[key] = value
    for name in list(values):
        key = str(name).strip().casefold()
        if key in _FOLDED and key not in values and key not in columns:
            values[key] = values.pop(name)
    if "language" not in values and isinstance(values.get("lang"), str):
        values["language"] = values.pop("lang")
    if "text" in values:
        values["text"] = join_pieces(values["text"])
    return values


def check_columns(rows: Sequence[Entry], wishes: Wishes) -> None:
    """`UserError` where a field that the user named stands in no record at all."""
    records = [row.values for row in rows if not row.problem]
    named = {"--text-column": wishes.text, **{f"--{key}-column": column for key, column in wishes.columns.items()}}
    options = [(option, column) for option, column in named.items() if column]
    options += [("--annotator-column", wishes.annotator)] if wishes.annotator else []
    options = [pair for pair in options if pair[0] != "--text-column" or wishes.texts is None]  # then it is of another file
    for option, column in [*options, *(("--label-column", column) for column in wishes.labels)]:
        if records and not any(has_field(record, column) for record in records):
            fields = list(dict.fromkeys(name for record in records for name in list_fields(record)))
            near = did_you_mean(column, fields) or f"; there: {', '.join(fields)}"
            raise UserError(at(rows[0].place.file, None, f"{option} {column}: no such field in it{near}"))


def find_annotator(values: dict[str, Any], wishes: Wishes) -> str:
    """Who made the row, where a column says so (`coder`, `WorkerId`, `ASSIGNMENT:worker_id`); else nobody."""
    if wishes.annotator:
        return str(find_field(values, wishes.annotator) or "") if has_field(values, wishes.annotator) else ""
    for name, value in values.items():
        folded = (
            re.sub("[^a-z]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).casefold()).strip("_").removesuffix("_id")
        )
        if folded.endswith(_ANNOTATORS) and isinstance(value, (str, int)) and value != "":
            return str(value)
    return ""
