"""Suggested texts as an annotator gets them: Label Studio tasks with the model's answer in them, or passages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats import label_studio
from narratives.data import Codebook, Labels, Passage
from narratives.errors import UserError, at
from narratives.files import write_json, write_text
from narratives.labels import to_record
from narratives.project import Project

FORMATS = {"label-studio": ".json", "jsonl": ".jsonl"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to be labelled: `.passage`, the model's `.scores` in [0, 1] and `.labels`, and why it was `.chosen`.

    >>> suggestion, *others = narratives.Project("trams").suggest("trams/feeds", n=2)
    >>> suggestion.passage.narratives is None, len(others)
    (True, 1)
    """

    passage: Passage
    scores: dict[str, float]
    labels: Labels

    @property
    def chosen(self) -> str:
        """Why it was chosen, in words."""
        return str(self.passage.extras["chosen"])


def choose_format(output: Path) -> str:
    """The format that a file's ending asks for; `UserError` where it asks for none."""
    for form, ending in FORMATS.items():
        if output.suffix.lower() == ending:
            return form
    raise UserError(at(output, None, f"give it the ending {' or '.join(FORMATS.values())}"))


def check_output(output: Path, form: str, project: Project) -> None:
    """`UserError` where the file would be read as the project's passages or has an ending that misleads."""
    if output.suffix.lower() != FORMATS[form]:
        raise UserError(at(output, None, f"give it the ending {FORMATS[form]}"))
    if project.labels.resolve() in output.resolve().parents:
        raise UserError(at(output, None, "lies among the project's own labels; choose a path outside"))


def write_suggestions(output: Path, form: str, suggestions: Sequence[Suggestion], codebook: Codebook, run: str) -> list[str]:
    """Write tasks with the labelling interface beside them, or passages that nobody has labelled; return the files."""
    if form == "jsonl":
        records = (to_record(suggestion.passage) for suggestion in suggestions)
        write_text(output, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
        return [str(output)]
    interface = output.with_suffix(".xml")
    write_text(interface, label_studio.make_interface(codebook))
    write_json(output, [make_task(suggestion, run) for suggestion in suggestions])
    return [str(output), str(interface)]


def make_task(suggestion: Suggestion, run: str) -> dict[str, Any]:
    """A task that begins with what the model raises; all its scores stand below `meta`, which is not read back."""
    task = label_studio.make_task(replace(suggestion.passage, narratives=suggestion.labels))
    [answer] = task.pop("annotations")
    scores = {id_: round(score, 4) for id_, score in suggestion.scores.items()}
    prediction = {"model_version": run, "score": max(scores.values()), **answer}
    return {**task, "meta": {"scores": scores}, "predictions": [prediction]}
