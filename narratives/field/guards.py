"""Whether answers are still those that a sample was drawn from, and what has come since."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from narratives.batch import Record, read_record
from narratives.errors import UserError, at
from narratives.field.answers import find_owner, open_answers
from narratives.field.counting import ANY, Stratum, add_up, count_strata
from narratives.field.sample import Sample
from narratives.metrics import holm
from narratives.project import Project

_SAME = {"run": "run", "codebook": "codebook", "digest": "model"}
_SURE, _FAR = 0.01, 1.25  # a share that has moved: by so small a p-value, and so many times


def check_answers(project: Project, sample: Sample, answers: Path | None) -> list[str]:
    """What has come since a sample was drawn, in lines; `UserError` where the answers are of another model, codebook or feed.

    Without `answers` the folder that it was drawn from is looked at; where that is gone, the counts of the drawing stand.
    """
    folder = answers or project.root / sample.answers
    if answers is None and not folder.is_dir():
        return [f"the answers that the sample was drawn from are no longer in {folder}: the counts of that day are used"]
    record = read_record(folder)
    for key, what in _SAME.items():
        before, current = sample.model.get(key, ""), record.model.get(key, "")
        if before and current and before != current:
            raise _refuse(sample, folder, f"the answers are of another {what} ({current[:12]}, not {before[:12]})")
    for name, digest in sample.parts.items():
        if name not in record.parts:
            raise _refuse(sample, folder, f"'{name}' is not there, so this is another feed, or not all of it")
        if record.parts[name] != digest:
            raise _refuse(sample, folder, f"'{name}' has changed since, so these are other answers")
    added = {name: digest for name, digest in record.parts.items() if name not in sample.parts}
    return _tell_drift(sample, replace(record, parts=added)) if added else []


def _refuse(sample: Sample, folder: Path, reason: str) -> UserError:
    fix = "name the answers that it was drawn from with --answers, or draw a new sample"
    return UserError(at(folder, None, f"sample '{sample.name}' was not drawn from it: {reason}; {fix}"))


def _tell_drift(sample: Sample, added: Record) -> list[str]:
    table = open_answers(added)
    run, _ = find_owner(table)
    if run != sample.run:
        raise _refuse(sample, added.folder, f"what was added is answered by '{run}', not by '{sample.run}'")
    before, after = add_up(sample.strata), add_up(count_strata(table, (), ""))
    if not after.texts:
        return []
    lines = [
        f"{after.texts} texts were added to the answers since the sample was drawn: it says nothing of them; draw from them too"
    ]
    moved = find_moved(before, after, sorted({*before.raised, *after.raised}))
    for name, (share, current) in moved.items():
        lines.append(
            f"drift: {name} is raised for {100 * current:.1f} % of what was added, {100 * share:.1f} % before: "
            "the model may be worth more or less there"
        )
    return lines


def find_moved(before: Stratum, after: Stratum, narratives: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """Narratives that are raised for another share than before, far beyond chance; both shares."""
    names = [ANY, *narratives]
    shares = [(before.count(name) / before.texts, after.count(name) / after.texts) for name in names]
    p_values = []
    for a, b in shares:
        pooled = (a * before.texts + b * after.texts) / (before.texts + after.texts)
        error = math.sqrt(pooled * (1 - pooled) * (1 / before.texts + 1 / after.texts))
        p_values.append(math.erfc(abs(b - a) / error / math.sqrt(2)) if error else 1.0)
    corrected = holm(p_values)
    return {
        name: pair for name, pair, p in zip(names, shares, corrected, strict=True) if p < _SURE and max(pair) > _FAR * min(pair)
    }
