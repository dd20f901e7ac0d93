"""What an import did, for a program and in lines of text."""

from dataclasses import asdict, dataclass, field
from typing import Any

from narratives.annotation.review import HINT


@dataclass(slots=True)
class ImportSummary:
    """What an import did, or would do."""

    imported: int = 0
    none: int = 0  # of those imported or updated, how many carry none
    unlabelled: int = 0
    by_model: int = 0  # of those imported or updated, how many labels are a model's answer
    updated: int = 0  # passages that were there and got labels or stances
    dropped: int = 0
    conflicts: int = 0
    rejected: int = 0
    narratives: dict[str, int] = field(default_factory=dict)  # among those imported or updated
    new_documents: dict[str, int] = field(default_factory=dict)  # split -> how many
    kept_out: list[dict[str, str]] = field(default_factory=list)  # newcomers that nearly repeat a held-out passage
    decided: dict[str, int] = field(default_factory=dict)  # file of reviews -> decisions that came back and were written there
    notes: dict[str, int] = field(default_factory=dict)
    samples: dict[str, dict[str, int]] = field(default_factory=dict)  # sample -> new, changed, the same, unlabelled
    files: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def describe_import(summary: ImportSummary) -> list[str]:
    """The summary as lines of text."""
    lines = ["dry run: nothing was written"] if summary.dry_run else []
    for name, counts in summary.samples.items():
        tally = ", ".join(f"{count} {state}" for state, count in counts.items())
        lines.append(f"field sample '{name}': {tally}; it measures, and nothing is trained on it before: field retire {name}")
    if summary.imported or not (summary.samples or summary.updated):
        lines += [f"imported: {summary.imported}{_into(summary, 'passages')}"]
    lines += [f"filled in or decided: {summary.updated} that were there"] if summary.updated else []
    lines += [f"{n:8}  {id_}" for id_, n in summary.narratives.items()] if summary.imported + summary.updated else []
    lines += [f"{summary.none:8}  (carry none)"] if summary.none else []
    lines += [f"{summary.unlabelled:8}  (not labelled)"] if summary.unlabelled else []
    if summary.by_model:
        lines.append(f"answers of a model among them: {summary.by_model}; marked as such, trained on, never tested on")
    lines += [f"dropped: {summary.dropped}, the same text with the same labels, or settled before"] if summary.dropped else []
    if summary.new_documents:
        lines.append("new documents: " + ", ".join(f"{n} {split}" for split, n in sorted(summary.new_documents.items())))
    lines += [f"nearly repeat a held-out passage: {len(summary.kept_out)}"] if summary.kept_out else []
    for newcomer in summary.kept_out:
        fate = {"train": "not trained on", newcomer["held_out"]: f"in {newcomer['split']} too"}.get(
            newcomer["split"], f"in {newcomer['split']}"
        )
        lines.append(f"  '{newcomer['id']}' like '{newcomer['like']}' ({newcomer['held_out']}): {fate}")
    lines += [f"decisions written down in {file}: {count}" for file, count in summary.decided.items()]
    lines += [f"{note}: {count}" for note, count in summary.notes.items()]
    if summary.rejected:
        lines.append(f"bad records: {summary.rejected}{_into(summary, 'rejected')}; mend them there and import that file")
    if summary.conflicts:
        lines.append(f"conflicts: {summary.conflicts}{_into(summary, 'conflicts')}; {HINT} and import that file")
    return lines


def _into(summary: ImportSummary, kind: str) -> str:
    return f" in {summary.files[kind]}" if kind in summary.files else ""
