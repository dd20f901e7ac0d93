"""The codebook as a sheet: for people who keep it in a spreadsheet, out and in again."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from narratives.data import Codebook
from narratives.errors import UserError, at, did_you_mean
from narratives.files import BadRecord, TomlFile, change_files, read_records, read_text, read_toml, write_text
from narratives.labels import check_entries
from narratives.migration.codebook_text import Entry, edit_codebook, restore_ends, write_entry, write_value
from narratives.progress import Say
from narratives.project import Project

_TEXTS = ("id", "family", "title", "definition", "parent")
_LISTS = ("include", "exclude", "voices")
COLUMNS = ("id", "family", "title", "definition", *_LISTS, "parent")
_REQUIRED = ("id", "family", "title", "definition")
_SPREADSHEET = "\ufeff"  # the mark by which a spreadsheet knows UTF-8


@dataclass(slots=True)
class SheetSummary:
    """What a sheet changed in the codebook."""

    file: str
    name: str
    version: str
    before: str = ""  # the version that it had; empty where there was no codebook
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # columns of the sheet that a codebook has no place for


def export_sheet(project: Project, output: Path) -> int:
    """Write the narratives as CSV for a spreadsheet, a row each, lists a line an item; return how many there are."""
    if output.suffix.lower() != ".csv":
        raise UserError(at(output, None, "give it the ending .csv"))
    codebook = project.read_codebook()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for narrative in codebook.narratives:
        values = [getattr(narrative, column) for column in COLUMNS]
        writer.writerow(["\n".join(value) if isinstance(value, tuple) else value or "" for value in values])
    write_text(output, _SPREADSHEET + out.getvalue())
    return len(codebook.narratives)


def import_sheet(
    project: Project,
    path: Path,
    name: str | None = None,
    version: str | None = None,
    say: Say | None = None,
    encoding: str = "",
) -> SheetSummary:
    """Bring the codebook to what a sheet says: narratives of an id that is there are changed in place, others come last.

    `UserError` where the sheet is at fault, or where passages carry a narrative that it lacks; nothing is written then.
    """
    with project.lock(say):
        return _import(project, path, (name, version), encoding)


def _import(project: Project, path: Path, given: tuple[str | None, str | None], encoding: str) -> SheetSummary:
    name, version = given
    entries, left_out = _read_sheet(path, encoding)
    target = project.labels / "codebook.toml"
    before = project.read_codebook() if target.is_file() else None
    summary = SheetSummary(file=str(target), name=name or "", version=version or "1", left_out=left_out)
    if before is None:
        summary.name = name or project.root.resolve().name
        summary.new = [entry["id"] for entry in entries]
        text = _compose(summary.name, summary.version, list[str](), entries)
    else:
        text = _edit(project, target, before, entries, summary, given)
    if text:
        change_files(project.root, {target: restore_ends(target, text) if before else text})
    return summary


def describe_sheet(summary: SheetSummary) -> list[str]:
    """The summary as lines of text, and what comes next."""
    lines = [f"columns left out, a codebook has no place for them: {', '.join(summary.left_out)}"] if summary.left_out else []
    if not (summary.new or summary.changed or summary.gone):
        return [*lines, f"{summary.file}: nothing to change"]
    for change, ids in (("new", summary.new), ("changed", summary.changed), ("gone", summary.gone)):
        lines += [f"{change}: {', '.join(ids)}"] if ids else []
    was = f"{summary.before} -> " if summary.before else ""
    lines.append(f"{summary.file}: codebook {summary.name} {was}{summary.version}")
    if summary.before and (summary.new or summary.changed):
        lines.append("nobody has read the older passages for what is new or changed; models must be trained anew")
    return [*lines, "next: narratives labels add TEXTS..., or narratives labels import FILE"]


def _read_sheet(path: Path, encoding: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows as narratives in TOML's form, and the columns that are none of a codebook's."""
    entries: list[dict[str, Any]] = []
    problems: list[str] = []
    lines: dict[tuple[str, int, str], int] = {}
    unknown_columns: dict[str, None] = {}
    for record in read_records(path, encoding=encoding):
        if isinstance(record, BadRecord):
            problems.append(at(path, record.line, record.reason))
            continue
        values = {str(key).strip().lower(): value for key, value in record.values.items()}
        if not entries and (lacking := [column for column in _REQUIRED if column not in values]):
            hint = did_you_mean(lacking[0], [key for key in values if key not in COLUMNS])
            fix = f"a codebook's sheet has the columns {', '.join(COLUMNS)}, the last four may lack"
            raise UserError(at(path, 1, f"no column '{lacking[0]}'{hint}; {fix}"))
        unknown_columns |= dict.fromkeys(key for key in values if key not in COLUMNS)
        entry = {key: cell for key in COLUMNS if (cell := _read_cell(key, values.get(key)))}
        if entry:
            lines["narrative", len(entries), ""] = record.line
            entries.append(entry)
    problems += check_entries(TomlFile(path, {}, lines), entries)
    if not entries and not problems:
        problems.append(at(path, None, "no narrative in it; write one a row"))
    if problems:
        raise UserError(*problems)
    return entries, list(unknown_columns)


