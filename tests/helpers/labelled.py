"""A small codebook, and a reader for the files of labelling tools that follow it."""

from pathlib import Path
from typing import Any

from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.names import make_names
from narratives.data import Codebook, Narrative

CODEBOOK = Codebook(
    "c", "1", (Narrative("toll", "The toll robs us", "f", "d"), Narrative("school", "The school is sinking", "f", "d"))
)
NAMES = make_names(CODEBOOK)
Read = list[tuple[str, str, Any]]


def read(path: Path, form: str | None = None, **wishes: Any) -> Read:
    """(text, annotator, labels) of each entry; a problem in the place of the labels."""
    found: Read = []
    wishes["labels"] = tuple(wishes.get("labels", ()))
    for entry in read_entries(path, form, Wishes(NAMES, **wishes)):
        labels = NAMES.resolve(entry.values.get("narratives"), lambda _: None)
        found.append((str(entry.values.get("text")), entry.by, entry.problem or labels))
    return found
