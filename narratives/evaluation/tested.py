"""The test figures that travel with a model: few, in a file in its folder, for whoever reads its answers."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from narratives.evaluation.evaluation import Evaluation
from narratives.files import read_json, write_json


@dataclass(frozen=True, slots=True)
class NarrativeTest:
    """How a narrative fared on the test passages."""

    support: int  # passages that carry it
    raised: int  # passages for which the model raised it
    precision: float | None  # share of these that carry it; `None` where it was raised for none


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What a model did with the passages of its test split."""

    digest: str  # of the model
    passages: int
    raised: int  # passages for which it raised at least one narrative
    narratives: dict[str, NarrativeTest]

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
        return cls(digest=str(value["digest"]), passages=int(value["passages"]), raised=int(value["raised"]), narratives=rows)


def write_tested(path: Path, evaluation: Evaluation, digest: str) -> None:
    """Write the figures of a test to a file in the model's folder."""
    coverage = evaluation.overall["coverage"].value or 0.0
    tested = ModelTest(
        digest=digest,
        passages=evaluation.passages,
        raised=round(coverage * evaluation.passages),
        narratives={
            row.id: NarrativeTest(support=row.support, raised=row.raised, precision=row.precision.value if row.raised else None)
            for row in evaluation.narratives
        },
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
