"""A sample on disk, `labels/field/NAME/`: its plan, its texts, what the model said of them, and its readers' labels."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from narratives.annotation import FieldLabel, list_samples, read_field_labels, sample_folder
from narratives.data import Codebook, Labels, Stance
from narratives.errors import UserError, at, did_you_mean
from narratives.field.counting import Stratum
from narratives.field.design import Design
from narratives.files import BadRecord, read_json, read_records
from narratives.project import Project

PLAN_FILE, SAMPLE_FILE, ANSWERS_FILE = "plan.json", "sample.jsonl", "answers.jsonl"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SampleText:
    """A text of a sample: what its readers get, how it came in, and, kept from them, what the model said."""

    id: str
    text: str
    values: tuple[str, ...]  # of its stratum
    unit: str  # the document that was drawn whole, or the text itself
    draws: Mapping[str, float]  # draw -> probability to come in by it
    raised: Mapping[str, str | None]  # narrative -> stance
    scores: Mapping[str, float]
    details: Mapping[str, str]  # document, language, source, date

    @property
    def probability(self) -> float:
        """With which probability it came in, by whichever draw."""
        missed = 1.0
        for chance in self.draws.values():
            missed *= 1 - chance
        return 1 - missed


@dataclass(frozen=True, slots=True)
class Sample:
    """A probability sample of a feed, as it was drawn; it does not change, but for `retired`."""

    name: str
    design: Design
    run: str  # whose answers they are
    model: Mapping[str, str]  # what the answers say of it
    codebook: str  # digest
    answers: str  # the folder, as seen from the project's
    parts: Mapping[str, str]  # file of answers -> digest
    files: tuple[str, ...]  # of the feed that was drawn from; empty: all
    strata: tuple[Stratum, ...]
    units: tuple[int, ...]  # of each stratum: texts, or documents
    drawn: tuple[int, ...]
    thresholds: Mapping[str, float]  # of the model, where it was at hand
    digest: str  # of the list of ids
    when: str  # UTC
    retired: str = ""
    texts: tuple[SampleText, ...] = ()

    @property
    def size(self) -> int:
        """Texts in the feed."""
        return sum(stratum.texts for stratum in self.strata)

    def to_plan(self) -> dict[str, Any]:
        """The plan as plain data: all but the texts."""
        values = {key: value for key, value in asdict(replace(self, texts=(), strata=())).items() if key != "texts"}
        return {"format_version": FORMAT, **values, "strata": [stratum.to_json() for stratum in self.strata]}

    def compose(self, folder: Path) -> dict[Path, str | None]:
        """The files of the sample and what stands in them; answers apart from what readers may see."""
        shown = [
            {"id": t.id, "text": t.text, **t.details, "stratum": list(t.values), "unit": t.unit, "draws": dict(t.draws),
             "probability": t.probability}
            for t in self.texts
        ]  # fmt: skip
        kept = [{"id": t.id, "narratives": dict(t.raised), "scores": dict(t.scores)} for t in self.texts]
        return {
            folder / PLAN_FILE: json.dumps(self.to_plan(), indent=1, ensure_ascii=False) + "\n",
            folder / SAMPLE_FILE: _to_lines(shown),
            folder / ANSWERS_FILE: _to_lines(kept),
        }


def digest_ids(ids: Sequence[str]) -> str:
    """SHA-256 of a list of ids, in this order."""
    return hashlib.sha256("\n".join(ids).encode("utf-8", "surrogatepass")).hexdigest()


def read_sample(project: Project, name: str = "") -> Sample:
    """A sample of the project, by its name or the only one; `UserError` where it was altered since it was drawn."""
    names = list_samples(project.labels)
    if not name and len(names) == 1:
        name = names[0]
    if not name:
        reason = f"there are several: {', '.join(names)}; name one" if names else "none is drawn yet: narratives field draw"
        raise UserError(at(project.labels / "field", None, f"which sample? {reason}"))
    folder = sample_folder(project.labels, name)
    if not (folder / PLAN_FILE).is_file():
        raise UserError(at(folder / PLAN_FILE, None, f"no sample '{name}'{did_you_mean(name, names)}"))
    plan = read_json(folder / PLAN_FILE)
    try:
        sample = _parse_plan(plan)
        texts = _read_texts(folder)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(at(folder, None, "not a sample of this version, or damaged; restore its files or draw anew")) from None
    if digest_ids([text.id for text in texts]) != sample.digest:
        raise UserError(
            at(folder / SAMPLE_FILE, None, "other texts than were drawn (the digest of ids differs); restore the file")
        )
    return replace(sample, texts=tuple(texts))


def refuse_other_codebook(project: Project, sample: Sample, codebook: Codebook) -> None:
    """`UserError` where the project's codebook is another than when the sample was drawn."""
    if sample.codebook != codebook.digest:
        fix = "draw a new sample of answers in this codebook, or bring the former one back"
        reason = f"drawn for another codebook ({sample.codebook[:12]}, not {codebook.digest[:12]})"
        raise UserError(at(sample_folder(project.labels, sample.name), None, f"{reason}; {fix}"))


