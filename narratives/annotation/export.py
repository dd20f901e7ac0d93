"""`labels export`: the passages in the formats of other tools; `labels import` reads each back without loss."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from narratives.annotation.formats import hf, label_studio
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.files import replacing, write_json, write_text
from narratives.labels import NONE, Splits, join_stance, to_record
from narratives.project import Project

_Writer = Callable[[Path, Sequence[Passage], Codebook, Splits], list[Path]]


def export_labels(
    project: Project, form: str, output: Path, split: str | None = None, unlabelled: bool = False
) -> tuple[int, list[Path]]:
    """Write the passages of one split or of all, perhaps only the `unlabelled`; return how many there are, and the files."""
    if project.labels.resolve() in (output.resolve(), *output.resolve().parents):
        raise UserError(at(output, None, "lies among the project's own labels; choose a path outside"))
    corpus = project.read_corpus()
    passages = [p for p in corpus.passages if split is None or corpus.splits.get(p.document) == split]
    passages = [p for p in passages if not unlabelled or p.narratives is None]
    if not passages and unlabelled:
        fix = "add texts with narratives labels add FILE, or leave out --unlabelled"
        raise UserError(at(project.labels, None, f"every passage is labelled; {fix}"))
    if not passages:
        raise UserError(at(project.splits_file, None, f"no passage is in split '{split}'"))
    return len(passages), WRITERS[form](output, passages, corpus.codebook, corpus.splits)


def write_jsonl(output: Path, passages: Sequence[Passage], codebook: Codebook, splits: Splits) -> list[Path]:
    """Our own form, all in one file; a `split` says where the document is, which `labels import` honours."""
    records = (to_split_record(passage, splits) for passage in passages)
    write_text(output, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return [output]


def to_split_record(passage: Passage, splits: Splits) -> dict[str, Any]:
    """A passage in our own form, with the split of its document where that has one."""
    split = splits.get(passage.document)
    return {**to_record(passage), **({"split": split} if split else {})}


def write_csv(output: Path, passages: Sequence[Passage], codebook: Codebook, splits: Splits) -> list[Path]:
    """A row a passage: `narratives` holds `id:stance` with `;` between, or `(none)`, or nothing where nobody has labelled."""
    _need_ending(output, ".csv")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["id", "text", "document", "language", "source", "narratives", "split", "extras"])
    for p in passages:
        labels = "" if p.narratives is None else ";".join(join_stance(*pair) for pair in p.narratives.items()) or NONE
        extras = json.dumps(p.extras, ensure_ascii=False) if p.extras else ""
        writer.writerow([p.id, p.text, p.document, p.language, p.source, labels, splits.get(p.document, ""), extras])
    write_text(output, "\ufeff" + out.getvalue())  # the mark tells spreadsheets that this is UTF-8
    return [output]


def write_label_studio(output: Path, passages: Sequence[Passage], codebook: Codebook, splits: Splits) -> list[Path]:
    """Tasks with their annotations, and beside them the labelling interface."""
    _need_ending(output, ".json")
    interface = output.with_suffix(".xml")
    write_text(interface, label_studio.make_interface(codebook))
    write_json(output, [label_studio.make_task(passage, splits.get(passage.document, "")) for passage in passages])
    return [output, interface]


def write_hf(output: Path, passages: Sequence[Passage], codebook: Codebook, splits: Splits) -> list[Path]:
    """A saved dataset with a part for each split; documents without a split are in `unassigned`."""
    parts: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        parts[splits.get(passage.document, "unassigned")].append(passage)
    if output.exists() and not (output / "dataset_dict.json").is_file():
        raise UserError(at(output, None, "is there and no saved dataset; name a new folder"))
    with replacing(output) as aside:
        hf.write(aside, parts, codebook.ids)
    return [output]


def _need_ending(output: Path, ending: str) -> None:
    if output.suffix.lower() != ending:
        raise UserError(at(output, None, f"give it the ending {ending}"))


WRITERS: dict[str, _Writer] = {"label-studio": write_label_studio, "csv": write_csv, "hf": write_hf, "jsonl": write_jsonl}
