"""What a model says of one text, as the page shows it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from narratives.data import Narrative
from narratives.serve.answering.shelf import Served
from narratives.serve.tryout.nearest import find_kin
from narratives.texts import Piece, mark_words

_AROUND = 160  # characters shown before and after the place that was found
_LONGEST = 6000  # characters shown of it
_CLOSE = 3  # narratives named that were not raised


@dataclass(frozen=True, slots=True)
class Claim:
    """A narrative that a model raises."""

    narrative: Narrative
    stance: str | None
    score: float
    threshold: float
    pieces: list[Piece]
    before: str
    after: str
    precision: float | None
    tested: int  # test passages for which it was raised
    kin: list[Narrative]


@dataclass(frozen=True, slots=True)
class Close:
    """A narrative that is not raised, its score and the threshold that it missed."""

    narrative: Narrative
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer of one model."""

    name: str
    classifier: str
    tested: bool
    claims: list[Claim]
    close: list[Close]
    note: str


def make_reading(served: Served, row: Mapping[str, Any], text: str, elsewhere: Collection[str] = ()) -> Reading:
    """A row of answers as the page shows it; the highest scores first.

    `elsewhere` are narratives that models beside it raise: their scores are shown whatever they are.
    """
    codebook, scores = served.model.codebook, row["scores"]
    entries = {entry.id: entry for entry in codebook.narratives}
    raised = sorted(row["narratives"], key=lambda id_: -scores[id_])
    thresholds = dict(zip(codebook.ids, served.model.thresholds.tolist(), strict=True))
    others = sorted((id_ for id_ in codebook.ids if id_ not in raised), key=lambda id_: thresholds[id_] - scores[id_])
    close = [id_ for k, id_ in enumerate(others) if id_ in elsewhere or (k < _CLOSE and scores[id_] >= 0.01)]
    return Reading(
        name=served.name,
        classifier=served.model.classifier_name,
        tested=served.tested is not None,
        claims=[_make_claim(served, row, text, entries[id_], thresholds[id_]) for id_ in raised],
        close=[Close(entries[id_], scores[id_], thresholds[id_]) for id_ in close],
        note=_tell_note(row),
    )


def _make_claim(served: Served, row: Mapping[str, Any], text: str, entry: Narrative, threshold: float) -> Claim:
    start, end = row["spans"][entry.id]
    words = [(first - start, last - start, weight) for first, last, weight in row["words"].get(entry.id, ())]
    tested = served.tested.narratives.get(entry.id) if served.tested else None
    return Claim(
        narrative=entry,
        stance=row["narratives"][entry.id],
        score=row["scores"][entry.id],
        threshold=threshold,
        pieces=list(mark_words(text[start:end], words, _LONGEST)),
        before=_cut_before(text[:start]),
        after=_cut_after(text[end:]),
        precision=tested.precision if tested else None,
        tested=tested.raised if tested else 0,
        kin=find_kin(served.model.codebook)[entry.id],
    )


def _cut_before(text: str) -> str:
    return text if len(text) <= _AROUND else "…" + text[-_AROUND:]


def _cut_after(text: str) -> str:
    return text if len(text) <= _AROUND else text[:_AROUND] + "…"


def _tell_note(row: Mapping[str, Any]) -> str:
    if row.get("note"):
        return "There is no text to read."
    if note := row.get("language_note"):
        language = "" if row["language"] == "und" else f" ({row['language']})"
        return f"Language{language}: {note}. Answers may mean little."
    return ""


def list_names(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The models that were chosen, in the order of the shelf; all where none was."""
    return [name for name in names if name in chosen] or list(names)
