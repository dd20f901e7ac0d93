"""`suggest`: which new texts to label next. They are read in a stream; of the many only a bounded pool is kept."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.annotation.incoming import fold_text
from narratives.annotation.selection import Choice, choose, measure_doubt, measure_likeness
from narratives.annotation.tasks import Suggestion
from narratives.batch import (
    EVERYTHING,
    Columns,
    Cursor,
    Item,
    Options,
    classify_items,
    describe_left_out,
    find_sources,
    make_plan,
    read_items,
)
from narratives.data import Codebook, Floats, Labels, Passage
from narratives.labels import BY_LOT, has_control
from narratives.models import Model, load_model
from narratives.progress import Progress, Say
from narratives.project import Project
from narratives.texts import find_windows, near_duplicates

RANDOM = 0.05  # share drawn by lot: what the model is wrongly sure of shows nowhere else
THIN = 10  # passages that carry a narrative, below which a text is said to be for its sake
_POOL = 1000  # texts kept of those in most doubt, and as many drawn by lot
_LABELLED = 3000  # labelled passages that candidates are held against, drawn by lot from more
_NEW = 0.05  # below this highest score a text is suggested for what it is, not for what it may carry
_CARRIED = ("document", "language", "source", "date")  # kept of a record, where they are texts


@dataclass(slots=True)
class SuggestionSummary:
    """What was read, and how many of it was chosen."""

    texts: int = 0
    empty: int = 0
    rejects: int = 0
    repeats: int = 0  # in the pool, near-duplicates of labelled passages or of each other
    chosen: int = 0
    narratives: dict[str, int] = field(default_factory=dict)  # for how many texts it is the reason
    files: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: Item
    lot: str  # a digest of the text and the seed: the same whatever the order of the input
    doubt: float
    scores: NDArray[np.float32]
    labels: Labels


def suggest_texts(
    project: Project,
    model_folder: Path,
    inputs: Sequence[str],
    n: int,
    columns: Columns,
    seed: int = 0,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> tuple[list[Suggestion], SuggestionSummary]:
    """Choose `n` texts of `inputs` for labelling; fewer where there are no more. `UserError` where an input is wrong."""
    corpus = project.read_corpus()
    codebook, passages, labelled = corpus.codebook, corpus.passages, corpus.labelled
    model = load_model(model_folder, project.trusted)
    if unknown := [id_ for id_ in codebook.ids if id_ not in model.codebook.ids]:
        say(f"the model does not know {', '.join(unknown)}: no text is suggested for their sake; train it anew")
    counts = Counter(id_ for passage in labelled for id_ in passage.narratives or ())
    support = np.array([counts[id_] for id_ in model.codebook.ids])
    summary = SuggestionSummary()
    pool = _read_pool(model, codebook, support, _read(model, inputs, columns, summary, progress, say), seed)
    rng = random.Random(seed)
    sample = rng.sample(labelled, _LABELLED) if len(labelled) > _LABELLED else labelled
    fresh = _drop_repeats(pool, labelled)
    summary.repeats = len(pool) - len(fresh)
    doubt = _doubt(np.array([candidate.scores for candidate in fresh]).reshape(-1, len(support)), model, codebook, support)
    lots = sorted(range(len(fresh)), key=lambda row: fresh[row].lot)[: round(n * RANDOM)]
    alike = measure_likeness([candidate.item.text for candidate in fresh], [passage.text for passage in sample])
    choices = choose(doubt, alike, n, lots)
    texts_by_id = {passage.id: fold_text(passage.text) for passage in passages}
    suggestions = [_suggest(fresh[choice.row], choice, model, support, texts_by_id) for choice in choices]
    reasons = Counter("(by lot)" if c.narrative is None else model.codebook.ids[c.narrative] for c in choices)
    summary.chosen, summary.narratives = len(choices), dict(reasons.most_common())
    return suggestions, summary


def describe_suggestions(summary: SuggestionSummary) -> list[str]:
    """The summary as lines of text."""
    lines = [f"{count:8}  {id_}" for id_, count in summary.narratives.items()]
    lines.append(f"{summary.chosen} suggested from {summary.texts} texts: {', '.join(summary.files)}")
    lines += [f"{summary.empty} texts are empty and were left out"] if summary.empty else []
    lines += [f"{summary.repeats} nearly repeat a labelled passage or each other and were left out"] if summary.repeats else []
    lines += [f"{summary.rejects} records could not be read: narratives classify lists them"] if summary.rejects else []
    return lines


def _read(
    model: Model, inputs: Sequence[str], columns: Columns, summary: SuggestionSummary, progress: Progress | None, say: Say
) -> Iterator[list[Item]]:
    """The texts of the inputs, part by part; a long one window by window, as the model reads it."""
    sources, left_out = find_sources(inputs, "", columns.encoding)
    if left_out:
        say(describe_left_out(left_out))
    plan = make_plan(sources, Options(columns=replace(columns, keep=(EVERYTHING,))), model)
    with closing(Cursor()) as cursor:
        pieces = list(chain.from_iterable(plan.parts))
        for number, (input_, piece) in enumerate(pieces):
            items, rejects = read_items(plan, input_, piece, cursor)
            summary.texts += len(items)
            summary.rejects += len(rejects)
            summary.empty += sum(bool(item.note) for item in items)
            yield [window for item in items for window in _cut(item, model.window)]
            if progress:
                progress(number + 1, len(pieces), "parts")


def _cut(item: Item, size: int) -> list[Item]:
    windows = find_windows(item.text, size, item.language)
    if len(windows) < 2:
        return [item] if windows else []
    return [replace(item, text=item.text[start:end], start=start, end=end) for start, end in windows]


def _doubt(scores: NDArray[np.float32], model: Model, codebook: Codebook, support: NDArray[np.int64]) -> Floats:
    active = np.array([id_ in codebook.ids for id_ in model.codebook.ids])
    return np.asarray(measure_doubt(scores, support) * active)  # a narrative that was retired is worth no label


def _read_pool(
    model: Model, codebook: Codebook, support: NDArray[np.int64], parts: Iterator[list[Item]], seed: int
) -> list[_Candidate]:
    """Of all texts, each once, those in most doubt and as many by lot; in the order of their lots."""
    pool: dict[str, _Candidate] = {}
    for items in parts:
        answers = classify_items(items, model)
        doubts = _doubt(answers.scores, model, codebook, support).sum(1).tolist()
        for row, item in enumerate(items):
            lot = hashlib.sha256(f"{seed}:{fold_text(item.text)}".encode("utf-8", "replace")).hexdigest()
            labels = {id_: stance for id_, stance in answers[row].narratives.items() if id_ in codebook.ids}
            pool.setdefault(lot, _Candidate(item, lot, doubts[row], answers.scores[row], labels))
        doubtful = sorted(pool, key=lambda lot: (-pool[lot].doubt, lot))[:_POOL]
        pool = {lot: pool[lot] for lot in sorted({*doubtful, *sorted(pool)[:_POOL]})}
    return list(pool.values())


def _drop_repeats(pool: Sequence[_Candidate], labelled: Sequence[Passage]) -> list[_Candidate]:
    pairs = near_duplicates([*(passage.text for passage in labelled), *(candidate.item.text for candidate in pool)])
    offset = len(labelled)
    repeats: set[int] = set()
    for pair in sorted(pairs, key=lambda pair: (pair.second, pair.first)):
        if pair.second >= offset and pair.first not in repeats:
            repeats.add(pair.second)
    return [candidate for row, candidate in enumerate(pool, offset) if row not in repeats]


def _suggest(
    candidate: _Candidate, choice: Choice, model: Model, support: NDArray[np.int64], texts_by_id: dict[str, str]
) -> Suggestion:
    item, ids = candidate.item, model.codebook.ids
    record = item.kept["record"]
    carried = {key: record[key] for key in _CARRIED if isinstance(record.get(key), str) and not has_control(record[key])}
    id_ = f"{item.id}:{item.start}" if item.end else item.id
    if has_control(id_) or texts_by_id.setdefault(id_, fold_text(item.text)) != fold_text(item.text):
        id_ = f"text-{candidate.lot[:16]}"
    document = carried.pop("document", id_ if has_control(item.id) else item.id)
    language, source = carried.pop("language", "und"), carried.pop("source", "")
    why = _explain(candidate.scores, choice, model, support)
    passage = Passage(id_, item.text, None, document, language, source, {**carried, "chosen": why})
    return Suggestion(passage, dict(zip(ids, candidate.scores.tolist(), strict=True)), candidate.labels)


def _explain(scores: NDArray[np.float32], choice: Choice, model: Model, support: NDArray[np.int64]) -> str:
    k = choice.narrative
    if k is None:
        return BY_LOT
    id_ = model.codebook.ids[k]
    evidence = f"{id_} {scores[k]:.2f} at {model.thresholds[k]:.2f}"
    if scores.max() < _NEW:
        return f"new: unlike what the model knows, {evidence}"
    return f"thin: {id_} has {support[k]}, {evidence}" if support[k] < THIN else f"uncertain: {evidence}"
