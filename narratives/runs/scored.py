"""Folders that `score` wrote: read again, and compared."""

from pathlib import Path
from typing import Any

from narratives.data import Codebook
from narratives.errors import UserError, at
from narratives.evaluation import Evaluation, Joined
from narratives.files import read_json, sha256
from narratives.labels import digest_passages, read_codebook
from narratives.runs.score import SOURCES, read_sources

_AGAIN = "score it again: narratives score GOLD PREDICTIONS --codebook FILE -o"


def is_scored(name: str) -> bool:
    """Whether a name is that of a folder that `score` wrote."""
    return (Path(name) / SOURCES).is_file()


def read_scored(folder: Path) -> tuple[Evaluation, Joined, Codebook]:
    """The evaluation in such a folder and what it was made of; `UserError` where that is gone or was changed since."""
    sources, path = read_json(folder / SOURCES), folder / "evaluation.json"
    try:
        evaluation = Evaluation.from_json(read_json(path))
        gold, predictions, book = (_find(folder, sources[name]) for name in ("gold", "predictions", "codebook"))
        split, digest = sources["split"], sources["predictions_digest"]
    except (TypeError, KeyError, AttributeError):
        raise UserError(at(path, None, f"not what this version writes; {_AGAIN} {folder}")) from None
    codebook = read_codebook(book)
    if sha256(predictions) != digest:
        raise UserError(at(predictions, None, f"altered since it was scored; {_AGAIN} {folder}"))
    answers = read_sources(gold, predictions, codebook, split)
    if (digest_passages(answers.passages), codebook.digest) != (evaluation.gold_digest, evaluation.codebook["digest"]):
        raise UserError(at(gold, None, f"the gold or the codebook was altered since it was scored; {_AGAIN} {folder}"))
    return evaluation, answers, codebook


def _find(folder: Path, place: Any) -> Path:
    path = folder / str(place)
    if not path.is_file():
        raise UserError(
            at(path, None, f"{folder} was scored from this file and it is gone; bring it back, or {_AGAIN} {folder}")
        )
    return path
