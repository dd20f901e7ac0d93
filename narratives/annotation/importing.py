"""`labels import`: fresh labels from other tools into the project. All is checked before anything is written."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from narratives.annotation.conflicts import read_settled
from narratives.annotation.field_labels import LABELS_FILE, divide, merge_field_labels, sample_folder
from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.handout import Returned, read_returned, write_decisions
from narratives.annotation.imported import compose_files
from narratives.annotation.incoming import Incoming, parse_entries
from narratives.annotation.merge import READERS, Merge, merge
from narratives.annotation.names import Names, make_names
from narratives.annotation.official import draw_validation, find_official
from narratives.annotation.outcome import ImportSummary
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.files import change_files, change_lines, read_text
from narratives.labels import Splits, assign_splits, extend_splits
from narratives.progress import Say
from narratives.project import Project
from narratives.texts import near_duplicates

_NO_TEST = (
    "the data has no test part, so its documents are dealt out as others are; import its test part with it to keep its splits"
)
_NO_VALIDATION = "the data has no validation part; documents of its training part that were drawn by lot for it"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is to be imported, and how it is to be read."""

    files: Sequence[Path]
    form: str | None = None
    renames: Sequence[str] = ()
    text: str | None = None
    labels: Sequence[str] = ()
    annotator: str | None = None
    header: Sequence[str] = ()  # the columns of tables that do not name them
    encoding: str = ""  # of text files that are not UTF-8
    label_names: Path | None = None  # a name a line, for the numbers 0, 1, ...
    columns: Mapping[str, str] = field(default_factory=dict)  # our own key (id, document, ...) -> the field that holds it
    texts: Path | None = None
    spans: bool = False
    new_splits: bool = False  # deal documents out anew, whatever split the data names
    empty_is_none: bool = False
    partial: bool = False
    as_labels: bool = False  # answers of a model are taken too, and marked
    into: str | None = None
    by: str = ""  # who read the texts of a field sample, where the file does not say
    accept_good: bool = False
    dry_run: bool = False


def import_labels(project: Project, request: ImportRequest, say: Say | None = None) -> ImportSummary:
    """Import files. `UserError` lists every bad record, unless the good ones are to be taken all the same."""
    with project.lock(say):
        return _import(project, request)


def _import(project: Project, request: ImportRequest) -> ImportSummary:
    corpus = project.read_corpus(may_be_empty=True)
    codebook, existing, splits = corpus.codebook, corpus.passages, corpus.splits
    names = make_names(codebook, request.renames)
    wishes = make_wishes(request, names)
    entries: list[Entry] = []
    returned: list[Returned] = []
    for path in request.files:
        if back := (None if request.header else read_returned(path, project.root, request.encoding)):
            returned.append(back)
        entries += back.entries if back else read_entries(path, request.form, wishes)
    if not entries:
        what = "no form in it is decided" if returned else "no records in it"
        raise UserError(at(request.files[0], None, f"{what}; look whether it is the right file"))
    parsed = parse_entries(entries, codebook, names, existing, keep_bad=request.accept_good)
    del entries
    if not request.accept_good:
        parsed.check()
    for_samples, good = divide(project.labels, parsed.good)
    merged = merge(existing, good, read_settled(project.labels / "conflicts", names))
    for old in sorted(set(names.renames) - names.met):
        parsed.notes[f"--map {old}: labels of that name"] = 0
    summary = _count(merged, parsed.refused, codebook, request.dry_run)
    summary.notes = dict(parsed.notes)
    new_splits: Splits = {}
    if merged.new:
        official = {} if request.new_splits else _honour(summary, good, merged.new, splits)
        new_splits = {**official, **_split(summary, existing, merged.new, {**splits, **official}, official)}
    texts = compose_files(project.labels, merged, parsed.bad, request.into)
    summary.files = {kind: str(project.labels / name) for kind, (name, _) in texts.items()}
    changes: dict[Path, str | None] = {project.labels / name: text for name, text in texts.values()}
    changes |= _rewrite(merged.updated)
    changes |= _measure(project, for_samples, codebook, request.by, summary)
    decided, summary.decided = write_decisions(returned, {(item.passage.place, item.passage.id) for item in parsed.good})
    changes |= decided
    if new_splits:
        changes[project.splits_file] = extend_splits(project.splits_file, new_splits)
    if changes and not request.dry_run:
        change_files(project.root, changes)
    return summary


