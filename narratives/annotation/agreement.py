"""How far readers agree: kappa and F1 by narrative, for any two of those who read the same texts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from narratives.annotation.field_labels import UNNAMED, list_samples, read_field_labels, sample_folder
from narratives.annotation.formats.choice import read_entries
from narratives.annotation.importing import ImportRequest, make_wishes
from narratives.annotation.incoming import fold_text, parse_entries
from narratives.annotation.names import make_names
from narratives.data import Codebook, Labels
from narratives.errors import UserError, at
from narratives.progress import Say
from narratives.project import Project

Readings = Mapping[str, Mapping[str, Labels]]  # reader -> text -> labels
_NO_FILES = ImportRequest(files=())


@dataclass(frozen=True, slots=True)
class NarrativeAgreement:
    """How far two readers agree on one narrative."""

    id: str
    both: int  # texts in which both found it
    first: int  # in which only the first did
    second: int
    f1: float | None  # one reader's against the other's; the same whichever is taken for right; `None` where nobody found it
    kappa: float | None  # Cohen's; `None` where both always say the same


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two readers agree on the texts that both have read."""

    first: str
    second: str
    texts: int
    same: int  # texts with exactly the same narratives
    f1: float | None  # over all narratives in one pot
    kappa: float | None
    stances: int  # narratives that both found, each with a stance
    same_stances: int
    narratives: list[NarrativeAgreement]
    differing: list[str]  # ids of texts in which they differ

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader wrote beside a label."""

    sample: str
    id: str
    by: str
    note: str


def read_readings(
    project: Project, request: ImportRequest = _NO_FILES, sample: str = "", say: Say = lambda _: None
) -> Readings:
    """Who read which texts, and found what: in files as `labels import` takes them, or in the project's field samples.

    What had to be assumed, and so may be missing, goes to `say`.
    """
    codebook = project.read_codebook()
    readings: dict[str, dict[str, Labels]] = {}
    if request.files:
        names = make_names(codebook, request.renames)
        wishes = make_wishes(request, names)
        entries = [entry for path in request.files for entry in read_entries(path, request.form, wishes)]
        parsed = parse_entries(entries, codebook, names, [], keep_bad=False)
        parsed.check()
        for note, count in parsed.notes.items():
            say(f"{note}: {count}")
        for reading in parsed.good:
            if reading.passage.narratives is not None:
                by = reading.by or str(reading.passage.extras.get("by") or "") or UNNAMED
                readings.setdefault(by, {})[fold_text(reading.passage.text)] = reading.passage.narratives
        return readings
    for name in [sample] if sample else list_samples(project.labels):
        for label in read_field_labels(sample_folder(project.labels, name), codebook):
            readings.setdefault(label.by, {})[f"{name}: {label.id}" if not sample else label.id] = label.narratives
    return readings


def read_notes(project: Project, sample: str = "") -> list[Note]:
    """What readers wrote beside hard cases of field samples."""
    codebook = project.read_codebook()
    return [
        Note(sample=name, id=label.id, by=label.by, note=label.note)
        for name in ([sample] if sample else list_samples(project.labels))
        for label in read_field_labels(sample_folder(project.labels, name), codebook)
        if label.note
    ]


def compare_readers(
    project: Project, request: ImportRequest = _NO_FILES, sample: str = "", say: Say = lambda _: None
) -> list[Agreement]:
    """Every two readers who share a text; `UserError` where no two do."""
    codebook, readings = project.read_codebook(), read_readings(project, request, sample, say)
    pairs = [(a, b) for a, b in combinations(sorted(readings), 2) if readings[a].keys() & readings[b].keys()]
    if not pairs:
        where = request.files[0] if request.files else project.labels / "field"
        who = ", ".join(sorted(readings)) or "nobody"
        fix = "have a second reader label a part of them (narratives field draw --second N), under a name of their own"
        raise UserError(at(where, None, f"no two readers have read the same texts (read by: {who}); {fix}"))
    return [_compare(a, b, readings, codebook) for a, b in pairs]


def describe_agreement(agreement: Agreement) -> list[str]:
    """The figures as lines of text."""
    lines = [
        f"{agreement.first} and {agreement.second}: {agreement.texts} texts, the same in {agreement.same}; "
        f"F1 {_show(agreement.f1)}, kappa {_show(agreement.kappa)}"
    ]
    if agreement.stances:
        lines.append(f"stances: the same in {agreement.same_stances} of {agreement.stances} that both found")
    rows = [row for row in agreement.narratives if row.both or row.first or row.second]
    width = max((len(row.id) for row in rows), default=0)
    if rows:
        lines.append(f"{'':{width}}   both  first second     F1  kappa")
    for row in sorted(rows, key=lambda row: (row.kappa is None, row.kappa or 0.0)):
        lines.append(
            f"{row.id:{width}}  {row.both:5}  {row.first:5}  {row.second:5}  {_show(row.f1):>5}  {_show(row.kappa):>5}"
        )
    if agreement.differing:
        shown = ", ".join(agreement.differing[:10]) + (" ..." if len(agreement.differing) > 10 else "")
        lines.append(f"they differ in {len(agreement.differing)}: {shown}")
    return lines


def _compare(first: str, second: str, readings: Readings, codebook: Codebook) -> Agreement:
    a, b = readings[first], readings[second]
    shared = [key for key in a if key in b]
    cells = {id_: [0, 0, 0] for id_ in codebook.ids}
    for key in shared:
        for id_ in a[key].keys() | b[key].keys():
            cells[id_][0 if id_ in a[key] and id_ in b[key] else 1 if id_ in a[key] else 2] += 1
    rows = [
        NarrativeAgreement(id=id_, both=x, first=y, second=z, f1=_find_f1(x, y, z), kappa=_find_kappa(x, y, z, len(shared)))
        for id_, (x, y, z) in cells.items()
    ]
    both, left, right = (sum(column) for column in zip(*cells.values(), strict=True))
    pairs = [(a[key][id_], b[key][id_]) for key in shared for id_ in a[key] if id_ in b[key]]
    with_stances = [pair for pair in pairs if None not in pair]
    return Agreement(
        first=first,
        second=second,
        texts=len(shared),
        same=sum(a[key].keys() == b[key].keys() for key in shared),
        f1=_find_f1(both, left, right),
        kappa=_find_kappa(both, left, right, len(shared) * len(codebook.ids)),
        stances=len(with_stances),
        same_stances=sum(a_stance == b_stance for a_stance, b_stance in with_stances),
        narratives=rows,
        differing=[key for key in shared if a[key].keys() != b[key].keys()],
    )


def _find_f1(both: int, first: int, second: int) -> float | None:
    total = 2 * both + first + second
    return round(2 * both / total, 4) if total else None


def _find_kappa(both: int, first: int, second: int, n: int) -> float | None:
    """Cohen's kappa: agreement beyond what both would reach by chance (Cohen, 1960)."""
    a, b = (both + first) / n, (both + second) / n
    chance = a * b + (1 - a) * (1 - b)
    return round(((n - first - second) / n - chance) / (1 - chance), 4) if chance < 1 else None


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
