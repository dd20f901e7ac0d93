"""`field draw`: a seeded probability sample of a feed, written down before anybody reads."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narratives.annotation import SAMPLE_KEY, check_task_file, sample_folder, write_tasks
from narratives.batch import Columns, read_record
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.field.answers import NO_DATE, AnswerTable, find_owner, open_answers
from narratives.field.counting import Stratum, count_strata
from narratives.field.design import LOT, Design
from narratives.field.lots import Draw, Lots, draw_lots
from narratives.field.sample import Sample, SampleText, digest_ids
from narratives.field.texts import add_texts, find_files
from narratives.files import change_files
from narratives.labels import has_control
from narratives.models import read_manifest
from narratives.progress import Say
from narratives.project import Project

_SIMPLE = Design()
_COLUMNS = Columns()


def draw(
    project: Project | str | Path,
    answers: str | Path,
    feed: str | Path | Sequence[str | Path] = (),
    design: Design = _SIMPLE,
    *,
    output: str | Path | None = None,
    columns: Columns = _COLUMNS,
    say: Say = lambda _: None,
) -> Sample:
    """Draw a sample of the texts that `answers`, a folder of `classify`, answers; write it down, then the readers' tasks.

    `feed` names files, folders or patterns: only their texts are drawn from, all that is answered where it is empty. The
    answers or the feed must hold the texts. `output` ends in `.json` (Label Studio), `.csv` or `.jsonl` and holds no answer
    of the model; `labels import` takes it back. `UserError` where answers are of several models or of another codebook.
    """
    project = project if isinstance(project, Project) else Project(Path(project))
    names = [str(name) for name in ([feed] if isinstance(feed, str | Path) else feed)]
    if output is not None:
        check_task_file(project, Path(output))
    with project.lock(say):
        corpus = project.read_corpus(may_be_empty=True)
        table = open_answers(read_record(Path(answers)), {design.date: design.date_format})
        run, codebook = find_owner(table)
        if codebook != corpus.codebook.digest[:12]:
            details = f"answers in another codebook ({codebook}, not {corpus.codebook.digest[:12]})"
            raise UserError(at(table.record.folder, None, f"{details}; train on the codebook of today and classify again"))
        answered = [str(name) for (name,) in table.query("SELECT DISTINCT file FROM answers")]
        files = find_files(table.record, answered, names, say)
        strata = count_strata(table, design.by, design.date, list(files))
        if not strata:
            raise UserError(at(table.record.folder, None, "no text in it that could be drawn; classify some first"))
        lots = draw_lots(table, strata, design, list(files))
        rows = add_texts(lots.draws, files, columns, table.record.folder)
        taken = {passage.id: passage.text for passage in corpus.passages}
        texts = _to_texts(rows, table.scored or corpus.codebook.ids, design, taken)
        sample = _make_sample(project, table, (run, corpus.codebook), design, strata, lots, texts, tuple(files))
        folder = sample_folder(project.labels, sample.name)
        if folder.exists():
            raise UserError(at(folder, None, "is there already; give the sample another name: --name NAME"))
        # First: where these cannot be written, there is no sample either.
        tasks = write_readers(Path(output), sample, corpus.codebook) if output is not None else []
        try:
            change_files(project.root, sample.compose(folder))
        except BaseException:
            for file in tasks:
                file.unlink(missing_ok=True)
            raise
    return sample


def write_readers(output: Path, sample: Sample, codebook: Codebook) -> list[Path]:
    """The tasks of a sample, and of its first texts a second time for a second reader where the design asks for it."""
    passages = [_to_passage(text, sample.name) for text in sample.texts]
    files = write_tasks(output, passages, codebook)
    if sample.design.second:
        files += write_tasks(output.with_stem(f"{output.stem}-second"), passages[: sample.design.second], codebook)
    return files


def describe_sample(sample: Sample) -> list[str]:
    """What was drawn, as lines of text."""
    by = ", ".join(sample.design.by) or "none"
    lines = [f"sample '{sample.name}': {len(sample.texts)} of {sample.size} texts answered by '{sample.run}'; strata by: {by}"]
    empty = [stratum for stratum, drawn in zip(sample.strata, sample.drawn, strict=True) if not drawn]
    if sample.design.whole:
        lines.append(f"drawn as whole '{sample.design.whole}': {sum(sample.drawn)} of {sum(sample.units)}")
    if more := sum(LOT not in text.draws for text in sample.texts):
        lines.append(f"{more} of them from what is raised for each narrative, to tell its precision")
    if undated := sum(stratum.texts for stratum in sample.strata if NO_DATE in stratum.values):
        lines.append(f"{undated} texts have no date that can be read; they make a stratum of their own")
    if empty:
        shown = "; ".join("/".join(stratum.values) for stratum in empty[:5]) + (" ..." if len(empty) > 5 else "")
        what = "cannot be measured: give more labels, or fewer strata" if sample.design.equal else "count in the whole only"
        lines.append(f"{len(empty)} of {len(sample.strata)} strata give no text and {what}: {shown}")
    lines.append(f"seed {sample.design.seed}, digest of the ids {sample.digest[:16]}: written down before anybody reads")
    return lines


def _make_sample(
    project: Project,
    table: AnswerTable,
    owner: tuple[str, Codebook],
    design: Design,
    strata: Sequence[Stratum],
    lots: Lots,
    texts: Sequence[SampleText],
    files: tuple[str, ...],
) -> Sample:
    run, codebook = owner
    digest = digest_ids([text.id for text in texts])
    folder, root = table.record.folder.resolve(), project.root.resolve()
    inside = folder.is_relative_to(root)
    return Sample(
        name=design.name or f"{run}-{digest[:6]}",
        design=design,
        run=run,
        model=dict(table.record.model),
        codebook=codebook.digest,
        answers=(folder.relative_to(root) if inside else folder).as_posix(),
        parts=dict(table.record.parts),
        files=files,
        strata=tuple(strata),
        units=tuple(lots.units),
        drawn=tuple(lots.drawn),
        thresholds=_find_thresholds(project, run, table.record.model),
        digest=digest,
        when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        texts=tuple(texts),
    )


def _find_thresholds(project: Project, run: str, model: Mapping[str, Any]) -> dict[str, float]:
    """The thresholds of the model that answered, where it stands in the project; else none."""
    try:
        manifest = read_manifest(project.model(run), check_files=False)
    except UserError:
        return {}
    return dict(manifest["thresholds"]) if model.get("digest") in (None, manifest["digest"]) else {}


def _to_texts(rows: Sequence[Draw], scored: Sequence[str], design: Design, taken: Mapping[str, str]) -> list[SampleText]:
    """The rows with ids of their own: none stands twice, none belongs to another text of the project."""
    texts = []
    used: set[str] = set()
    for row in rows:
        digest = digest_ids([str(part) for part in row.key])
        names = (f"{row.id}:{row.start}" if row.end else row.id, f"{row.file}:{row.line}:{row.start}", f"text-{digest[:16]}")
        id_ = next(n for n in names if not (has_control(n) or n in used or taken.get(n, row.text) != row.text))
        used.add(id_)
        details = {key if key != design.date else "date": value for key, value in row.details.items()}
        texts.append(
            SampleText(
                id=id_,
                text=row.text,
                values=row.values,
                unit=row.unit or id_,
                draws=row.draws,
                raised=row.raised,
                scores=dict(zip(scored, row.scores, strict=False)),
                details={**details, "document": details.get("document", row.id if row.end else id_)},
            )
        )
    return texts


def _to_passage(text: SampleText, name: str) -> Passage:
    extras: dict[str, Any] = {"date": text.details["date"]} if "date" in text.details else {}
    return Passage(
        id=text.id,
        text=text.text,
        narratives=None,
        document=text.details.get("document") or text.id,
        language=text.details.get("language") or "und",
        source=text.details.get("source", ""),
        extras={**extras, SAMPLE_KEY: name},
    )
