"""Class labels that stand as numbers, with their names in the metadata of a dataset."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narratives.annotation.formats.entry import Wishes
from narratives.files import open_parquet

ClassNames = Mapping[str, Sequence[str]]  # column -> the name of each number


def read_class_names(path: Path) -> ClassNames:
    """The class names that a Parquet file of Hugging Face's datasets tells; empty where it tells none."""
    with open_parquet(path) as file:
        metadata = file.schema_arrow.metadata or {}
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {column: names for column, feature in features.items() if (names := _find_names(feature))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def to_names(values: dict[str, Any], names: ClassNames, wishes: Wishes) -> dict[str, Any]:
    """A row with its class labels as names; -1 says that nobody has labelled it. Numbers that the user renames stay."""
    return {**values, **{column: _to_name(values[column], names[column], wishes) for column in names if column in values}}


def _to_name(value: Any, names: Sequence[str], wishes: Wishes) -> Any:
    if isinstance(value, list):
        return None if value and all(number == -1 for number in value) else [_to_name(item, names, wishes) for item in value]
    if not isinstance(value, int) or str(value) in wishes.names.renames:
        return value
    if value == -1:
        return None
    return names[value] if 0 <= value < len(names) else value


def _find_names(feature: Any) -> list[str] | None:
    while isinstance(feature, list) and feature:
        feature = feature[0]
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        return [str(name) for name in feature["names"]]
    return _find_names(feature.get("feature"))