def read_labels(project: Project, sample: Sample, codebook: Codebook) -> list[FieldLabel]:
    """What readers found in the texts of a sample; `UserError` where a label is of a text that is not in it."""
    labels = read_field_labels(sample_folder(project.labels, sample.name), codebook)
    ids = {text.id for text in sample.texts}
    if strange := [label.id for label in labels if label.id not in ids]:
        raise UserError(at(sample_folder(project.labels, sample.name), None, f"'{strange[0]}' is labelled and no text of it"))
    return labels


def settle(labels: Sequence[FieldLabel]) -> dict[str, Labels]:
    """The labels of each text: what most of its readers found; where they are even, the first to be imported counts."""
    readers: dict[str, list[Labels]] = {}
    for label in labels:
        readers.setdefault(label.id, []).append(label.narratives)
    settled: dict[str, Labels] = {}
    for id_, readings in readers.items():
        counts = Counter(narrative for reading in readings for narrative in reading)
        carried = [
            n for n, count in counts.items() if 2 * count > len(readings) or (2 * count == len(readings) and n in readings[0])
        ]
        settled[id_] = {
            narrative: _find_stance([reading[narrative] for reading in readings if narrative in reading])
            for narrative in carried
        }
    return settled


def _find_stance(stances: Sequence[Stance | None]) -> Stance | None:
    given = [stance for stance in stances if stance is not None]
    return max(given, key=lambda stance: (given.count(stance), -given.index(stance))) if given else None


def _parse_plan(plan: Mapping[str, Any]) -> Sample:
    if plan["format_version"] != FORMAT:
        raise ValueError(plan["format_version"])
    values = {key: value for key, value in plan.items() if key != "format_version"}
    design = Design(**{**values["design"], "by": tuple(values["design"]["by"])})
    strata = tuple(Stratum.from_json(stratum) for stratum in values["strata"])
    lists = {key: tuple(values[key]) for key in ("files", "units", "drawn")}
    return Sample(**{**values, **lists, "design": design, "strata": strata})


def _read_texts(folder: Path) -> list[SampleText]:
    answer_of = {str(record["id"]): record for record in _read_lines(folder / ANSWERS_FILE)}
    texts = []
    for row in _read_lines(folder / SAMPLE_FILE):
        id_ = str(row["id"])
        details: dict[str, str] = {key: str(row[key]) for key in ("document", "language", "source", "date") if key in row}
        answer = answer_of[id_]
        texts.append(
            SampleText(
                id=id_,
                text=str(row["text"]),
                values=tuple(map(str, row["stratum"])),
                unit=str(row["unit"]),
                draws={str(draw): float(chance) for draw, chance in row["draws"].items()},
                raised=dict(answer["narratives"]),
                scores={str(key): float(score) for key, score in answer["scores"].items()},
                details=details,
            )
        )
    return texts


def _read_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for record in read_records(path):
        if isinstance(record, BadRecord):
            raise UserError(at(path, record.line, record.reason))
        rows.append(record.values)
    return rows


def _to_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
