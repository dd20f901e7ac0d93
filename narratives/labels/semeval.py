"""The form in which SemEval-2025 Task 10 gives labels: id, narratives and sub-narratives between tabs, no header.

A file of the task names a text a line: `EN_1.txt<TAB>URW: Blaming the war on others;...<TAB>URW: Blaming the war on
others: Ukraine is the aggressor;...`. `Other` says that none is carried, or, after a narrative, none of those below it.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from narratives.data import Codebook
from narratives.errors import UserError, at, did_you_mean
from narratives.files import BadRecord, Record, decode_line, open_unpacked, read_lines
from narratives.labels.titles import COLONS, OTHER, fold_name, fold_names, list_endings

_LOOKED_AT = 5  # lines that tell the form


def is_semeval(path: Path, encoding: str = "") -> bool:
    """Whether a text file is in this form: three fields a line, the first of them a file's name or an id without blanks."""
    if path.suffix.lower() not in (".txt", ".tsv") or not path.is_file():
        return False
    with open_unpacked(path, by_lines=False, encoding=encoding) as stream:
        lines = [data or b"" for _, _, data in islice(read_lines(stream), _LOOKED_AT)]
    rows = [line.decode("utf-8-sig", "replace").rstrip("\r\n").split("\t") for line in lines if line.strip()]
    rows = rows[1:] if rows and _is_header(rows[0]) else rows
    named = all(row[0].lower().endswith(".txt") for row in rows)
    return bool(rows) and named and all(len(row) == 3 for row in rows)


def _is_header(fields: list[str]) -> bool:
    return len(fields) == 3 and "narrative" in fields[1].lower() and "narrative" in fields[2].lower() and "." not in fields[0]


def split_semeval(path: Path, encoding: str = "") -> Iterator[tuple[int, str, list[str]]]:
    """Line, id and labels as they stand, both levels together, each once. `UserError` where a line has another form."""
    with open_unpacked(path, by_lines=False, encoding=encoding) as stream:
        for number, _, data in read_lines(stream):
            try:
                line = decode_line(number, data or b"").strip("\r\n")
            except ValueError as error:
                raise UserError(at(path, number, str(error))) from None
            if not line.strip():
                continue
            fields = line.split("\t")
            if len(fields) != 3:
                reason = f"{len(fields)} fields; write: id, narratives and sub-narratives, with tabs between"
                raise UserError(at(path, number, reason))
            if number == 1 and _is_header(fields):
                continue
            words = [word.strip() for field in fields[1:] for word in field.split(";") if word.strip()]
            yield number, fields[0].strip(), list(dict.fromkeys(words))


def read_semeval(path: Path, codebook: Codebook, encoding: str = "") -> Iterator[Record | BadRecord]:
    """The lines as records with `id` and `narratives`, a list of the codebook's ids."""
    exact = {narrative.id: narrative.id for narrative in codebook.narratives}
    titles = fold_names((name, n.id) for n in codebook.narratives for name in (n.id, n.title))
    for number, id_, words in split_semeval(path, encoding):
        narratives: list[str] = []
        for word in words:
            label = exact.get(word) or find_label(word, titles)
            if label is None:
                near = did_you_mean(word, [narrative.title for narrative in codebook.narratives])
                yield BadRecord(number, f"unknown label '{word}'{near}; the codebook needs that title")
                break
            narratives += [label] if label and label not in narratives else []
        else:
            yield Record(number, {"id": id_, "narratives": narratives})


def find_label(word: str, titles: Mapping[str, str]) -> str | None:
    """The id that a label of the task names, "" for `Other`, `None` where the codebook has no such title."""
    for ending in (word, *list_endings(word, COLONS)):
        if label := titles.get(fold_name(ending)):
            return label
    head, _, last = word.rpartition(":")
    if fold_name(last) in OTHER:  # "narrative: Other" is the narrative itself
        return find_label(head.strip(), titles) if head.strip() else ""
    return None
