"""`codebook migrate`: the codebook, all labels and all checks brought to a new version, as one change."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narratives.annotation import HINT
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.files import Record, change_files, change_lines, read_records, read_text, read_toml
from narratives.labels import join_stance, read_checks
from narratives.migration.codebook_text import edit_codebook, restore_ends
from narratives.migration.file import Migration, read_migration
from narratives.migration.further import check_further
from narratives.migration.nearest import NEAREST, find_nearest, find_open, list_sides
from narratives.migration.steps import UNLABELLED, Doubt, Step, carry_over, follow
from narratives.progress import Say
from narratives.project import Project

_VERSION = re.compile(r"\w[\w.+-]*")
Lines = dict[int, dict[str, Any] | None]  # line -> its new values; `None` takes it out


@dataclass(slots=True)
class MigrationSummary:
    """What a migration did, or would do."""

    codebook: str
    before: str
    after: str
    steps: dict[str, int] = field(default_factory=dict)  # step -> passages that carried what it takes up
    relabelled: int = 0
    unlabelled: int = 0  # of those, how many count as not labelled until they are read
    checks: dict[str, int] = field(default_factory=dict)  # renamed, taken out
    review: int = 0
    notes: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)  # those that speak the old version
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def migrate_codebook(project: Project, path: Path, dry_run: bool = False, say: Say | None = None) -> MigrationSummary:
    """Carry out the migration in `path`. `UserError` lists every problem, and nothing is written."""
    with project.lock(say):
        return _migrate(project, path, dry_run)


def _migrate(project: Project, path: Path, dry_run: bool) -> MigrationSummary:
    codebook, old_file = project.read_codebook(), read_toml(project.labels / "codebook.toml")
    migration, passages, further = _read_all(project, path, codebook, old_file.values["narrative"])
    version = migration.version
    summary = MigrationSummary(codebook.name, codebook.version, version, dry_run=dry_run)
    text = edit_codebook(old_file, read_text(old_file.path), version, migration.entries)
    contents: dict[Path, str | None] = {old_file.path: restore_ends(old_file.path, text)}
    contents |= _relabel(project, migration, passages, further, summary)
    contents |= _change_checks(project, migration, summary)
    record = project.labels / "migrations" / f"{version}.toml"
    entries = [entry.values for entry in migration.entries]
    after = Codebook.from_json({**codebook.to_json(), "version": version, "narratives": entries})
    contents[record] = (
        f"# Applied on {datetime.now(UTC).date()}: {codebook.name} {codebook.version} (digest {codebook.digest[:12]}) "
        f"became {version} (digest {after.digest[:12]}).\n\n{read_text(path)}"
    )
    summary.files["record"] = str(record)
    summary.notes += find_open(project.labels / "review")
    summary.notes += _find_mentions(old_file.path, text, set(codebook.ids) - set(after.ids))
    models = project.root.glob("models/*/model.json")
    summary.models = sorted(file.parent.name for file in models if not file.parent.name.startswith("."))
    if not dry_run:
        change_files(project.root, contents)
    return summary


def describe_migration(summary: MigrationSummary) -> list[str]:
    """The summary as lines of text."""
    lines = ["dry run: nothing was written"] if summary.dry_run else []
    lines += [f"codebook {summary.codebook}: {summary.before} -> {summary.after}"]
    lines += [f"{count:8}  {step}" for step, count in summary.steps.items()]
    unlabelled = f", {summary.unlabelled} of them not labelled until they are read" if summary.unlabelled else ""
    lines += [f"passages with other labels: {summary.relabelled}{unlabelled}"]
    lines += [f"checks {fate}: {count}" for fate, count in summary.checks.items()]
    lines += summary.notes
    if summary.review:
        lines.append(
            f"to be read: {summary.review} in {summary.files['review']}; {HINT}, "
            f"then: narratives labels import {summary.files['review']}; or decide on the page: narratives serve"
        )
    if summary.models:
        again = " ".join(summary.models)
        lines.append(f"models trained so far speak {summary.codebook} {summary.before}; train anew: narratives run {again}")
    return lines


def _read_all(
    project: Project, path: Path, codebook: Codebook, narratives: Sequence[dict[str, Any]]
) -> tuple[Migration, list[Passage], list[Passage]]:
    """The migration, the passages and the further test passages, if all that changes can be read; else every problem."""
    problems: list[str] = []
    passages, further = list[Passage](), list[Passage]()
    migration = None
    try:
        migration = read_migration(path, narratives)
        problems += _check_version(project, migration, codebook)
    except UserError as error:
        problems += error.problems
    try:
        corpus = project.read_corpus(may_be_empty=True)
        passages = corpus.passages
        further = [p for file in project.read_further(project.find_all_further(), corpus).values() for p in file]
    except UserError as error:
        problems += error.problems
    try:
        read_checks(project.checks_file, codebook)
    except UserError as error:
        problems += error.problems
    if problems or migration is None:
        raise UserError(*problems)
    return migration, passages, further


def _check_version(project: Project, migration: Migration, codebook: Codebook) -> list[str]:
    file, version = migration.file, migration.version
    line = file.line(key="version")
    if not _VERSION.fullmatch(version):
        return [at(file.path, line, f"version '{version}' names files; use letters, digits, '.', '-', '+' and '_' only")]
    if version == codebook.version:
        return [at(file.path, line, f"the codebook is at {version} already; give the version that it will have")]
    records = [project.labels / "migrations" / f"{version}.toml", project.labels / "review" / f"{version}.jsonl"]
    return [at(file.path, line, f"{old} is there already; give another version") for old in records if old.exists()]


def _relabel(
    project: Project, migration: Migration, passages: list[Passage], further: list[Passage], summary: MigrationSummary
) -> dict[Path, str]:
    """The passages' files and the list of those to be read, as far as they change; `further` ones are never on the list."""
    summary.notes += check_further(migration, further)
    suggested = _suggest(migration, passages, summary)
    changed: dict[Path, dict[int, dict[str, str | None] | None]] = {}
    counts: Counter[str] = Counter()
    records = []
    listed = {passage.id for passage in passages}
    for passage in [*passages, *further]:
        if passage.narratives is None:
            continue
        labels, touched, doubts = follow(migration.steps, passage.narratives)
        counts.update(step.describe() for step in touched)
        unread = any(step.until_read == UNLABELLED for step in touched)
        doubts += [near[passage.id] for near in suggested if passage.id in near]
        if unread or list(labels.items()) != list(passage.narratives.items()):
            if passage.place is None:
                raise ValueError(f"'{passage.id}' was read from no file")
            changed.setdefault(passage.place.file, {})[passage.place.line] = None if unread else labels
            summary.unlabelled += unread
            summary.relabelled += 1
        if doubts and passage.id in listed:
            records.append(list_sides(passage, None if unread else labels, labels, doubts))
    summary.steps = {step.describe(): counts[step.describe()] for step in migration.steps}
    summary.review = len(records)
    texts = {path: _write_labels(path, lines) for path, lines in changed.items()}
    if records:
        path = project.labels / "review" / f"{summary.after}.jsonl"
        summary.files["review"] = str(path)
        texts[path] = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return texts


