"""An incumbent and its challenger on the same test passages: today's labels, the narratives that both know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from narratives.data import Codebook, Passage, Prediction
from narratives.errors import UserError
from narratives.evaluation import About, Comparison, Evaluation, Figure, Joined, Verdict, compare, join, reach_verdict, score
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
        told = {"new": self.new, "retired": self.retired, "reworded, yet compared": self.reworded}
        lines = [f"{what} narratives: {', '.join(ids)}" for what, ids in told.items() if ids]
        return [f"the incumbent speaks {name_codebook(incumbent)}, the challenger {name_codebook(today)}", *lines]


@dataclass(frozen=True, slots=True)
class Trial:
    """Both models' figures, what differs, and the verdict."""

    incumbent: Evaluation  # of the narratives that both know, as `challenger` is
    challenger: Evaluation
    whole: Evaluation  # the challenger's, on all narratives of today
    comparison: Comparison
    verdict: Verdict


def name_codebook(codebook: Codebook) -> str:
    """`name version`, and enough of the digest to tell two of one version apart."""
    return f"codebook {codebook.name} {codebook.version} ({codebook.digest[:8]})"


def compare_codebooks(incumbent: Codebook, today: Codebook) -> Vocabulary:
    """Which narratives both know; `UserError` where there is none."""
    known = {narrative.id: narrative for narrative in incumbent.narratives}
    both = [narrative for narrative in today.narratives if narrative.id in known]
    if not both:
        raise UserError("the incumbent knows none of today's narratives, so there is nothing to compare; use: narratives train")
    ids = {narrative.id for narrative in both}
    kept = [narrative if narrative.parent in ids else replace(narrative, parent=None) for narrative in both]
    shared = today if len(both) == len(today.narratives) else replace(today, narratives=tuple(kept))
    return Vocabulary(
        shared,
        [id_ for id_ in today.ids if id_ not in known],
        [id_ for id_ in incumbent.ids if id_ not in today.ids],
        [narrative.id for narrative in both if narrative != known[narrative.id]],
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
    resamples: int,
    former: Figure | None,
    margin: float,
    progress: Progress | None = None,
) -> Trial:
    """Predict, score and compare. `former` is the micro F1 that the incumbent reached on the test passages of its day."""
    today = challenger.codebook
    shared = compare_codebooks(incumbent.codebook, today).shared
    texts = [passage.text for passage in passages]
    ids = [passage.id for passage in passages]
    predictions = [list(model.classify(texts, ids, progress=progress)) for model in (incumbent, challenger)]
    runs: list[tuple[Evaluation, Joined]] = []
    for name, model, predicted in zip((INCUMBENT, CHALLENGER), (incumbent, challenger), predictions, strict=True):
        runs.append(_score(name, model, passages, predicted, shared))
    whole = runs[1][0] if shared is today else _score(CHALLENGER, challenger, passages, predictions[1], today)[0]
    (before, answers_before), (after, answers_after) = runs
    comparison = compare(before, answers_before, after, answers_after, shared, resamples, SEED)
    new = [row for row in whole.narratives if row.id not in shared.ids]
    verdict = reach_verdict(comparison, before, after, new, former if shared is today else None, margin)
    return Trial(before, after, whole, comparison, verdict)


def _score(
    name: str, model: Model, passages: Sequence[Passage], predictions: list[Prediction], codebook: Codebook
) -> tuple[Evaluation, Joined]:
    kept = set(codebook.ids)

    def keep(values: dict[str, Any]) -> dict[str, Any]:
        return {id_: value for id_, value in values.items() if id_ in kept}

    gold = [replace(passage, narratives=keep(passage.narratives or {})) for passage in passages]
    said = [replace(one, scores=keep(one.scores), narratives=keep(one.narratives)) for one in predictions]
    answers = join(gold, said, codebook, name)
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
