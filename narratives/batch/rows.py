"""The answers of `classify` as JSONL, CSV or Parquet."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from narratives.batch.items import ANSWER_COLUMNS, EVERYTHING, NOTES, STAGE, Columns, Item, to_plain
from narratives.batch.plan import Options
from narratives.data import STANCES, Codebook, Weighted
from narratives.errors import UserError
from narratives.models import Answers, Model, to_row
from narratives.texts import format_words


@dataclass(frozen=True, slots=True)
class Layout:
    """What a row of answers holds besides the answer itself."""

    run: str
    codebook: Codebook
    columns: Columns
    by_window: bool  # a row for each window: with its place, without spans
    titles: bool = False  # the titles of the narratives raised
    texts: bool = False  # the text itself
    mark: bool = False  # of CSV: the byte-order mark

    @property
    def title_of(self) -> dict[str, str]:
        """Narrative id -> title."""
        return {narrative.id: narrative.title for narrative in self.codebook.narratives}

    @property
    def kept(self) -> list[str]:
        """Names of the columns that come from the input."""
        return ["record" if name == EVERYTHING else name for name in self.columns.keep]


def make_layout(options: Options, model: Model) -> Layout:
    """What `options` ask for, in the words of the model's codebook."""
    return Layout(
        run=model.run,
        codebook=model.codebook,
        columns=options.columns,
        by_window=options.unit == "passage",
        titles=options.titles,
        texts=options.texts,
        mark=options.mark,
    )


def check_columns(options: Options, model: Model) -> None:
    """`UserError` where a kept column would hide one of ours."""
    optional = [name for name, flag in (("titles", options.titles), ("text", options.texts)) if flag]
    optional += [STAGE] if model.first else []
    reserved = {*ANSWER_COLUMNS, "record", "starts", "ends", *optional, *(f"score_{id_}" for id_ in model.codebook.ids)}
    for name in options.columns.keep:
        if name in reserved:
            raise UserError(f"--keep {name}: the output has a column of this name; leave it out or rename it in the input")


def to_rows(items: Sequence[Item], answers: Answers, layout: Layout) -> Iterator[dict[str, Any]]:
    """Each answer as plain data: the row of JSONL."""
    title_of, stages = layout.title_of, answers.stages
    for k, (item, prediction) in enumerate(zip(items, answers, strict=True)):
        row = to_row(prediction, layout.run, layout.codebook)
        titles = {"titles": [title_of[id_] for id_ in prediction.narratives]} if layout.titles else {}
        text = {"text": item.text} if layout.texts else {}
        place = {"start": item.start, "end": item.end} if layout.by_window else {}
        if layout.by_window:
            row.pop("spans", None)
        words = {"words": _move(answers.words[k], item.start)} if answers.words is not None else {}
        note = {"note": item.note} if item.note else {}
        note["language"] = item.written_in
        if item.language_note:
            note["language_note"] = item.language_note
        del row["id"]
        yield {
            "id": item.id,
            "file": item.file,
            "line": item.line,
            **place,
            **titles,
            **row,
            **({STAGE: stages[k]} if stages else {}),
            **words,
            **note,
            **text,
            **item.kept,
        }


def _move(words: dict[str, list[Weighted]], by: int) -> dict[str, list[Weighted]]:
    """Places in a window as places in the whole text."""
    return {id_: [(start + by, end + by, weight) for start, end, weight in weighted] for id_, weighted in words.items()}


