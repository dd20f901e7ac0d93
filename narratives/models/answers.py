"""A model's answers to texts, as arrays for programs and as records for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import STANCES, UNKNOWN, Matrix, Prediction, Scores, Weighted
from narratives.texts import to_frame, to_html

FIRST, FULL = "first", "full"  # the stages of a cascade


@dataclass(frozen=True, slots=True, repr=False)
class Answers:
    """The answers of one model to n texts; columns are its narratives, in codebook order.

    `len(answers)` is n; `answers[i]` and iteration give a `Prediction`: `.id`, `.narratives` (id to stance), `.scores`,
    `.spans`. `to_arrow` and `to_pandas` give a table.

    The arrays: `.scores` (n, narratives), in [0, 1]; `.raised` (n, narratives), bool; `.stances` (n, narratives), int8: of what
    is raised 0 asserts, 1 reports, 2 rebuts, -1 not known; `.spans` (n, narratives, 2), start and end in characters.

    >>> answers = narratives.load_model("trams/models/tfidf").classify(["The fare rises again.", "A quiet morning."])
    >>> answers
    <Answers: 2 texts, nothing raised in ..., 4 narratives>
    >>> len(answers), answers.scores.shape[0]
    (2, 2)
    >>> answers.to_arrow().column_names[:3]
    ['id', 'narratives', 'stances']
    """

    columns: tuple[str, ...]  # narrative ids
    ids: tuple[str, ...]  # of the texts
    scores: Scores  # (n, narratives): calibrated, of a text in several windows the highest
    raised: Matrix  # (n, narratives)
    stances: NDArray[np.int8]  # (n, narratives): of what is raised, the position in `STANCES`, or `UNKNOWN`
    spans: NDArray[np.int32]  # (n, narratives, 2): start and end of the window with that score, in characters
    first: NDArray[np.bool_] | None = None  # (n,): the first stage of a cascade answered alone; `None` where the model has none
    words: list[dict[str, list[Weighted]]] | None = None  # n: where asked for, of each narrative raised what carries it

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Prediction:
        scores = np.round(self.scores[row].astype(np.float64), 6).tolist()
        raised = np.flatnonzero(self.raised[row]).tolist()
        stances = {self.columns[k]: int(self.stances[row, k]) for k in raised}
        return Prediction(
            id=self.ids[row],
            scores=dict(zip(self.columns, scores, strict=True)),
            narratives={id_: None if stance == UNKNOWN else STANCES[stance] for id_, stance in stances.items()},
            spans={self.columns[k]: (int(self.spans[row, k, 0]), int(self.spans[row, k, 1])) for k in raised},
        )

    def __iter__(self) -> Iterator[Prediction]:
        return (self[row] for row in range(len(self)))

    @property
    def stages(self) -> list[str] | None:
        """For each text which stage answered, "first" or "full"; `None` where the model has no cascade."""
        return None if self.first is None else [FIRST if alone else FULL for alone in self.first.tolist()]

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, a row a text: `id`, `narratives` and `stances` (lists), and `score_<id>` for each narrative.

        Of a model with a cascade also `stage`.
        """
        import pyarrow as pa

        rows, columns = np.nonzero(self.raised)
        offsets = pa.array(np.concatenate([[0], np.cumsum(self.raised.sum(1))]), pa.int32())
        names = np.array(self.columns, dtype=object)[columns]
        stances = np.array([*STANCES, None], dtype=object)[self.stances[rows, columns]]  # UNKNOWN, -1, is the last
        scores = np.round(self.scores.astype(np.float64), 6).astype(np.float32)
        table = {
            "id": pa.array(self.ids, pa.string()),
            "narratives": pa.ListArray.from_arrays(offsets, pa.array(names, pa.string())),
            "stances": pa.ListArray.from_arrays(offsets, pa.array(stances, pa.string())),
        }
        if self.stages is not None:
            table["stage"] = pa.array(self.stages, pa.string())
        return pa.table(table | {f"score_{id_}": pa.array(scores[:, k]) for k, id_ in enumerate(self.columns)})

    def to_pandas(self) -> Any:
        """The table of `to_arrow` as a `pandas.DataFrame`, indexed by id; `ImportError` says what to install."""
        return to_frame(self.to_arrow(), "id")

    def __repr__(self) -> str:
        return f"<Answers: {len(self)} texts, nothing raised in {self._count_silent()}, {len(self.columns)} narratives>"

    def _repr_html_(self) -> str:
        """What a notebook shows: how often each narrative was raised."""
        counts = sorted(zip(self.raised.sum(0).tolist(), self.columns, strict=True), key=lambda pair: (-pair[0], pair[1]))
        caption = f"{len(self)} texts, nothing raised in {self._count_silent()}"
        return to_html(caption, ["narrative", "texts"], [(id_, count) for count, id_ in counts if count])

    def _count_silent(self) -> int:
        return int((~self.raised.any(1)).sum())


def join_answers(parts: Sequence[Answers], rows: Sequence[int], ids: Sequence[str]) -> Answers:
    """Answers to n texts from those to fewer, different ones, given in parts: text k has the answer at place `rows[k]`."""
    names = ["scores", "raised", "stances", "spans", *(["first"] if parts[0].first is not None else [])]
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts])[rows] for name in names}
    return Answers(columns=parts[0].columns, ids=tuple(ids), **arrays)
