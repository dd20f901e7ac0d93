"""A made-up feed for `simulate.py`: passages, what they carry, how hard they are, and models of known quality.

28 narratives; a test of about 500 passages in documents of 1 to 6, a validation split of about 370. A narrative is carried by
1 to 7 % of passages, so that some are thin. A model of quality q has recall q and precision q on each narrative: its true F1 is
q. What is hard is hard for all models (70 % of the variance of a score, partly shared by a document); the rest is a model's
own, and four fifths of that stay the same from one week's training to the next, since the labels do.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from narratives.data import Codebook, Floats, Matrix, Narrative, Passage
from narratives.evaluation import differences
from narratives.evaluation.comparison import compare
from narratives.evaluation.evaluation import About, Evaluation, NarrativeScore
from narratives.evaluation.figures import Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.evaluation.rulings import Rival
from narratives.evaluation.scoring import score
from narratives.evaluation.verdict import TOLERANCE, Verdict, reach_verdict
from narratives.metrics.figures import measure as take

NARRATIVES, SWAPS, MARGIN = 28, 200, TOLERANCE
SHARED = 0.7  # of the variance of a score: hard for all models
KEPT = 0.8  # of the variance that is a model's own: the same a week later
WITHIN = 0.3  # of the variance of what is hard: shared by a document
IDS = [f"n{k:02}" for k in range(NARRATIVES)]
CODEBOOK = Codebook("made up", "1", tuple(Narrative(id_, id_, "f", id_) for id_ in IDS))
differences.mcnemar = lambda only_a, only_b: 1.0  # the verdict does not ask it, and it would take most of the time
PREVALENCE = np.geomspace(0.07, 0.008, NARRATIVES)


@dataclass(frozen=True, slots=True)
class Split:
    """Passages, what they carry, and how hard they are."""

    documents: list[str]
    gold: Matrix  # (passages, narratives)
    hardness: Floats

    @property
    def passages(self) -> list[Passage]:
        """Nothing but ids and documents."""
        return [Passage(f"p{k:05}", "", {}, document) for k, document in enumerate(self.documents)]


@dataclass(frozen=True, slots=True)
class Learned:
    """A model: its true quality, and what is its own in each score."""

    quality: Floats  # true F1 of each narrative
    own: tuple[Floats, Floats]  # for the test, for validation

    def answer(self, split: Split, place: int = 0) -> Matrix:
        """What it raises."""
        noise = np.sqrt(SHARED) * split.hardness + np.sqrt(1 - SHARED) * self.own[place]
        alarms = PREVALENCE * (1 - self.quality) / (1 - PREVALENCE)
        return noise < np.where(split.gold, ndtri(self.quality), ndtri(alarms))

    @property
    def truth(self) -> float:
        """True micro F1."""
        return float((PREVALENCE * self.quality).sum() / PREVALENCE.sum())


class World:
    """A test, a validation split, and models that are trained week after week."""

    def __init__(self, seed: int, documents: int = 143) -> None:
        self.rng = np.random.default_rng(seed)
        self.test, self.validation = self.draw(documents), self.draw(105)
        self.own = tuple(self.rng.normal(size=split.gold.shape) for split in (self.test, self.validation))

    def draw(self, documents: int, name: str = "d") -> Split:
        """Fresh documents."""
        sizes = self.rng.integers(1, 7, size=documents)
        owner = np.repeat(np.arange(documents), sizes)
        gold = self.rng.random((len(owner), NARRATIVES)) < PREVALENCE
        alike, alone = self.rng.normal(size=(documents, NARRATIVES))[owner], self.rng.normal(size=gold.shape)
        return Split([f"{name}{k:04}" for k in owner], gold, np.sqrt(WITHIN) * alike + np.sqrt(1 - WITHIN) * alone)

    def grow(self, documents: int, week: int) -> None:
        """Add fresh documents to the test."""
        fresh = self.draw(documents, f"w{week:02}-")
        self.test = Split(
            self.test.documents + fresh.documents,
            np.vstack([self.test.gold, fresh.gold]),
            np.vstack([self.test.hardness, fresh.hardness]),
        )
        self.own = (np.vstack([self.own[0], self.rng.normal(size=fresh.gold.shape)]), self.own[1])

    def train(self, quality: float | Floats) -> Learned:
        """The model of a week."""
        step = [self.rng.normal(size=own.shape) for own in self.own]
        self.own = tuple(np.sqrt(KEPT) * own + np.sqrt(1 - KEPT) * new for own, new in zip(self.own, step, strict=True))
        return Learned(np.clip(np.broadcast_to(quality, NARRATIVES).astype(float), 0.01, 0.99), self.own)

    def keep(self, model: Learned) -> Learned:
        """A model of before on a test that has grown: what is its own in fresh passages is drawn once."""
        missing = len(self.test.documents) - len(model.own[0])
        fresh = self.rng.normal(size=(missing, NARRATIVES))
        return replace(model, own=(np.vstack([model.own[0], fresh]), model.own[1])) if missing else model


def measure(split: Split, predicted: Matrix, name: str, intervals: bool = False) -> tuple[Evaluation, Joined]:
    """The figures of a matrix of answers that a verdict asks for; intervals only where they are asked for."""
    stances = np.full(split.gold.shape, -1, dtype=np.int8)
    answers = Joined(split.passages, split.gold, predicted, None, stances, stances)
    about = About(run=name, description="", classifier="", split="test")
    if intervals:
        return score(answers, CODEBOOK, about), answers
    figures, support, raised = take(split.gold, predicted), split.gold.sum(0), predicted.sum(0)
    rows = [
        NarrativeScore(
            id=id_,
            title=id_,
            family="f",
            support=int(support[k]),
            raised=int(raised[k]),
            threshold=None,
            **{each: make_figure(getattr(figures, each)[k], np.nan, np.nan) for each in ("precision", "recall", "f1")},
        )
        for k, id_ in enumerate(IDS)
    ]
    micro = make_figure(figures.micro_f1, np.nan, np.nan)
    evaluation = Evaluation(
        run=name,
        description="",
        classifier="",
        codebook={},
        split="test",
        passages=len(answers.passages),
        documents=len(set(split.documents)),
        none=0,
        overall={"micro_f1": micro},
        narratives=rows,
        training={},
        rules={},
        gold_digest="",
    )
    return evaluation, answers


def judge(
    test: Split,
    incumbent: Matrix,
    challenger: Matrix,
    elsewhere: Floats | None = None,
    best: Matrix | None = None,
    former: Figure | None = None,
) -> Verdict:
    """The verdict on answers; `elsewhere` counts the passages of validation for which each narrative is raised."""
    after, answers = measure(test, challenger, "challenger", former is not None)

    def face(predicted: Matrix, name: str) -> Rival:
        before, other = measure(test, predicted, name, former is not None)
        return Rival(name, before, after, compare(before, other, after, answers, CODEBOOK, SWAPS, 0))

    rival = face(incumbent, "the incumbent")
    past = None if best is None else face(best, "the best so far")
    counts = {} if elsewhere is None else dict(zip(IDS, elsewhere.tolist(), strict=True))
    return reach_verdict(rival.comparison, rival.evaluation, after, (), former, MARGIN, past, counts)