def write_jsonl(path: Path, items: Sequence[Item], answers: Answers, layout: Layout) -> None:
    """The rows of a run's `predictions.jsonl`, and where each text came from."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(format_row(row) for row in to_rows(items, answers, layout))


def format_row(row: dict[str, Any]) -> str:
    """One line of JSONL."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def write_csv(path: Path, items: Sequence[Item], answers: Answers, layout: Layout) -> None:
    """One row an answer; the narratives raised are joined by `;`, so are their titles, stances, spans (`start-end`) and words.

    Words are `start-end:weight`, with blanks between those of one narrative. Texts stand in quotes, numbers do not. A text
    that begins with `=`, `+`, `-` or `@` is left as it is, though a spreadsheet may take it for a formula: a mark before it
    would change ids, mentions and quotations that have to be equal to those of the input.
    """
    ids = layout.codebook.ids
    with path.open("w", encoding="utf-8-sig" if layout.mark else "utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)  # a lone CR would end a bare field
        place = ["start", "end"] if layout.by_window else []
        spans = [] if layout.by_window else ["spans"]
        explained = [] if answers.words is None else ["words"]
        stage = [] if answers.first is None else [STAGE]
        titles, texts = ["titles"] if layout.titles else [], ["text"] if layout.texts else []
        head = [
            "id",
            "file",
            "line",
            *place,
            "narratives",
            *titles,
            "stances",
            *spans,
            *stage,
            *explained,
            *NOTES,
            *texts,
            *layout.kept,
        ]
        writer.writerow([*head, *(f"score_{id_}" for id_ in ids), "run", "codebook"])
        for row, item in zip(to_rows(items, answers, layout), items, strict=True):
            places = [f"{start}-{end}" for start, end in row.get("spans", {}).values()]
            before = [row[name] for name in ("id", "file", "line", *place)]
            stances = ";".join(stance or "" for stance in row["narratives"].values())
            words = [";".join(map(format_words, row["words"].values()))] if explained else []
            named = [";".join(row["narratives"]), *(["; ".join(row["titles"])] if titles else [])]
            labels = [*named, stances, *([";".join(places)] if spans else []), *(row[name] for name in stage), *words]
            kept_values = [to_plain(item.kept[name]) for name in layout.kept]
            notes = [item.note, item.written_in, item.language_note, *([item.text] if texts else [])]
            writer.writerow([*before, *labels, *notes, *kept_values, *row["scores"].values(), row["run"], row["codebook"]])


def write_parquet(path: Path, items: Sequence[Item], answers: Answers, layout: Layout) -> None:
    """The columns of CSV; `narratives` is a list, with stances, starts, ends and words beside it; scores are float32."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    raised = answers.raised
    ids = np.array(layout.codebook.ids, dtype=object)
    rows, columns = np.nonzero(raised)
    offsets = pa.array(np.concatenate([[0], np.cumsum(raised.sum(1))]), pa.int32())

    def repeat(text: str) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(items), np.int32)), pa.array([text]))

    table: dict[str, Any] = {
        "id": pa.array([item.id for item in items], pa.string()),
        "file": pa.array([item.file for item in items], pa.string()).dictionary_encode(),
        "line": pa.array([item.line for item in items], pa.int64()),
    }
    if layout.by_window:
        table["start"] = pa.array([item.start for item in items], pa.int32())
        table["end"] = pa.array([item.end for item in items], pa.int32())
    table["narratives"] = pa.ListArray.from_arrays(offsets, pa.array(ids[columns], pa.string()))
    if layout.titles:
        titles = np.array([narrative.title for narrative in layout.codebook.narratives], dtype=object)
        table["titles"] = pa.ListArray.from_arrays(offsets, pa.array(titles[columns], pa.string()))
    stances = np.array([*STANCES, None], dtype=object)[answers.stances[rows, columns]]  # UNKNOWN, -1, is the last
    table["stances"] = pa.ListArray.from_arrays(offsets, pa.array(stances, pa.string()))
    if not layout.by_window:
        for k, name in enumerate(("starts", "ends")):
            table[name] = pa.ListArray.from_arrays(offsets, pa.array(answers.spans[rows, columns, k], pa.int32()))
    if answers.stages is not None:
        table[STAGE] = pa.array(answers.stages, pa.string()).dictionary_encode()
    if answers.words is not None:
        moved = [_move(words, item.start) for words, item in zip(answers.words, items, strict=True)]
        word_type = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("weight", pa.float64())])
        table["words"] = pa.array([list(words.values()) for words in moved], pa.list_(pa.list_(word_type)))
    table["note"] = pa.array([item.note or None for item in items], pa.string())
    table["language"] = pa.array([item.written_in for item in items], pa.string()).dictionary_encode()
    table["language_note"] = pa.array([item.language_note or None for item in items], pa.string())
    if layout.texts:
        table["text"] = pa.array([item.text for item in items], pa.string())
    for name in layout.kept:
        table[name] = pa.array([to_plain(item.kept[name]) for item in items], pa.string())
    scores = np.round(answers.scores.astype(np.float64), 6).astype(np.float32)
    for k, id_ in enumerate(layout.codebook.ids):
        table[f"score_{id_}"] = pa.array(scores[:, k])
    table["run"], table["codebook"] = repeat(layout.run), repeat(layout.codebook.digest[:12])
    pq.write_table(pa.table(table), path, compression="zstd", row_group_size=1 << 16)


FORMATS: dict[str, Callable[[Path, Sequence[Item], Answers, Layout], None]] = {
    "parquet": write_parquet,
    "jsonl": write_jsonl,
    "csv": write_csv,
}
