"""A challenger and the models before it on the same test passages: today's labels, the narratives that both know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from narratives.data import Codebook, Passage, Prediction
from narratives.errors import UserError
from narratives.evaluation import (
    TOLERANCE,
    About,
    Comparison,
    Evaluation,
    Figure,
    Joined,
    Rival,
    Verdict,
    compare,
    join,
    reach_verdict,
    score,
)
from narratives.models import Lesson, Model, digest_text
from narratives.progress import Progress
from narratives.runs.evaluate import SEED

INCUMBENT, CHALLENGER = "incumbent", "challenger"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the codebook of today differs from the one that the incumbent speaks."""

    shared: Codebook  # today's, without what the incumbent does not know
    new: list[str]
    retired: list[str]
    reworded: list[str]

    def describe(self, incumbent: Codebook, today: Codebook) -> list[str]:
        """What differs, in lines of text; none where nothing does."""
        if incumbent.digest == today.digest:
            return []
        changes = {"new": self.new, "retired": self.retired, "reworded, yet compared": self.reworded}
        lines = [f"{kind} narratives: {', '.join(ids)}" for kind, ids in changes.items() if ids]
        return [f"the incumbent speaks {name_codebook(incumbent)}, the challenger {name_codebook(today)}", *lines]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a trial is judged by."""

    resamples: int
    margin: float = TOLERANCE
    former: Figure | None = None  # the micro F1 that the incumbent reached on the test passages of its day
    beside: Sequence[
        Passage
    ] = ()  # held-out passages beside the test, to see whether a narrative that it lacks is raised there


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier model that the challenger has to face too."""

    name: str
    model: Model
    lessons: Sequence[Lesson]  # what it learned from: not compared on


@dataclass(frozen=True, slots=True)
class Trial:
    """Both models' figures, what differs, and the verdict."""

    incumbent: Evaluation  # of the narratives that both know, as `challenger` is
    challenger: Evaluation
    on_today: Evaluation  # the challenger's, on all narratives of today
    comparison: Comparison
    verdict: Verdict


def name_codebook(codebook: Codebook) -> str:
    """`name version`, and enough of the digest to tell two of one version apart."""
    return f"codebook {codebook.name} {codebook.version} ({codebook.digest[:8]})"


def compare_codebooks(incumbent: Codebook, today: Codebook) -> Vocabulary:
    """Which narratives both know; `UserError` where there is none."""
    former = {narrative.id: narrative for narrative in incumbent.narratives}
    shared_narratives = [narrative for narrative in today.narratives if narrative.id in former]
    if not shared_narratives:
        raise UserError("the incumbent knows none of today's narratives, so there is nothing to compare; use: narratives train")
    ids = {narrative.id for narrative in shared_narratives}
    pruned = [narrative if narrative.parent in ids else replace(narrative, parent=None) for narrative in shared_narratives]
    shared = today if len(shared_narratives) == len(today.narratives) else replace(today, narratives=tuple(pruned))
    return Vocabulary(
        shared,
        [id_ for id_ in today.ids if id_ not in former],
        [id_ for id_ in incumbent.ids if id_ not in today.ids],
        [narrative.id for narrative in shared_narratives if narrative != former[narrative.id]],
    )


def leave_out_learned(passages: Sequence[Passage], lessons: Iterable[Lesson]) -> list[Passage]:
    """Test passages that a model has not learned from, by id and by text: a document may have been moved by hand."""
    ids, texts = set(), set()
    for lesson in lessons:
        ids.add(lesson.id)
        texts.add(lesson.text)
    return [passage for passage in passages if passage.id not in ids and digest_text(passage.text) not in texts]


def try_out(
    incumbent: Model,
    challenger: Model,
    passages: Sequence[Passage],
    terms: Terms,
    past: Past | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Predict, score and compare. `past` is the best version so far, where that is another than the incumbent."""
    today = challenger.codebook
    shared = compare_codebooks(incumbent.codebook, today).shared
    predictions = _predict(challenger, passages, progress)
    rival = _face(INCUMBENT, incumbent, challenger, passages, predictions, terms.resamples, progress)
    on_today = rival.challenger if shared is today else _score(CHALLENGER, challenger, passages, predictions, today)[0]
    best = None
    if past:
        unlearned = leave_out_learned(passages, past.lessons)
        best = (
            _face(past.name, past.model, challenger, unlearned, predictions, terms.resamples, progress) if unlearned else None
        )
    verdict = reach_verdict(
        rival.comparison,
        rival.evaluation,
        rival.challenger,
        [row for row in on_today.narratives if row.id not in shared.ids],
        terms.former if shared is today else None,
        terms.margin,
        best,
        _count_raised(challenger, terms.beside) if any(not row.raised for row in on_today.narratives) else {},
    )
    return Trial(rival.evaluation, rival.challenger, on_today, rival.comparison, verdict)


def _predict(model: Model, passages: Sequence[Passage], progress: Progress | None) -> list[Prediction]:
    return list(model.classify([passage.text for passage in passages], [passage.id for passage in passages], progress=progress))


def _face(
    name: str,
    model: Model,
    challenger: Model,
    passages: Sequence[Passage],
    predictions: Sequence[Prediction],
    resamples: int,
    progress: Progress | None,
) -> Rival:
    """A model against the challenger, whose `predictions` may hold more passages than these."""
    shared = compare_codebooks(model.codebook, challenger.codebook).shared
    ids = {passage.id for passage in passages}
    chosen = [prediction for prediction in predictions if prediction.id in ids]
    before, answers_before = _score(name, model, passages, _predict(model, passages, progress), shared)
    after, answers_after = _score(CHALLENGER, challenger, passages, chosen, shared)
    comparison = compare(before, answers_before, after, answers_after, shared, resamples, SEED)
    called = "the incumbent" if name == INCUMBENT else name
    return Rival(name=called, evaluation=before, challenger=after, comparison=comparison)


def _count_raised(model: Model, passages: Sequence[Passage]) -> dict[str, int]:
    """For how many labelled passages each narrative is raised; a parent is where a child is."""
    answers = join(passages, _predict(model, passages, None), model.codebook, CHALLENGER)
    return dict(zip(model.codebook.ids, answers.predicted.sum(0).tolist(), strict=True))


def _score(
    name: str, model: Model, passages: Sequence[Passage], predictions: Sequence[Prediction], codebook: Codebook
) -> tuple[Evaluation, Joined]:
    ids = set(codebook.ids)

    def keep(values: dict[str, Any]) -> dict[str, Any]:
        return {id_: value for id_, value in values.items() if id_ in ids}

    gold = [replace(passage, narratives=keep(passage.narratives or {})) for passage in passages]
    reduced = [
        replace(prediction, scores=keep(prediction.scores), narratives=keep(prediction.narratives))
        for prediction in predictions
    ]
    answers = join(gold, reduced, codebook, name)
    threshold = dict(zip(model.codebook.ids, model.thresholds, strict=True))
    evaluation = score(
        answers,
        codebook,
        About(
            run=name,
            description=f"Speaks {name_codebook(model.codebook)}; model {model.digest[:12]}.",
            classifier=model.classifier_name,
            split="test",
            training=model.training,
        ),
        thresholds=[float(threshold[id_]) for id_ in codebook.ids],
    )
    return evaluation, answers