def _suggest(migration: Migration, passages: Sequence[Passage], summary: MigrationSummary) -> list[Mapping[str, Doubt]]:
    values = {entry.values["id"]: entry.values for entry in migration.entries}
    suggested: list[Mapping[str, Doubt]] = []
    for step in migration.steps:
        if step.kind == "add" and step.new[0] in values:
            near = find_nearest(passages, values[step.new[0]])
            suggested.append(near)
            unread = sum(passage.narratives is not None for passage in passages) - len(near)
            note = f"'{step.new[0]}': nobody has read the older passages for it; the {NEAREST} nearest to its words are listed"
            summary.notes.append(f"{note}, {unread} others count as not carrying it" if unread else note)
    return suggested


def _write_labels(path: Path, lines: Mapping[int, dict[str, str | None] | None]) -> str:
    changes: Lines = {}
    for record in read_records(path):
        if isinstance(record, Record) and record.line in lines:
            labels: Any = lines[record.line]
            if labels is not None and isinstance(record.values["narratives"], list):
                labels = [join_stance(id_, stance) for id_, stance in labels.items()]
            changes[record.line] = {"narratives": labels}
    return change_lines(path, changes)


def _change_checks(project: Project, migration: Migration, summary: MigrationSummary) -> dict[Path, str]:
    """The checks' file, and beside the record of the migration the checks that no narrative is left for."""
    path, changes, removed = project.checks_file, Lines(), []
    for record in read_records(path) if path.exists() else ():
        id_ = None
        if isinstance(record, Record):
            id_ = record.values["narrative"]
            new = _follow(migration.steps, id_)
            if new is None:
                removed.append(record.values)
            if new != id_:
                changes[record.line] = None if new is None else {"narrative": new}
    if not changes:
        return {}
    summary.checks = {"renamed": len(changes) - len(removed), "taken out": len(removed)}
    if doubtful := [", ".join(step.old) for step in migration.steps if step.kind in ("merge", "split")]:
        summary.notes.append(f"{path}: read the checks of {', '.join(doubtful)}, which were merged or split")
    texts = {path: change_lines(path, changes)}
    if removed:
        record_file = project.labels / "migrations" / f"{summary.after}-checks.jsonl"
        summary.files["checks"] = str(record_file)
        texts[record_file] = "".join(json.dumps(values, ensure_ascii=False) + "\n" for values in removed)
    return texts


def _follow(steps: Sequence[Step], id_: str) -> str | None:
    """The narrative that a check is about after the steps; `None` where there is none."""
    carried: dict[str, str | None] = {id_: None}
    for step in steps:
        carried = carry_over(step, carried)
    return next(iter(carried), None)


def _find_mentions(path: Path, text: str, ids: set[str]) -> list[str]:
    notes = []
    for id_ in sorted(ids):
        word = re.compile(rf"(?<![\w.-]){re.escape(id_)}(?![\w-])")
        lines = [str(number) for number, line in enumerate(text.split("\n"), 1) if word.search(line)]
        if lines:
            notes.append(f"{path}: '{id_}' still stands in the wording on line {', '.join(lines)}; change it if it is the id")
    return notes
