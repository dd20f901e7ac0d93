"""Classify new texts: files in, one file of predictions out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narratives.classifiers import Progress
from narratives.data import Prediction
from narratives.errors import UserError, at
from narratives.files import replacing
from narratives.model import Model
from narratives.records import BadRecord, read_records, require_column
from narratives.results import FORMATS

_BATCH = 1024  # texts in memory at once
_SHOWN = 50  # bad records listed before reading stops


@dataclass(frozen=True, slots=True)
class Summary:
    """What a batch run did."""

    output: Path
    texts: int
    none: int  # texts for which no narrative was raised
    narratives: dict[str, int]  # texts for which each was raised, most frequent first


def classify_files(
    inputs: Sequence[Path], model: Model, output: Path, form: str, text_column: str = "text", progress: Progress | None = None
) -> Summary:
    """Classify every text of `inputs` into `<output>/predictions.<form>`.

    The file appears complete or not at all; of the input only the ids stay in memory. Bad records raise a `UserError` that
    lists them (the first 50), and nothing is written.
    """
    total = _check_inputs(inputs, text_column)
    counts: Counter[str] = Counter()
    totals = Counter(texts=0, none=0)

    def answers() -> Iterator[list[Prediction]]:
        for batch in _read_batches(inputs, text_column):
            predictions = model.predict([id_ for id_, _ in batch], [text for _, text in batch])
            totals["texts"] += len(predictions)
            totals["none"] += sum(not prediction.narratives for prediction in predictions)
            for prediction in predictions:
                counts.update(prediction.narratives.keys())
            if progress:
                progress(totals["texts"], total, "texts")
            yield predictions

    target = output / f"predictions.{form}"
    with replacing(target) as aside:
        FORMATS[form](aside, answers(), model)
    return Summary(target, totals["texts"], totals["none"], dict(counts.most_common()))


def _check_inputs(inputs: Sequence[Path], text_column: str) -> int:
    """The number of texts. A first pass over the files costs little, and shows what is wrong before hours of work."""
    problems: list[str] = []
    total = sum(1 for _ in _read_texts(inputs, text_column, problems))
    if problems:
        raise UserError(*problems)
    return total


def _read_batches(inputs: Sequence[Path], text_column: str) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    for pair in _read_texts(inputs, text_column, []):
        batch.append(pair)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_texts(inputs: Sequence[Path], text_column: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for path in inputs:
        alone = [other.name for other in inputs].count(path.name) == 1
        name = str(path.name if alone else path).encode("utf-8", "replace").decode()  # a file's name may be no UTF-8
        column = "text" if path.suffix.lower() == ".txt" else text_column
        checked = False
        for record in read_records(path):
            place = f"{path}:{record.line}"
            if isinstance(record, BadRecord):
                problems.append(f"{place}: {record.reason}")
            else:
                if not checked:
                    require_column(path, record, column)
                    checked = True
                text, id_ = record.values.get(column), record.values.get("id")
                id_ = f"{name}:{record.line}" if id_ is None or id_ == "" else str(id_)
                if not isinstance(text, str) or not text.strip():
                    what = "is empty" if text is None or isinstance(text, str) else "is not a text"
                    problems.append(f"{place}: '{column}' {what}; fill it in or delete the record")
                elif id_ in seen:
                    problems.append(f"{place}: id '{id_}' was used at {seen[id_]}; ids must be unique")
                else:
                    yield id_, text
                seen.setdefault(id_, place)
            if len(problems) >= _SHOWN:
                raise UserError(*problems, at(path, None, f"over {_SHOWN - 1} bad records; reading stopped here"))
