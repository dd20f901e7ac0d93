"""The folder of a verdict, and what earlier verdicts have done to the test passages: each decision wears them out a little."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.files import read_json, write_json, write_text
from narratives.models import Changes, Lesson, Model, read_lessons, remember, to_lines
from narratives.project import Project
from narratives.report import write_report
from narratives.runs.challenge import Trial, name_codebook

TESTED_FILE = "tested.jsonl"  # the passages that a verdict was reached on: id, digest of the text, labels
_DIGESTS = ("incumbent", "challenger", "test")  # what a verdict was reached on


@dataclass(frozen=True, slots=True)
class Wear:
    """How often today's test passages have been used to decide, over all runs of the project."""

    passages: int
    decisions: int  # verdicts that at least one of them took part in
    typical: int  # verdicts that the median passage took part in
    fresh: int  # passages that no verdict has used
    relabelled: int  # passages that an earlier verdict met with other labels

    def describe(self) -> str:
        """One sentence, and what it means."""
        if not self.decisions:
            return f"no verdict before this was reached on any of the {self.passages} test passages"
        usage = (
            f"{self.decisions} verdict{'s' if self.decisions > 1 else ''} before this, over all runs, "
            f"used test passages of today's {self.passages}: half of them in {self.typical} or more, {self.fresh} in none"
        )
        changed = f"; {self.relabelled} carry other labels than in an earlier verdict" if self.relabelled else ""
        return f"{usage}{changed}. Each decision makes the figures of the model that stands a little too good: add fresh texts"


def choose_folder(project: Project, run: str, facts: Mapping[str, Any]) -> Path:
    """Where a verdict goes: into the next number, over the last one where nothing has changed since."""
    numbered = _list_verdicts(project, run)
    if numbered and all(read_json(numbered[-1]).get(name) == json.loads(json.dumps(facts[name])) for name in _DIGESTS):
        return numbered[-1].parent
    number = int(numbered[-1].parent.name) + 1 if numbered else 1
    return project.experiment(run) / "retraining" / f"{number:04}"


def gather_facts(
    run: str, incumbent: Model, challenger: Model, trial: Trial, changes: Changes | None, gold_digest: str
) -> dict[str, Any]:
    """What `verdict.json` says beside the verdict itself: which models met on which passages, and what the labels did."""
    models = {"incumbent": incumbent, "challenger": challenger}
    comparison = trial.comparison
    return {
        "run": run,
        **{
            name: {"digest": model.digest, "codebook": name_codebook(model.codebook), "training": model.training}
            for name, model in models.items()
        },
        "test": {"passages": trial.incumbent.passages, "documents": trial.incumbent.documents, "gold_digest": gold_digest},
        "changes": changes.to_json() if changes else None,
        "flips": {"all": len(comparison.flips), "regressions": comparison.regressions, "file": "flips.jsonl"},
    }


def measure_wear(project: Project, passages: Sequence[Passage], digest: str, folder: Path) -> Wear:
    """What verdicts before that in the `folder` were reached on.

    A verdict of an older version, which kept no list of passages, counts where its test passages were exactly today's, by
    their `digest`.
    """
    today = {lesson.id: lesson for lesson in remember({"test": passages})}
    uses: Counter[str] = Counter()
    relabelled: set[str] = set()
    decisions = 0
    for path in _list_verdicts(project, "*"):
        if path.parent == folder:
            continue
        tested = _read_tested(path.parent)
        if tested is None:
            is_same_test = read_json(path).get("test", {}).get("gold_digest") == digest
            used = list(today.values()) if is_same_test else []
        else:
            used = [lesson for lesson in tested if lesson.id in today and today[lesson.id].text == lesson.text]
        decisions += bool(used)
        uses.update(lesson.id for lesson in used)
        relabelled |= {lesson.id for lesson in used if lesson.narratives != today[lesson.id].narratives}
    return Wear(
        passages=len(today),
        decisions=decisions,
        typical=int(median(uses[id_] for id_ in today)),
        fresh=sum(not uses[id_] for id_ in today),
        relabelled=len(relabelled),
    )


def write_verdict(folder: Path, trial: Trial, facts: Mapping[str, Any], passages: Sequence[Passage]) -> Path:
    """Write the flips with their texts, the passages tested on, the page, and the verdict last; the path of the page."""
    texts = {passage.id: passage.text for passage in passages}
    flips = trial.comparison.to_json()["flips"]
    lines = (json.dumps({**flip, "text": texts[flip["passage"]]}, ensure_ascii=False) for flip in flips)
    write_text(folder / "flips.jsonl", "".join(line + "\n" for line in lines))
    write_text(folder / TESTED_FILE, to_lines(remember({"test": passages})))
    write_json(folder / "comparison.json", trial.comparison.to_json())
    page = write_report(folder, [trial.incumbent, trial.challenger], trial.comparison, trial.verdict, texts)
    write_json(folder / "verdict.json", facts)
    return page


def _read_tested(folder: Path) -> list[Lesson] | None:
    try:
        return read_lessons(folder, TESTED_FILE)
    except (ValueError, TypeError):
        reason = "not the list of passages that a verdict was reached on; restore the file or delete it"
        raise UserError(at(folder / TESTED_FILE, None, reason)) from None


def _list_verdicts(project: Project, run: str) -> list[Path]:
    """The verdicts of a run, oldest first; `*` for all runs."""
    return sorted(project.root.glob(f"experiments/{run}/retraining/[0-9]*/verdict.json"))
