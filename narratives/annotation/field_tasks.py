"""The texts of a field sample as their readers get them: for Label Studio, a spreadsheet or a program, without any answer."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from narratives.annotation.field_labels import SAMPLE_KEY
from narratives.annotation.formats import label_studio
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.files import write_json, write_text
from narratives.labels import to_record
from narratives.project import Project

_NOTE = '  <TextArea name="note" toName="text" placeholder="A note, where this text is a hard case" maxSubmissions="1"/>'
_COLUMNS = ("id", "text", "document", "language", "source", "date", "narratives", "by", "note", SAMPLE_KEY)


def check_task_file(project: Project, output: Path) -> None:
    """`UserError` where the file would lie among the project's labels, or its ending names no format."""
    if output.suffix.lower() not in _WRITERS:
        raise UserError(at(output, None, f"give it the ending {', '.join(_WRITERS)}"))
    if project.labels.resolve() in output.resolve().parents:
        raise UserError(at(output, None, "lies among the project's own labels; choose a path outside"))


def write_tasks(output: Path, passages: Sequence[Passage], codebook: Codebook) -> list[Path]:
    """Write passages that nobody has labelled, in the format that the file's ending names; return the files."""
    return _WRITERS[output.suffix.lower()](output, passages, codebook)


def _write_label_studio(output: Path, passages: Sequence[Passage], codebook: Codebook) -> list[Path]:
    interface = output.with_suffix(".xml")
    write_text(interface, label_studio.make_interface(codebook).replace("</View>", f"{_NOTE}\n</View>"))
    write_json(output, [label_studio.make_task(passage) for passage in passages])
    return [output, interface]


def _write_csv(output: Path, passages: Sequence[Passage], codebook: Codebook) -> list[Path]:
    """A row a passage; readers fill in `narratives` (id:stance with `;` between, or `(none)`), their name and notes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({**to_record(passage), "narratives": ""} for passage in passages)
    write_text(output, "\ufeff" + out.getvalue())  # the mark tells spreadsheets that this is UTF-8
    return [output]


def _write_jsonl(output: Path, passages: Sequence[Passage], codebook: Codebook) -> list[Path]:
    rows = ({**to_record(passage), "by": "", "note": ""} for passage in passages)
    write_text(output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return [output]


_Writer = Callable[[Path, Sequence[Passage], Codebook], list[Path]]
_WRITERS: dict[str, _Writer] = {".json": _write_label_studio, ".csv": _write_csv, ".jsonl": _write_jsonl}
