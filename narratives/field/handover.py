"""`field retire`: a sample has measured enough; its labels go to training."""

import json
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narratives.annotation import ImportRequest, import_labels, sample_folder
from narratives.errors import UserError, at
from narratives.field.design import LOT
from narratives.field.sample import PLAN_FILE, Sample, read_labels, read_sample, refuse_other_codebook, settle
from narratives.files import write_json
from narratives.labels import BY_LOT
from narratives.progress import Say
from narratives.project import Project


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of a sample."""

    sample: str
    passages: int  # that are new among the project's labels
    dropped: int  # that were there already
    conflicts: int
    files: dict[str, str]


def retire(project: Project, name: str = "", say: Say | None = None) -> Retired:
    """Hand the labels of a sample to training as passages of the project, `labels/field-NAME.jsonl`; it stays as it was.

    What was drawn by lot gets a split like any passage; what was drawn for its answers goes to train. `UserError` where nobody
    has read it, or it was handed over before.
    """
    sample, codebook = read_sample(project, name), project.read_codebook()
    folder = sample_folder(project.labels, sample.name)
    refuse_other_codebook(project, sample, codebook)
    if sample.retired:
        raise UserError(at(folder, None, f"was handed to training on {sample.retired[:10]} already"))
    settled = settle(read_labels(project, sample, codebook))
    if not settled:
        raise UserError(at(folder, None, "nobody has read any text of it, so there is nothing to learn from"))
    records = [_to_record(sample, text.id, settled) for text in sample.texts if text.id in settled]
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / f"{sample.name}.jsonl"
        path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
        summary = import_labels(project, ImportRequest(files=[path], form="jsonl", into=f"field-{sample.name}"), say)
    write_json(folder / PLAN_FILE, replace(sample, retired=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")).to_plan())
    return Retired(sample.name, summary.imported, summary.dropped, summary.conflicts, summary.files)


def _to_record(sample: Sample, id_: str, settled: dict[str, Any]) -> dict[str, Any]:
    text = next(text for text in sample.texts if text.id == id_)
    details = {key: value for key, value in text.details.items() if value}
    chosen = BY_LOT if LOT in text.draws else f"raised: {', '.join(text.draws)}"
    return {**details, "id": id_, "text": text.text, "narratives": settled[id_], "chosen": chosen, "from_field": sample.name}