def make_wishes(request: ImportRequest, names: Names) -> Wishes:
    """What a request says about how files are to be read."""
    return Wishes(
        names=names,
        text=request.text,
        labels=tuple(dict.fromkeys(request.labels)),
        empty_is_none=request.empty_is_none,
        partial=request.partial,
        spans=request.spans,
        columns=request.columns,
        texts=request.texts,
        as_labels=request.as_labels,
        annotator=request.annotator,
        header=tuple(request.header),
        encoding=request.encoding,
        class_names=_read_class_names(request.label_names, request.encoding),
    )


def _read_class_names(path: Path | None, encoding: str) -> tuple[str, ...]:
    """The names in a file, a line each; of a table (`0,toll`) the last field of each line."""
    if path is None:
        return ()
    lines = [line for line in read_text(path, encoding).splitlines() if line.strip()]
    return tuple(re.split(r"[\t,]", line)[-1].strip() if re.match(r"\d+\s*[\t,]", line) else line.strip() for line in lines)


def _measure(
    project: Project, for_samples: Mapping[str, Sequence[Incoming]], codebook: Codebook, by: str, summary: ImportSummary
) -> dict[Path, str]:
    """The files of field samples with what was read for them; it is told in the summary."""
    changes = {}
    for name, rows in for_samples.items():
        folder = sample_folder(project.labels, name)
        changes[folder / LABELS_FILE], counts = merge_field_labels(folder, rows, codebook, by)
        summary.samples[name] = dict(counts)
    return changes


def _count(merged: Merge, refused: int, codebook: Codebook, dry_run: bool) -> ImportSummary:
    labels = [passage.narratives for passage in (*merged.new, *merged.updated)]
    carried = Counter(id_ for narratives in labels for id_ in narratives or ())
    return ImportSummary(
        imported=len(merged.new),
        none=labels.count({}),
        unlabelled=labels.count(None),
        by_model=sum(passage.by_model for passage in (*merged.new, *merged.updated)),
        updated=len(merged.updated),
        dropped=merged.dropped,
        conflicts=len(merged.conflicts),
        rejected=refused,
        narratives={id_: carried[id_] for id_ in codebook.ids},
        dry_run=dry_run,
    )


def _honour(summary: ImportSummary, good: Sequence[Incoming], new: Sequence[Passage], splits: Splits) -> Splits:
    official, fixed = find_official(good, {passage.document for passage in new}, splits)
    parts = {*official.values(), *splits.values()}
    if official and "test" not in parts:  # nothing could be tested
        summary.notes[_NO_TEST] = len(official)
        official = {}
    elif "train" in official.values() and "validation" not in parts:
        official = draw_validation(official)
        summary.notes[_NO_VALIDATION] = list(official.values()).count("validation")
    if official:
        counts = ", ".join(f"{count} {split}" for split, count in sorted(Counter(official.values()).items()))
        note = f"the data's own splits were kept ({counts}); --new-splits deals the documents out instead"
        summary.notes[note] = len(official)
    if fixed:
        summary.notes["documents that the data has in another split than this project; they stay where they are here"] = fixed
    return official


def _split(
    summary: ImportSummary, existing: Sequence[Passage], new: Sequence[Passage], splits: Splits, official: Splits
) -> Splits:
    """Splits for new documents. Notes which newcomers nearly repeat a passage that was held out before they came."""
    passages = [*existing, *new]
    pairs = near_duplicates([passage.text for passage in passages])
    added = assign_splits(passages, pairs, splits)
    after = {**splits, **added}
    fresh = {p.document for p in new} & (added.keys() | official.keys())
    summary.new_documents = dict(Counter(after[document] for document in fresh))
    reported: set[str] = set()
    for pair in pairs:
        old, newcomer = passages[pair.first], passages[pair.second]
        held_out = splits.get(old.document) in ("validation", "test")
        if pair.first < len(existing) <= pair.second and held_out and newcomer.id not in reported:
            reported.add(newcomer.id)
            summary.kept_out.append(
                {"id": newcomer.id, "like": old.id, "held_out": splits[old.document], "split": after[newcomer.document]}
            )
    return added


def _rewrite(updated: Sequence[Passage]) -> dict[Path, str]:
    """Files in which passages got other labels, with their new texts. Every other line stays as it was."""
    changed: dict[Path, dict[int, dict[str, Any] | None]] = {}
    for passage in updated:
        if passage.place is None:
            raise ValueError(f"'{passage.id}' was read from no file")
        beside = {key: passage.extras[key] for key in ("origin", READERS) if key in passage.extras}
        changed.setdefault(passage.place.file, {})[passage.place.line] = {"narratives": passage.narratives, **beside}
    return {path: change_lines(path, lines) for path, lines in changed.items()}
