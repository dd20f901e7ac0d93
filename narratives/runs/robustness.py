"""How much of a figure is owed to the split: random passages, whole documents, or later dates held out."""

import random
from collections.abc import Sequence
from typing import Any

from narratives.data import Codebook, Matrix, Passage
from narratives.errors import UserError, at
from narratives.labels import SHARES, Corpus, gold_matrix
from narratives.metrics import bound, find_owners, measure, sum_by_document, to_plain
from narratives.models import decide, fit_calibration, tune_thresholds
from narratives.progress import Progress
from narratives.project import RunConfig

SEED = 0
Parts = tuple[list[Passage], list[Passage], list[Passage]]  # train, validation, test


def probe_splits(config: RunConfig, corpus: Corpus, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Train and score a run's classifier anew for each way of holding out, on all labelled passages.

    The narratives alone, without stances or help from the codebook. Each row: how it was held out, passages tested, micro
    and macro F1 with 95 % intervals over documents (`None` where undefined). Random passages flatter a model that remembers
    documents; later dates ask for what a monitor needs. Dates are the passages' `date` field, compared as text, so they
    must be written year first. `UserError` where there are too few documents.
    """
    passages, codebook = [p for p in corpus.labelled if not p.by_model], corpus.codebook  # each is tested on
    ways = {"random passages": hold_out_passages(passages), "whole documents": hold_out_documents(passages)}
    if all(isinstance(passage.extras.get("date"), str) for passage in passages):
        ways["later dates"] = hold_out_dates(passages)
    if not all(part for parts in ways.values() for part in parts):
        raise UserError(at(corpus.folder, None, "too few documents for --robustness; label more, or evaluate without it"))
    return [_try_out(way, parts, config, codebook, progress) for way, parts in ways.items()]


def hold_out_passages(passages: Sequence[Passage]) -> Parts:
    """Passages dealt out at random, whatever document they belong to."""
    return _cut(random.Random(SEED).sample(list(passages), len(passages)))


def hold_out_documents(passages: Sequence[Passage]) -> Parts:
    """Whole documents dealt out at random."""
    documents = list(dict.fromkeys(passage.document for passage in passages))
    place = {document: k for k, document in enumerate(random.Random(SEED).sample(documents, len(documents)))}
    return _cut(sorted(passages, key=lambda passage: place[passage.document]), whole_documents=True)


def hold_out_dates(passages: Sequence[Passage]) -> Parts:
    """The latest documents are tested, those before them tune, the earliest train. A document has its first date."""
    first: dict[str, str] = {}
    for passage in passages:
        date = str(passage.extras["date"])
        first[passage.document] = min(date, first.get(passage.document, date))
    return _cut(sorted(passages, key=lambda passage: (first[passage.document], passage.document)), whole_documents=True)


def _cut(ordered: Sequence[Passage], whole_documents: bool = False) -> Parts:
    ends = [round(len(ordered) * SHARES["train"]), round(len(ordered) * (SHARES["train"] + SHARES["validation"]))]
    if whole_documents:
        for k, end in enumerate(ends):
            while 0 < end < len(ordered) and ordered[end].document == ordered[end - 1].document:
                end += 1
            ends[k] = end
    return list(ordered[: ends[0]]), list(ordered[ends[0] : ends[1]]), list(ordered[ends[1] :])


def _try_out(way: str, parts: Parts, config: RunConfig, codebook: Codebook, progress: Progress | None) -> dict[str, Any]:
    texts = [[passage.text for passage in part] for part in parts]
    gold: list[Matrix] = [gold_matrix(part, codebook.ids) for part in parts]
    classifier = config.make_classifier()
    classifier.fit(texts[0], gold[0], validation=(texts[1], gold[1]), progress=progress)
    held, tested = (classifier.predict_proba(part) for part in texts[1:])
    taught = gold[0].sum(0) > 0
    calibration = fit_calibration(held, gold[1], taught)
    predicted = taught & decide(calibration.apply(tested), tune_thresholds(calibration.apply(held)))
    owners = find_owners([passage.document for passage in parts[2]])
    sides = measure(gold[2], predicted), *bound(sum_by_document(gold[2], predicted, owners))
    row: dict[str, Any] = {"held out": way, "passages": len(parts[2])}
    for name in ("micro_f1", "macro_f1"):
        row[name] = [to_plain(getattr(side, name)) for side in sides]
    return row
