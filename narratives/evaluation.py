"""Score predictions against gold labels, joined by id. Models are not needed here, nor seen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isnan
from typing import Any, Self

from narratives.behaviour import FamilyResult
from narratives.codebook import Codebook
from narratives.data import Passage, Prediction, multi_hot
from narratives.errors import UserError
from narratives.metrics import ZERO_DIVISION, Matrix, mean_defined
from narratives.passages import gold_matrix
from narratives.resampling import interval, measure, resample

THIN = 10  # positives below which a narrative's own figures say little


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval; `None` where undefined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class NarrativeScore:
    """One row of the report."""

    id: str
    title: str
    family: str
    support: int  # passages that carry it
    raised: int  # passages it was raised for
    threshold: float | None
    precision: Figure
    recall: Figure
    f1: Figure

    @property
    def thin(self) -> bool:
        """Whether there are too few positives to tell."""
        return self.support < THIN


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Plain data that renders to JSON, Markdown and HTML, and states the rules it was computed by."""

    run: str
    description: str
    classifier: str
    codebook: dict[str, Any]  # name, version, digest, narratives
    split: str
    passages: int
    documents: int
    none: int  # passages that carry no narrative
    overall: dict[str, Figure]  # micro_f1, macro_f1, macro_f1_firm, samples_f1
    narratives: list[NarrativeScore]
    training: dict[str, Any]
    rules: dict[str, str]
    gold_digest: str
    notes: list[str] = field(default_factory=list)
    behaviour: list[FamilyResult] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data, without a time stamp: the same predictions give the same bytes."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        overall = {name: Figure(**figure) for name, figure in value["overall"].items()}
        rows = []
        for row in value["narratives"]:
            fields: dict[str, Any] = {key: Figure(**item) if isinstance(item, dict) else item for key, item in row.items()}
            rows.append(NarrativeScore(**fields))
        behaviour = [FamilyResult(**result) for result in value["behaviour"]]
        return cls(**{**value, "overall": overall, "narratives": rows, "behaviour": behaviour})


@dataclass(frozen=True, slots=True)
class Answers:
    """Gold and predicted labels of the same passages in the same order."""

    passages: Sequence[Passage]
    gold: Matrix  # (passages, narratives)
    predicted: Matrix

    @property
    def documents(self) -> list[str]:
        """The document of each passage: the unit of resampling."""
        return [passage.document for passage in self.passages]


def join(passages: Sequence[Passage], predictions: Sequence[Prediction], codebook: Codebook, source: object) -> Answers:
    """Pair gold passages with predictions by id; `UserError` lists ids that are missing, extra or repeated.

    The order is that of the ids, so that shuffling either side changes no digit of any figure.
    """
    by_id = {prediction.id: prediction for prediction in predictions}
    wanted = {passage.id for passage in passages}
    repeated = sorted(id_ for id_, n in Counter(p.id for p in predictions).items() if n > 1)
    problems = [
        f"{source}: {len(ids)} {what}: {', '.join(ids[:10])}{' ...' if len(ids) > 10 else ''}; {fix}"
        for ids, what, fix in (
            (sorted(wanted - by_id.keys()), "passages without a prediction", "predict them too"),
            (sorted(by_id.keys() - wanted), "predictions for passages that are not in the gold", "leave them out"),
            (repeated, "ids predicted twice", "keep one of each"),
        )
        if ids
    ]
    if problems:
        raise UserError(*problems)
    ordered = sorted(passages, key=lambda passage: passage.id)
    gold = gold_matrix(ordered, codebook.ids)
    predicted = multi_hot([by_id[passage.id].narratives for passage in ordered], codebook.ids)
    return Answers(ordered, gold, predicted)


def score(
    answers: Answers, codebook: Codebook, thresholds: Sequence[float] | None, resamples: int, seed: int, **about: Any
) -> Evaluation:
    """All figures with intervals. `about` fills the descriptive fields of `Evaluation`."""
    here = measure(answers.gold, answers.predicted)
    [drawn] = resample(answers.gold, [answers.predicted], answers.documents, resamples, seed)
    support, raised = answers.gold.sum(0), answers.predicted.sum(0)
    firm = support >= THIN

    def figures(name: str) -> list[Figure]:
        low, high = interval(getattr(drawn, name))
        return [make_figure(*three) for three in zip(getattr(here, name), low, high, strict=True)]

    columns = zip(figures("precision"), figures("recall"), figures("f1"), strict=True)
    rows = [
        NarrativeScore(
            narrative.id,
            narrative.title,
            narrative.family,
            int(support[k]),
            int(raised[k]),
            None if thresholds is None else round(float(thresholds[k]), 4),
            *three,
        )
        for k, (narrative, three) in enumerate(zip(codebook.narratives, columns, strict=True))
    ]
    overall = {
        name: make_figure(getattr(here, name), *interval(getattr(drawn, name)))
        for name in ("micro_f1", "macro_f1", "samples_f1")
    }
    overall["macro_f1_firm"] = make_figure(mean_defined(here.f1[firm]), *interval(mean_defined(drawn.f1[:, firm])))
    return Evaluation(
        codebook={
            "name": codebook.name,
            "version": codebook.version,
            "digest": codebook.digest,
            "narratives": len(codebook.ids),
        },
        passages=len(answers.passages),
        documents=len(set(answers.documents)),
        none=int((~answers.gold.any(1)).sum()),
        overall=overall,
        narratives=rows,
        rules={
            "label set": "the codebook's, in its order, whatever the gold holds",
            "join": "by passage id",
            "zero division": ZERO_DIVISION,
            "intervals": f"95 % percentile bootstrap over documents, {resamples} resamples, seed {seed}",
            "thin": f"fewer than {THIN} positives; 'macro F1, firm' leaves such narratives out",
        },
        **about,
    )


def make_figure(value: Any, low: Any, high: Any) -> Figure:
    """Numbers rounded to what is worth reading in a diff; NaN becomes `None`."""
    return Figure(*(None if isnan(number) else round(float(number), 4) for number in (value, low, high)))
