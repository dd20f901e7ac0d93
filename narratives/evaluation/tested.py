"""The test figures that travel with a model: few, in a file in its folder, for whoever reads its answers."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from narratives.evaluation.breakdowns import LANGUAGE
from narratives.evaluation.evaluation import Evaluation
from narratives.files import read_json, write_json
from narratives.texts import NONE

LEAST_F1 = 0.4  # in a language with less, nothing is raised unless that is asked for


@dataclass(frozen=True, slots=True)
class NarrativeTest:
    """How a narrative fared on the test passages."""

    support: int  # passages that carry it
    raised: int  # passages for which the model raised it
    precision: float | None  # share of these that carry it; `None` where it was raised for none


@dataclass(frozen=True, slots=True)
class LanguageTest:
    """How a model fared on the test passages in one language, those of further files included."""

    passages: int
    labels: int
    micro_f1: float  # from 0 to 1, with its interval
    low: float | None
    high: float | None

    @property
    def failed(self) -> bool:
        """Whether more of its answers in this language are wrong than can be put up with."""
        return self.micro_f1 < LEAST_F1


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What a model did with the passages of its test split, and in each language."""

    digest: str  # of the model
    passages: int
    raised: int  # passages for which it raised at least one narrative
    narratives: dict[str, NarrativeTest]
    languages: dict[str, LanguageTest] = field(default_factory=dict)  # none where an older version wrote the file
    all_languages: bool = False  # whether its run asks to raise also in languages in which it failed

    @property
    def passed(self) -> dict[str, bool] | None:
        """For each language with a test whether the model passed it; `None` where the test passages name no language."""
        if not self.languages or max(self.languages, key=lambda code: self.languages[code].passages) == NONE:
            return None
        return {code: not test.failed for code, test in self.languages.items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        rows = {
            id_: NarrativeTest(
                support=int(row["support"]),
                raised=int(row["raised"]),
                precision=None if row["precision"] is None else float(row["precision"]),
            )
            for id_, row in value["narratives"].items()
        }
        return cls(
            digest=str(value["digest"]),
            passages=int(value["passages"]),
            raised=int(value["raised"]),
            narratives=rows,
            languages={code: LanguageTest(**row) for code, row in value.get("languages", {}).items()},
            all_languages=value.get("all_languages") is True,
        )


def write_tested(path: Path, evaluation: Evaluation, digest: str, all_languages: bool = False) -> None:
    """Write the figures of a test to a file in the model's folder, and whether the run asks for all languages."""
    coverage = evaluation.overall["coverage"].value or 0.0
    tested = ModelTest(
        digest=digest,
        passages=evaluation.passages,
        raised=round(coverage * evaluation.passages),
        narratives={
            row.id: NarrativeTest(support=row.support, raised=row.raised, precision=row.precision.value if row.raised else None)
            for row in evaluation.narratives
        },
        languages={
            part.value: LanguageTest(
                passages=part.passages, labels=part.labels, micro_f1=part.micro_f1, low=part.low, high=part.high
            )
            for part in evaluation.slices
            if part.axis == LANGUAGE and part.labels and part.micro_f1 is not None
        },
        all_languages=all_languages,
    )
    write_json(path, asdict(tested))


def read_tested(path: Path, digest: str) -> ModelTest | None:
    """The figures of a model's test; `None` where it has not been tested since it was trained."""
    if not path.is_file():
        return None
    try:
        tested = ModelTest.from_json(read_json(path))
    except (TypeError, ValueError, KeyError, AttributeError):  # of another version
        return None
    return tested if tested.digest == digest else None
