"""What an evaluation says: plain data that renders to JSON, Markdown and HTML, and names its own rules."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from narratives.evaluation.breakdowns import Confusion, Miss, Slice, StanceScore
from narratives.evaluation.figures import THIN, Figure
from narratives.evaluation.objectives import ObjectiveScore
from narratives.labels import FamilyResult
from narratives.texts import format_words, parse_words


@dataclass(frozen=True, slots=True)
class NarrativeScore:
    """One row of the report: a narrative, or a family of them."""

    id: str
    title: str
    family: str
    support: int  # passages that carry it
    raised: int  # passages it was raised for
    threshold: float | None
    precision: Figure
    recall: Figure
    f1: Figure
    average_precision: float | None = None  # `None` without scores or without support
    curve: list[tuple[float, float]] = field(default_factory=list)  # (recall, precision), recall rising
    zero_shot: bool = False  # no training passage carried it: the model ranks by the codebook's words and never raises it
    hits: int | None = None  # passages it was rightly raised for; `None` in a file of before it was written down
    average_precision_low: float | None = None
    average_precision_high: float | None = None

    @property
    def thin(self) -> bool:
        """Whether there are too few positives to tell."""
        return self.support < THIN

    @property
    def ranking(self) -> Figure:
        """Average precision with its interval."""
        return Figure(self.average_precision, self.average_precision_low, self.average_precision_high, self.support)

    @property
    def firm(self) -> bool:
        """Whether its figures tell how well the model learned it."""
        return not (self.thin or self.zero_shot)


@dataclass(frozen=True, slots=True)
class Level:
    """The same passages scored with coarser labels: families, or one storey of a hierarchical codebook."""

    name: str
    overall: dict[str, Figure]
    rows: list[NarrativeScore]


@dataclass(frozen=True, slots=True)
class About:
    """What an evaluation says beside its figures: whose predictions they are, and what else was tried on the model."""

    run: str
    description: str
    classifier: str
    split: str
    training: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)
    behaviour: list[FamilyResult] = field(default_factory=list)
    robustness: list[dict[str, Any]] = field(default_factory=list)
    shared_tasks: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything a report shows of one set of predictions."""

    run: str
    description: str
    classifier: str
    codebook: dict[str, Any]  # name, version, digest, narratives
    split: str
    passages: int
    documents: int
    none: int  # passages that carry no narrative
    overall: dict[str, Figure]  # micro_f1, macro_f1, macro_f1_firm, samples_f1, exact_match, coverage
    narratives: list[NarrativeScore]
    training: dict[str, Any]
    rules: dict[str, str]
    gold_digest: str
    notes: list[str] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)  # test passages in no split: file, passages, digest
    levels: list[Level] = field(default_factory=list)
    calibration: dict[str, Any] = field(default_factory=dict)  # bins, ece, brier; empty without scores
    probabilities: dict[str, Figure] = field(default_factory=dict)  # ece, ece_raised, brier_skill, each with its interval
    elsewhere: dict[str, Figure] = field(default_factory=dict)  # alarms a text, precision_10 ... precision_1; see `elsewhere`
    objectives: list[ObjectiveScore] = field(default_factory=list)  # what thresholds for each purpose give
    confusions: list[Confusion] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    stances: list[StanceScore] = field(default_factory=list)
    worst: list[Miss] = field(default_factory=list)
    behaviour: list[FamilyResult] = field(default_factory=list)
    robustness: list[dict[str, Any]] = field(default_factory=list)
    shared_tasks: dict[str, dict[str, float | None]] = field(default_factory=dict)
    predictions_digest: str = ""  # of the file beside it, whatever the order of its lines; empty where nobody noted it

    def to_json(self) -> dict[str, Any]:
        """Plain data, without a time stamp: the same predictions give the same bytes."""
        worst = [{**asdict(miss), "words": format_words(miss.words)} for miss in self.worst]
        return {**asdict(self), "worst": worst}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        lists = {
            "confusions": Confusion,
            "slices": Slice,
            "behaviour": FamilyResult,
        }
        rebuilt: dict[str, Any] = {name: [make(**item) for item in value[name]] for name, make in lists.items()}
        rebuilt["worst"] = [Miss(**{**miss, "words": parse_words(miss["words"])}) for miss in value["worst"]]
        rebuilt["stances"] = [
            StanceScore(**{**stance, "intervals": _figures(stance.get("intervals", {}))}) for stance in value["stances"]
        ]
        rebuilt["objectives"] = [
            ObjectiveScore(**{**each, **_figures({name: each[name] for name in ("micro_f1", "macro_f1", "alarms")})})
            for each in value.get("objectives", [])
        ]
        for name in ("overall", "probabilities", "elsewhere"):
            rebuilt[name] = _figures(value.get(name, {}))
        rebuilt["narratives"] = _rows(value["narratives"])
        rebuilt["levels"] = [
            Level(level["name"], _figures(level["overall"]), _rows(level["rows"])) for level in value["levels"]
        ]
        return cls(**{**value, **rebuilt})


def _figures(value: Mapping[str, Any]) -> dict[str, Figure]:
    return {name: Figure(**figure) for name, figure in value.items()}


def _rows(values: list[dict[str, Any]]) -> list[NarrativeScore]:
    rows = []
    for value in values:
        fields: dict[str, Any] = {key: Figure(**item) if isinstance(item, dict) else item for key, item in value.items()}
        fields["curve"] = [(recall, precision) for recall, precision in fields["curve"]]
        rows.append(NarrativeScore(**fields))
    return rows
