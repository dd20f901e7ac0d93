"""Passages that a reader must look at after the codebook has changed, in the form that `labels import` takes back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narratives.data import Passage
from narratives.label_forms import STANCES
from narratives.migration_steps import Doubt, Words
from narratives.passages import to_record
from narratives.records import Record, read_records

NEAREST = 50  # passages listed for a narrative that is new


def suggest(passages: Sequence[Passage], narrative: Mapping[str, Any]) -> dict[str, Doubt]:
    """The labelled passages nearest to the words of a new narrative, by passage id: nobody has read them for it.

    Nearness is the cosine of TF-IDF vectors of words.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    labelled = [passage for passage in passages if passage.narratives is not None]
    query = " ".join([narrative["title"], narrative["definition"], *narrative.get("include", ())])
    try:
        x = TfidfVectorizer(sublinear_tf=True).fit_transform([query, *(passage.text for passage in labelled)])
    except ValueError:  # not a word in all of it
        return {}
    nearness = (x[1:] @ x[0].T).toarray()[:, 0]
    id_ = narrative["id"]
    doubt = Doubt(
        f"near to the words of the new '{id_}', for which nobody has read it: does it carry that, and with which stance?",
        (id_,),
        tuple((id_, stance) for stance in STANCES),
    )
    order = sorted(range(len(labelled)), key=lambda k: (-nearness[k], k))[:NEAREST]
    return {labelled[k].id: doubt for k in order if nearness[k] > 0}


def find_open(folder: Path) -> list[str]:
    """A notice for each list of an earlier version in which passages still wait to be read."""
    notes = []
    for path in sorted(folder.glob("*.jsonl")):
        waiting = [r for r in read_records(path) if isinstance(r, Record) and r.values.get("decision", 0) is None]
        if waiting:
            fix = "it names narratives as they were, so import what you decide there with --map OLD=NEW"
            notes.append(f"{path}: {len(waiting)} passages still wait to be read; {fix}")
    return notes


def make_record(passage: Passage, labels: Words | None, besides: Words, doubts: Sequence[Doubt]) -> dict[str, Any]:
    """A passage to be read. `labels` are those that it has now, `besides` those that stand whatever the reader finds.

    In `decision` goes the number of the right one of the `sides`, or the right labels. As long as it is null, import
    leaves the passage as it is.
    """
    sides = [] if labels is None else [dict(labels)]
    for doubt in doubts:
        rest = {id_: stance for id_, stance in besides.items() if id_ not in doubt.about}
        for side in [*({**rest, id_: stance} for id_, stance in doubt.instead), *([rest] if doubt.nothing else [])]:
            if side not in sides:
                sides.append(side)
    record = to_record(passage)
    del record["narratives"]
    why = [doubt.why for doubt in doubts]
    return {"review": why, "decision": None, "sides": [{"narratives": side} for side in sides], **record}
