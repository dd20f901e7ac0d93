"""The folder of a verdict, and what is written there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narratives.data import Passage
from narratives.files import read_json, write_json, write_text
from narratives.models import Changes, Model, remember, to_lines
from narratives.project import Project
from narratives.report import write_report
from narratives.runs.challenge import Trial, name_codebook
from narratives.runs.wear import TESTED_FILE, list_verdicts

_DIGESTS = ("incumbent", "challenger", "test")  # what a verdict was reached on


def choose_folder(project: Project, run: str, facts: Mapping[str, Any]) -> Path:
    """Where a verdict goes: into the next number, over the last one where nothing has changed since."""
    numbered = list_verdicts(project, run)
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
