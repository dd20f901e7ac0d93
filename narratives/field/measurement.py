"""`field report`: what a feed holds, and what the model is worth in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from narratives.annotation import Agreement, Note, compare_readers, list_samples, read_notes
from narratives.batch import read_record
from narratives.data import STANCES, Codebook
from narratives.errors import UserError
from narratives.field.answers import find_owner, open_answers
from narratives.field.counting import ANY, count_strata
from narratives.field.design import Design
from narratives.field.estimates import LEAST, Claim, Measured
from narratives.field.figures import WIDTH, FieldRow, make_rows
from narratives.field.guards import check_answers
from narratives.field.sample import Sample, read_labels, read_sample, refuse_other_codebook, settle
from narratives.field.thresholds import Move, find_moves
from narratives.project import Project

WHY = (
    "Nobody has read any of these texts, so there is no interval: a count says how often the model raises a narrative, not how "
    "often texts carry it. What it raises wrongly and what it misses only people can tell who read a sample drawn by lot: "
    "narratives field draw"
)


@dataclass(frozen=True, slots=True)
class FieldReport:
    """A feed as it was measured. `.narratives` are the rows of whole narratives, by id; `.anything` is that of any of them.

    A row has `.prevalence`, `.precision`, `.recall`, `.f1` (a value with a 95 % interval, or `None` where too few were read),
    `.naive`, `.noticeable`, `.needed`. `.stances` and `.parts` are rows by stance, and by period and source.
    """

    sample: str
    run: str
    texts: int  # of the feed
    drawn: int
    read: int  # texts that somebody has labelled
    by_lot: int  # of these, drawn by lot from all
    readers: dict[str, int]
    width: float
    anything: FieldRow
    narratives: dict[str, FieldRow]
    stances: list[FieldRow]
    parts: list[FieldRow]
    notes: list[str]  # what a reader of the figures should know
    moves: list[Move] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)  # ids of texts in which readers differ
    hard: list[Note] = field(default_factory=list)
    why: str = ""  # where there is no interval at all
    drawing: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def list_rows(self) -> list[FieldRow]:
        """Every row: anything first, then narratives, stances and parts."""
        return [self.anything, *self.narratives.values(), *self.stances, *self.parts]

    def write(self, folder: str | Path, codebook: Codebook) -> Path:
        """Write `report.html`, `report.json` and `figures.csv`; the path of the page."""
        from narratives.field.page import write_field_report

        return write_field_report(Path(folder), self, codebook)


def report(
    project: Project | str | Path, sample: str = "", *, answers: str | Path | None = None, width: float = WIDTH
) -> FieldReport:
    """Measure a feed by a sample and its labels; without a sample, count what the model raises in `answers`.

    `sample` is a name, not needed where there is one only; `answers` the folder that it was drawn from, where that has moved.
    `UserError` where it is of another model, codebook or feed, or the codebook has changed since.
    """
    if not width > 0:  # nor NaN
        raise UserError(f"width {width}: a number above 0 is needed")
    project = project if isinstance(project, Project) else Project(Path(project))
    codebook = project.read_codebook()
    if not sample and answers is not None and not list_samples(project.labels):
        return _count_only(codebook, Path(answers), width)
    drawn = read_sample(project, sample)
    refuse_other_codebook(project, drawn, codebook)
    notes = check_answers(project, drawn, Path(answers) if answers is not None else None)
    labels = read_labels(project, drawn, codebook)
    measured = Measured(drawn, settle(labels))
    readers = Counter(label.by for label in labels)
    agreement = _compare(project, drawn, len(readers))
    disputed = list(dict.fromkeys(id_ for pair in agreement for id_ in pair.differing))
    if disputed:
        notes.append(f"readers differ in {len(disputed)} texts: there most of them count, and the first where they are even")
    return _assemble(
        measured,
        codebook,
        width,
        notes=[*_tell_gaps(measured), *notes],
        readers=dict(readers),
        agreement=agreement,
        disputed=disputed,
        hard=read_notes(project, drawn.name),
        moves=find_moves(measured, codebook.ids) if measured.by_lot >= LEAST else [],
    )


def _assemble(measured: Measured, codebook: Codebook, width: float, **others: Any) -> FieldReport:
    sample, read = measured.sample, len(measured.rows)
    [anything] = make_rows([measured.tally(Claim(ANY))], width)
    whole = make_rows([measured.tally(Claim(id_)) for id_ in codebook.ids], width, among=len(codebook.ids))
    present = [row.narrative for row in whole if row.raised or row.carrying]
    by_stance = [measured.tally(Claim(id_, stance)) for id_ in present for stance in STANCES]
    by_part = [
        measured.tally(Claim(id_, column=column, value=value))
        for column, value in measured.list_cuts()
        for id_ in (ANY, *present)
    ]
    return FieldReport(
        sample=sample.name,
        run=sample.run,
        texts=sample.size,
        drawn=len(sample.texts),
        read=read,
        by_lot=measured.by_lot,
        width=width,
        anything=anything,
        narratives={row.narrative: row for row in whole},
        stances=make_rows([tally for tally in by_stance if tally.raised or tally.carrying], width),
        parts=make_rows([tally for tally in by_part if tally.raised or tally.carrying or tally.claim.narrative == ANY], width),
        why=WHY if not read else "",
        drawing={**asdict(sample.design), "digest": sample.digest, "when": sample.when},
        **others,
    )


def _count_only(codebook: Codebook, answers: Path, width: float) -> FieldReport:
    table = open_answers(read_record(answers))
    run, digest = find_owner(table)
    if digest != codebook.digest[:12]:
        raise UserError(f"{answers}: answers in another codebook ({digest}, not {codebook.digest[:12]}); classify again")
    strata = tuple(count_strata(table, (), ""))
    nobody = Sample("", Design(), run, {}, codebook.digest, str(answers), {}, (), strata, (), (), {}, "", "")
    return _assemble(Measured(nobody, {}), codebook, width, notes=[], readers={})


def _compare(project: Project, sample: Sample, readers: int) -> list[Agreement]:
    if readers < 2:
        return []
    try:
        return compare_readers(project, sample=sample.name)
    except UserError:  # two readers of different texts
        return []


def _tell_gaps(measured: Measured) -> list[str]:
    """Strata without labels, texts that nobody has read, and too few labels for an estimate."""
    sample, notes = measured.sample, []
    unread = len(sample.texts) - len(measured.rows)
    if not measured.rows:
        return []
    if unread:
        notes.append(
            f"{unread} of {len(sample.texts)} drawn texts are not read yet; they were handed out in the order of the lots"
        )
    if measured.by_lot < LEAST:
        notes.append(
            f"{measured.by_lot} texts drawn by lot are read: too few for an estimate; {LEAST} at least, 400 for small shares"
        )
    covered = {text.values for text in measured.rows}
    gaps = [stratum for stratum in sample.strata if stratum.values not in covered]
    if gaps and sample.design.by:
        share = sum(stratum.texts for stratum in gaps) / sample.size
        shown = "; ".join("/".join(stratum.values) for stratum in gaps[:5]) + (" ..." if len(gaps) > 5 else "")
        notes.append(
            f"no text was read of {len(gaps)} strata ({100 * share:.1f} % of the feed: {shown}); nothing is said of them alone"
        )
    if sample.retired:
        notes.append(f"the sample was handed to training on {sample.retired[:10]}: it says nothing of models trained since")
    return notes


def describe_report(report: FieldReport, titles: Sequence[str] = ()) -> list[str]:
    """The report as lines of text."""
    lines = [f"feed of {report.texts} texts, answered by '{report.run}'; read: {report.read} of {report.drawn} drawn"]
    lines += [report.why] if report.why else []
    width = max(len(id_) for id_ in (*report.narratives, ANY))
    head = ("prevalence", "(95 %)", "counted", "precision", "recall", "labels")
    lines.append(f"{'':{width}}  {head[0]:>10} {head[1]:>14} {head[2]:>8} {head[3]:>18} {head[4]:>18} {head[5]:>7}")
    rows = [report.anything, *sorted(report.narratives.values(), key=lambda row: (-(row.carrying), -row.raised))]
    for row in rows:
        if row.raised or row.carrying:
            level, span = (_percent(row.prevalence.value), _span(row)) if row.prevalence else ("-", "-")
            lines.append(
                f"{row.narrative:{width}}  {level:>10} {span:>14} {_percent(row.naive):>8} "
                f"{_show(row.precision):>18} {_show(row.recall):>18} {row.carrying:>7}"
            )
    if report.anything.plan:
        lines.append(report.anything.plan)
    for move in report.moves:
        what = "move it (--apply)" if move.is_sure else "not sure enough to move it"
        gain = f"F1 {move.gain:+.2f} ({move.low:+.2f} to {move.high:+.2f})"
        if move.after != move.before:
            lines.append(f"threshold of {move.narrative}: {move.before:.3f} -> {move.after:.3f}, {gain}: {what}")
    return [*lines, *report.notes]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _span(row: FieldRow) -> str:
    figure = row.prevalence
    return f"{100 * (figure.low or 0):.1f}-{100 * (figure.high or 0):.1f} %" if figure else "-"


def _show(figure: Any) -> str:
    if figure is None or figure.value is None:
        return "-"
    return f"{figure.value:.2f} (too few)" if figure.few else f"{figure.value:.2f} ({figure.low:.2f}-{figure.high:.2f})"
