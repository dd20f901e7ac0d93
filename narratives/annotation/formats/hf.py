"""Hugging Face datasets saved on disk: class labels, lists of them, a column for each narrative; or Argilla's columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from narratives.annotation.formats import argilla, tables
from narratives.annotation.formats.class_names import to_names
from narratives.annotation.formats.entry import Entry, Wishes
from narratives.data import Passage, Place
from narratives.errors import UserError, at
from narratives.files import find_split

_MISSING = "needs the package datasets; install it: pip install 'narratives[transformer]'"


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """The rows of all splits."""
    datasets = _import_datasets(path)
    try:
        loaded = datasets.load_from_disk(str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(at(path, None, f"not a saved dataset that can be read: {reason}")) from None
    parts = loaded if isinstance(loaded, dict) else {"": loaded}
    for name, part in parts.items():
        rows = _read_rows(path / name if name else path, part, datasets.ClassLabel, wishes)
        reader = argilla if argilla.is_argilla(part.column_names) else tables
        rows = map(partial(tables.refuse_gaps, wishes=wishes), rows) if reader is tables else rows
        yield from (replace(entry, split=find_split(name)) for entry in reader.convert(rows, wishes))


def write(path: Path, parts: Mapping[str, Sequence[Passage]], ids: Sequence[str]) -> None:
    """Save passages as a dataset with a part for each split.

    `narratives` is a list of class labels in codebook order, null where nobody has labelled; `stances` runs beside it;
    `extras` is JSON.
    """
    datasets = _import_datasets(path)
    text, texts = datasets.Value("string"), datasets.Sequence(datasets.Value("string"))
    features = datasets.Features(
        {
            "id": text,
            "text": text,
            "document": text,
            "language": text,
            "source": text,
            "narratives": datasets.Sequence(datasets.ClassLabel(names=list(ids))),
            "stances": texts,
            "extras": text,
        }
    )
    tables_ = {name: datasets.Dataset.from_list([_row(p, ids) for p in part], features) for name, part in parts.items()}
    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        datasets.DatasetDict(tables_).save_to_disk(str(path))
    finally:
        if shown:
            datasets.enable_progress_bars()


def _row(passage: Passage, ids: Sequence[str]) -> dict[str, Any]:
    labels = passage.narratives
    return {
        "id": passage.id,
        "text": passage.text,
        "document": passage.document,
        "language": passage.language,
        "source": passage.source,
        "narratives": None if labels is None else [ids.index(id_) for id_ in labels],
        "stances": None if labels is None else [stance or "" for stance in labels.values()],
        "extras": json.dumps(passage.extras, ensure_ascii=False),
    }


def _read_rows(folder: Path, part: Any, class_label: type, wishes: Wishes) -> Iterator[Entry]:
    names = {}
    for column, feature in part.features.items():
        inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", feature)
        if isinstance(inner, class_label):
            names[column] = list(inner.names)  # type: ignore[attr-defined]
    for number, row in enumerate(part, 1):
        yield Entry(Place(folder, number), to_names(dict(row), names, wishes))


def _import_datasets(path: Path) -> Any:
    try:
        import datasets
    except ImportError:
        raise UserError(at(path, None, _MISSING)) from None
    return datasets
