"""The whole report for anybody's predictions: gold and predictions are files, no model and no project is needed."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from narratives.data import Codebook, Passage
from narratives.errors import UserError, at, did_you_mean
from narratives.evaluation import SHARED_TASKS, About, Evaluation, Joined, join, score
from narratives.files import BadRecord, Record, count_id, hold_lock, read_json, read_records, sha256, write_json
from narratives.labels import NONE, digest_passages, is_semeval, read_codebook, read_semeval, read_splits
from narratives.models import parse_labels, read_predictions
from narratives.progress import Say
from narratives.report import write_report

SOURCES = "sources.json"  # in the folder of a score: the files that it was made of
_AGAIN = "score it again: narratives score GOLD PREDICTIONS --codebook FILE -o"
_SILENT = f"no labels, where others say {NONE}; leave out what nobody has labelled, write {NONE} where nothing is carried"
_KEPT = 300  # characters of a text kept to show; gold files may hold a million


def score_files(
    gold: Path,
    predictions: Path,
    codebook_file: Path,
    output: Path,
    tasks: tuple[str, ...] = (),
    split: str | None = None,
    say: Say | None = None,
    encoding: str = "",
) -> Evaluation:
    """Score `predictions` against `gold`; write `evaluation.json`, `sources.json`, `report.md`, `report.html` to `output`.

    Both files are JSONL, JSON, CSV, Parquet or in SemEval's form; they are joined by id. `tasks` names shared tasks whose
    figures are added. With `split` only its passages are scored: those whose field `split` says so or, where they have none,
    whose document the file `splits.csv` beside the gold puts there. Predictions for the others may be there; they are left
    out. `encoding` is that of both where they are text and neither UTF-8 nor marked as UTF-16.
    """
    codebook = read_codebook(codebook_file)
    if "text" in _first_keys(predictions, encoding) and "text" not in _first_keys(gold, encoding):
        raise UserError(
            at(predictions, None, "this has texts and the gold has none: name the gold first, then the predictions")
        )
    answers = read_sources(gold, predictions, codebook, split, encoding)
    evaluation = score(
        answers,
        codebook,
        About(
            run=predictions.stem,
            description=f"Predictions read from {predictions.name}, gold labels from {gold.name}.",
            classifier="another program",
            split=f"{split} of {gold.name}" if split else gold.name,
            shared_tasks={name: SHARED_TASKS[name](answers, codebook) for name in tasks},
        ),
    )
    sources = {"gold": gold, "predictions": predictions, "codebook": codebook_file}
    names = {name: Path(os.path.relpath(path.absolute(), output.absolute())).as_posix() for name, path in sources.items()}
    with hold_lock(output, say, make=True):
        write_json(output / SOURCES, {**names, "split": split, "encoding": encoding, "predictions_digest": sha256(predictions)})
        write_json(output / "evaluation.json", evaluation.to_json())
        write_report(output, [evaluation])
    return evaluation


def read_sources(gold: Path, predictions: Path, codebook: Codebook, split: str | None, encoding: str = "") -> Joined:
    """Gold and predictions of two files, joined; of one split where `split` names it."""
    passages = read_gold_file(gold, codebook, encoding)
    answered = read_predictions(predictions, codebook, encoding)
    if split is None:
        return join(passages, answered, codebook, predictions)
    chosen = _choose_split(passages, gold, split)
    left_out = {passage.id for passage in passages} - {passage.id for passage in chosen}
    return join(chosen, (prediction for prediction in answered if prediction.id not in left_out), codebook, predictions)


def _choose_split(passages: Sequence[Passage], gold: Path, split: str) -> list[Passage]:
    file = gold.with_name("splits.csv")
    if any("split" in passage.extras for passage in passages):
        split_of = {passage.id: str(passage.extras.get("split", "")) for passage in passages}
    elif file.is_file():
        dealt = read_splits(file)
        split_of = {passage.id: dealt.get(passage.document, "") for passage in passages}
    else:
        reason = f"no passage has a field 'split', and there is no {file.name} beside it; leave out --split"
        raise UserError(at(gold, None, reason))
    chosen = [passage for passage in passages if split_of[passage.id] == split]
    if not chosen:
        names = sorted(set(split_of.values()) - {""})
        reason = f"no passage is in split '{split}'{did_you_mean(split, names)}; there are: {', '.join(names) or 'none'}"
        raise UserError(at(gold, None, reason))
    return chosen


def _first_keys(path: Path, encoding: str) -> list[str]:
    first = None if is_semeval(path, encoding) else next(read_records(path, encoding=encoding), None)
    return list(first.values) if isinstance(first, Record) else []


def read_gold_file(path: Path, codebook: Codebook, encoding: str = "") -> list[Passage]:
    """Labelled passages of one file. Only `id` and labels are needed; `document`, `text`, `source`, ... are used if there."""
    passages: list[Passage] = []
    problems: list[str] = []
    first: dict[str, int] = {}
    silent, says_none = list[int](), False
    marked = is_semeval(path, encoding)
    for record in read_semeval(path, codebook, encoding) if marked else read_records(path, encoding=encoding):
        try:
            if isinstance(record, BadRecord):
                raise ValueError(record.reason)
            passage = _make_passage(record, codebook)
            if passage.id in first:
                raise ValueError(f"id '{passage.id}' was used on line {first[passage.id]}; ids must be unique")
            first[passage.id] = record.line
            passages.append(passage)
            cell = record.values.get("narratives")
            silent += [record.line] if isinstance(cell, str) and not cell.strip() else []
            says_none |= cell == NONE
        except ValueError as error:
            problems.append(at(path, record.line, str(error)))
    problems += [at(path, line, _SILENT) for line in silent] if says_none else []
    if problems:
        raise UserError(*problems)
    if not passages:
        raise UserError(at(path, None, "no labelled passages in it"))
    if by_model := [passage for passage in passages if passage.by_model]:
        reason = f"{len(by_model)} passages carry a model's answers, not labels of people ('origin'); take them out"
        raise UserError(at(path, None, f"{reason}, such as '{by_model[0].id}'"))
    return passages


def _make_passage(record: Record, codebook: Codebook) -> Passage:
    values = record.values
    id_ = count_id(values.get("id"))
    if not isinstance(id_, str) or not id_:
        named = next((key for key in values if key.strip().lower() == "id" and key != "id"), "")
        raise ValueError("a gold passage needs an 'id', a text" + (f"; name '{named}' so" if named else ""))
    return Passage(
        id=id_,
        text=str(values.get("text") or "")[:_KEPT],
        narratives=parse_labels(values, codebook),
        document=str(values.get("document") or id_),
        language=str(values.get("language") or "und"),
        source=str(values.get("source") or ""),
        extras={key: values[key] for key in ("case", "split", "origin") if values.get(key)},
    )


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
        encoding = str(sources.get("encoding") or "")  # older versions did not write it
    except (TypeError, KeyError, AttributeError):
        raise UserError(at(path, None, f"not what this version writes; {_AGAIN} {folder}")) from None
    codebook = read_codebook(book)
    if sha256(predictions) != digest:
        raise UserError(at(predictions, None, f"altered since it was scored; {_AGAIN} {folder}"))
    answers = read_sources(gold, predictions, codebook, split, encoding)
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