def _read_cell(column: str, value: Any) -> Any:
    if column not in _LISTS:
        return "" if value is None else str(value).strip()
    items = value if isinstance(value, list) else str(value or "").splitlines()
    return [str(item).strip() for item in items if str(item).strip()]


def _edit(
    project: Project,
    target: Path,
    before: Codebook,
    entries: list[dict[str, Any]],
    summary: SheetSummary,
    heading: tuple[str | None, str | None],
) -> str:
    """The codebook's new text, empty where nothing changes; notes in `summary` what does."""
    file = read_toml(target)
    old = {entry["id"]: (slot, entry) for slot, entry in enumerate(file.values["narrative"])}
    new = {entry["id"]: entry for entry in entries}
    summary.new = [id_ for id_ in new if id_ not in old]
    trimmed = {id_: {key: value for key, value in entry.items() if value} for id_, (_, entry) in old.items()}
    summary.changed = [id_ for id_ in new if id_ in old and new[id_] != trimmed[id_]]
    summary.gone = [id_ for id_ in old if id_ not in new]
    summary.before = before.version
    _refuse_orphans(project, summary.gone)
    if not (summary.new or summary.changed or summary.gone):
        return ""
    name, version = heading
    summary.version = version or _raise_version(before.version)
    if len(summary.gone) == len(old):  # another codebook altogether: nothing of the old text is about it
        summary.name = name or project.root.resolve().name
        return _compose(summary.name, summary.version, list(before.rules), entries)
    summary.name = before.name
    if name and name != before.name:
        raise UserError(f"--name {name}: the codebook is named '{before.name}'; change it there, in {target}")
    remaining = [Entry(new[id_] if id_ in summary.changed else entry, slot) for id_, (slot, entry) in old.items() if id_ in new]
    added = [Entry(new[id_], len(old) - 1, fresh=True) for id_ in summary.new]
    return edit_codebook(file, read_text(target), summary.version, [*remaining, *added])


def _refuse_orphans(project: Project, ids: list[str]) -> None:
    corpus = project.read_corpus(may_be_empty=True)
    carrying = [passage for passage in corpus.labelled if any(id_ in (passage.narratives or {}) for id_ in ids)]
    if not carrying:
        return
    used = [id_ for id_ in ids if any(id_ in (passage.narratives or {}) for passage in carrying)]
    counts = Counter(passage.place.file for passage in carrying if passage.place)
    files = ", ".join(f"{file} ({count})" for file, count in counts.items())
    names = ", ".join(used[:4]) + (" ..." if len(used) > 4 else "")
    raise UserError(
        f"{len(carrying)} passages in {files} carry {len(used)} narratives that the sheet lacks ({names}); if they are the "
        f"example's, delete {' and '.join(str(file) for file in counts)} and {corpus.splits_file}, else rename, merge or "
        "retire these narratives with: narratives codebook migrate FILE"
    )


def _compose(name: str, version: str, rules: list[str], entries: list[dict[str, Any]]) -> str:
    """A codebook's whole text."""
    values = {"name": name, "version": version, **({"rules": rules} if rules else {})}
    head = "\n".join(f"{key} = {write_value(value)}" for key, value in values.items())
    return "\n\n".join([head, *(write_entry(entry) for entry in entries)]) + "\n"


def _raise_version(version: str) -> str:
    """The version with its last number one higher; `.1` after one without a number."""
    match = re.search(r"(\d+)(\D*)$", version)
    return f"{version[: match.start()]}{int(match[1]) + 1}{match[2]}" if match else f"{version}.1"
