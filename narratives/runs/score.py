"""The whole report for anybody's predictions: gold and predictions are files, no model and no project is needed."""

from pathlib import Path

from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.evaluation import SHARED_TASKS, About, Evaluation, join, score
from narratives.files import BadRecord, Record, read_records, write_json
from narratives.labels import read_codebook
from narratives.models import parse_labels, read_predictions
from narratives.report import write_report

_KEPT = 300  # characters of a text kept to show; gold files may hold a million


def score_files(
    gold: Path, predictions: Path, codebook_file: Path, output: Path, resamples: int, seed: int = 0, tasks: tuple[str, ...] = ()
) -> Evaluation:
    """Score `predictions` against `gold` and write `evaluation.json`, `report.md` and `report.html` to `output`.

    Both files are JSONL, CSV or Parquet and are joined by id. `tasks` names shared tasks whose figures are added.
    """
    codebook = read_codebook(codebook_file)
    if "text" in _first_keys(predictions) and "text" not in _first_keys(gold):
        raise UserError(
            at(predictions, None, "this has texts and the gold has none: name the gold first, then the predictions")
        )
    answers = join(read_gold_file(gold, codebook), read_predictions(predictions, codebook), codebook, predictions)
    evaluation = score(
        answers,
        codebook,
        About(
            run=predictions.stem,
            description=f"Predictions read from {predictions.name}, gold labels from {gold.name}.",
            classifier="another program",
            split=gold.name,
            shared_tasks={name: SHARED_TASKS[name](answers, codebook) for name in tasks},
        ),
        resamples=resamples,
        seed=seed,
    )
    write_json(output / "evaluation.json", evaluation.to_json())
    write_report(output, [evaluation])
    return evaluation


def _first_keys(path: Path) -> list[str]:
    first = next(read_records(path), None)
    return list(first.values) if isinstance(first, Record) else []


def read_gold_file(path: Path, codebook: Codebook) -> list[Passage]:
    """Labelled passages of one file. Only `id` and labels are needed; `document`, `text`, `source`, ... are used if there."""
    passages: list[Passage] = []
    problems: list[str] = []
    first: dict[str, int] = {}
    for record in read_records(path):
        try:
            if isinstance(record, BadRecord):
                raise ValueError(record.reason)
            passage = _make_passage(record, codebook)
            if passage.id in first:
                raise ValueError(f"id '{passage.id}' was used on line {first[passage.id]}; ids must be unique")
            first[passage.id] = record.line
            passages.append(passage)
        except ValueError as error:
            problems.append(at(path, record.line, str(error)))
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
    id_ = values.get("id")
    if not isinstance(id_, str) or not id_:
        raise ValueError("a gold passage needs an 'id', a text")
    case = values.get("case")
    return Passage(
        id=id_,
        text=str(values.get("text") or "")[:_KEPT],
        narratives=parse_labels(values, codebook),
        document=str(values.get("document") or id_),
        language=str(values.get("language") or "und"),
        source=str(values.get("source") or ""),
        extras={**({"case": case} if case else {}), **({"origin": values["origin"]} if values.get("origin") else {})},
    )
