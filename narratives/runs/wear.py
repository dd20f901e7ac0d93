"""How worn a test set is: what earlier verdicts were reached on. Each decision makes the figures of what stands too good."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.files import read_json
from narratives.models import Lesson, read_lessons, remember
from narratives.project import Project

TESTED_FILE = "tested.jsonl"  # the passages that a verdict was reached on: id, digest of the text, labels


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


def measure_wear(project: Project, passages: Sequence[Passage], digest: str, folder: Path | None = None) -> Wear:
    """What verdicts were reached on, but for that in the `folder`.

    A verdict of an older version, which kept no list of passages, counts where its test passages were exactly today's, by
    their `digest`.
    """
    today = {lesson.id: lesson for lesson in remember({"test": passages})}
    uses: Counter[str] = Counter()
    relabelled: set[str] = set()
    decisions = 0
    for path in list_verdicts(project, "*"):
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


def _read_tested(folder: Path) -> list[Lesson] | None:
    try:
        return read_lessons(folder, TESTED_FILE)
    except (ValueError, TypeError):
        reason = "not the list of passages that a verdict was reached on; restore the file or delete it"
        raise UserError(at(folder / TESTED_FILE, None, reason)) from None


def list_verdicts(project: Project, run: str) -> list[Path]:
    """The verdicts of a run, oldest first; `*` for all runs."""
    return sorted(project.root.glob(f"experiments/{run}/retraining/[0-9]*/verdict.json"))
