"""Evaluate anybody's predictions, and compare two results: figures that show themselves, as a page, a table or a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.data import Codebook, Passage
from narratives.door.given import PredictionSource, check_gold, take_codebook, take_predictions
from narratives.errors import UserError
from narratives.evaluation import About, Comparison, Evaluation, Figure, Joined, NarrativeScore, join, score
from narratives.evaluation import compare as compare_answers
from narratives.files import hold_lock, write_json
from narratives.labels import Part
from narratives.metrics import MARGIN
from narratives.report import headline, write_report
from narratives.texts import to_frame, to_html

RESAMPLES = 2000  # behind each interval


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """How well predictions agree with gold labels: figures with 95 % intervals, and all that a comparison needs.

    `.micro_f1`, `.macro_f1`, `.macro_f1_firm`, `.samples_f1`, `.exact_match` and `.coverage` are of type `Figure`, shares in
    [0, 1]; `.narratives["toll"].f1` and the like those of one narrative. `.evaluation` holds everything that the report
    shows. A notebook shows it as a table.

    >>> project = narratives.Project("trams")
    >>> result = project.evaluate("tfidf")
    >>> result.micro_f1.low <= result.micro_f1.value <= result.micro_f1.high
    True
    >>> result.narratives["tram_ruins_high_street"].support > 0
    True
    >>> print(result.write_report("report"))
    report/report.html
    """

    evaluation: Evaluation
    joined: Joined  # gold and predictions, passage by passage
    codebook: Codebook

    @property
    def micro_f1(self) -> Figure:
        """F1 over all decisions in one pot: frequent narratives count most."""
        return self.evaluation.overall["micro_f1"]

    @property
    def macro_f1(self) -> Figure:
        """The mean of the narratives' F1: rare ones count as much as frequent ones."""
        return self.evaluation.overall["macro_f1"]

    @property
    def macro_f1_firm(self) -> Figure:
        """The same without narratives that fewer than 10 passages carry, and without zero-shot ones."""
        return self.evaluation.overall["macro_f1_firm"]

    @property
    def samples_f1(self) -> Figure:
        """The mean of the passages' F1."""
        return self.evaluation.overall["samples_f1"]

    @property
    def exact_match(self) -> Figure:
        """The share of passages on which every decision is right."""
        return self.evaluation.overall["exact_match"]

    @property
    def coverage(self) -> Figure:
        """The share of passages for which at least one narrative is raised."""
        return self.evaluation.overall["coverage"]

    @property
    def narratives(self) -> dict[str, NarrativeScore]:
        """For each narrative, in codebook order: `.support`, `.raised`, `.precision`, `.recall`, `.f1` and more."""
        return {row.id: row for row in self.evaluation.narratives}

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, a row a narrative: id, title, family, counts, and each figure with its `_low` and `_high`."""
        import pyarrow as pa

        return pa.Table.from_pylist([_to_row(row) for row in self.evaluation.narratives])

    def to_pandas(self) -> Any:
        """The table of `to_arrow` as a `pandas.DataFrame`, indexed by id; `ImportError` says what to install."""
        return to_frame(self.to_arrow(), "id")

    def write_report(self, folder: str | Path) -> Path:
        """Write `evaluation.json`, `report.md` and `report.html`, one file that needs no other; the path of the page."""
        with hold_lock(Path(folder), make=True):
            write_json(Path(folder) / "evaluation.json", self.evaluation.to_json())
            return write_report(Path(folder), [self.evaluation])

    def __repr__(self) -> str:
        return f"<Result: {headline(self.evaluation)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [(row.id, row.support, row.raised, row.precision, row.recall, row.f1) for row in self.evaluation.narratives]
        head = ["narrative", "support", "raised", "precision", "recall", "F1"]
        return to_html(headline(self.evaluation), head, rows)


def evaluate(
    gold: Sequence[Passage],
    predictions: PredictionSource,
    *,
    codebook: Codebook | None = None,
    name: str = "predictions",
) -> Result:
    """How well anybody's predictions agree with gold labels. No model is needed, and none is asked.

    `gold` are labelled passages, most often `corpus.part("test")`; for others name their `codebook`. `predictions` are a
    model's `Answers`, a list of `Prediction`, or labels by passage id: `{"p1": ["toll"], "p2": {"toll": "rebuts"}, "p3": []}`.
    Both sides are joined by id. `name` is what reports call the predictions; intervals are over documents.

    `UserError` says which ids are missing, extra or given twice, and which narrative the codebook does not know.

    >>> part = narratives.Project("trams").corpus.part("test")
    >>> narratives.evaluate(part, {passage.id: passage.narratives for passage in part}).micro_f1.value
    1.0
    >>> model = narratives.load_model("trams/models/tfidf")
    >>> result = narratives.evaluate(part, model.classify(part.texts, part.ids), name="tfidf")
    >>> 0 < result.micro_f1.value < 1
    True
    """
    codebook = take_codebook(gold, codebook)
    check_gold(gold, codebook)
    joined = join(gold, take_predictions(predictions, gold, codebook), codebook, name)
    about = About(
        run=name, description="", classifier="another program", split=gold.split if isinstance(gold, Part) else "the gold"
    )
    return Result(score(joined, codebook, about), joined, codebook)


def compare(a: Result, b: Result, *, margin: float = MARGIN, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """What `b` changed against `a`, paired: both must be results on the same passages, labels and codebook (`UserError`).

    `.overall["micro_f1"]` and `.narratives["toll"]` are differences `b - a` in F1 with 95 % intervals and a `.verdict`:
    better, worse, equivalent (they differ by less than `margin`), no clear difference, too thin to tell. The test of a
    narrative swaps the two sides' answers `resamples` times, drawn by `seed`.

    >>> part = narratives.Project("trams").corpus.part("test")
    >>> perfect = narratives.evaluate(part, {passage.id: passage.narratives for passage in part}, name="perfect")
    >>> silent = narratives.evaluate(part, {passage.id: [] for passage in part}, name="silent")
    >>> narratives.compare(silent, perfect).overall["micro_f1"].verdict
    'better'
    """
    for given in (a, b):
        if not isinstance(given, Result):
            fix = f"; of a run: Project(...).evaluate({given!r})" if isinstance(given, str) else ""
            raise TypeError(f"compare takes two results, not a {type(given).__name__}{fix}")
    if (a.evaluation.gold_digest, a.codebook.digest) != (b.evaluation.gold_digest, b.codebook.digest):
        names = f"'{a.evaluation.run}' and '{b.evaluation.run}'"
        raise UserError(f"{names} are results on other passages, labels or codebooks; evaluate both on the same part")
    if not 0 < margin <= 1:
        raise UserError(f"margin must be above 0 and at most 1, not {margin:g}; the default is {MARGIN:g}")
    return compare_answers(a.evaluation, a.joined, b.evaluation, b.joined, a.codebook, resamples, seed, margin)


def _to_row(row: NarrativeScore) -> dict[str, Any]:
    values: dict[str, Any] = {"id": row.id, "title": row.title, "family": row.family}
    values |= {"support": row.support, "raised": row.raised}
    for name, figure in (("precision", row.precision), ("recall", row.recall), ("f1", row.f1)):
        values |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return values | {"average_precision": row.average_precision, "zero_shot": row.zero_shot}
