"""Passages that a reader must look at after the codebook has changed, in the form that `labels import` takes back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narratives.annotation import make_form, read_open
from narratives.data import Passage
from narratives.labels import STANCES
from narratives.migration.steps import Doubt, Words

NEAREST = 50  # passages listed for a narrative that is new


def find_nearest(passages: Sequence[Passage], narrative: Mapping[str, Any]) -> dict[str, Doubt]:
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
    fix = "it names narratives as they were, so import what you decide there with --map OLD=NEW"
    return [f"{path}: {len(forms)} passages still wait to be read; {fix}" for path, forms in read_open(folder)]


def list_sides(passage: Passage, labels: Words | None, besides: Words, doubts: Sequence[Doubt]) -> dict[str, Any]:
    """A passage to be read. `labels` are those that it has now, `besides` those that stand whatever the reader finds.

    As long as nobody has decided, import leaves the passage as it is.
    """
    sides = [] if labels is None else [dict(labels)]
    for doubt in doubts:
        unaffected = {id_: stance for id_, stance in besides.items() if id_ not in doubt.about}
        for side in [
            *({**unaffected, id_: stance} for id_, stance in doubt.instead),
            *([unaffected] if doubt.may_be_none else []),
        ]:
            if side not in sides:
                sides.append(side)
    return make_form(passage, [{"narratives": side} for side in sides], why=[doubt.why for doubt in doubts])
