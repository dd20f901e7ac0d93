"""Gold labels and predictions of the same passages, joined by id."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from narratives.data import STANCES, UNKNOWN, Codebook, Labels, Matrix, Passage, Prediction
from narratives.errors import UserError
from narratives.labels import close_ancestors, gold_matrix

_SHOWN = 10  # ids listed in a message


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Passages in the order of their ids, and what gold and predictions say of them. Columns follow the codebook."""

    passages: Sequence[Passage]
    gold: Matrix  # (passages, narratives)
    predicted: Matrix
    scores: NDArray[np.float32] | None  # `None` where the predictions give labels alone
    gold_stances: NDArray[np.int8]  # position in `STANCES`, or `UNKNOWN`
    predicted_stances: NDArray[np.int8]

    @property
    def documents(self) -> list[str]:
        """The document of each passage: the unit of resampling."""
        return [passage.document for passage in self.passages]


def join(passages: Sequence[Passage], predictions: Iterable[Prediction], codebook: Codebook, source: object) -> Joined:
    """Pair gold passages with predictions by id; `UserError` lists ids that are missing, extra or repeated.

    A parent is carried where a child is. The order is that of the ids, so that shuffling either side changes no digit of
    any figure. `predictions` may be a stream: only arrays are kept.
    """
    ordered = sorted(passages, key=lambda passage: passage.id)
    row_of = {passage.id: row for row, passage in enumerate(ordered)}
    column_of = {id_: column for column, id_ in enumerate(codebook.ids)}
    shape = (len(ordered), len(codebook.ids))
    answers = Joined(
        ordered,
        gold_matrix(ordered, codebook.ids),
        np.zeros(shape, dtype=np.bool_),
        np.zeros(shape, dtype=np.float32),
        np.full(shape, UNKNOWN, dtype=np.int8),
        np.full(shape, UNKNOWN, dtype=np.int8),
    )
    for row, passage in enumerate(ordered):
        _fill_stances(answers.gold_stances[row], passage.narratives or {}, column_of)

    answered = np.zeros(len(ordered), dtype=np.bool_)
    extra, repeated, scored = [], [], 0
    for prediction in predictions:
        position = row_of.get(prediction.id)
        if position is None:
            extra.append(prediction.id)
        elif answered[position]:
            repeated.append(prediction.id)
        else:
            answered[position] = True
            for id_ in prediction.narratives:
                answers.predicted[position, column_of[id_]] = True
            _fill_stances(answers.predicted_stances[position], prediction.narratives, column_of)
            if prediction.scores and answers.scores is not None:
                answers.scores[position] = [prediction.scores[id_] for id_ in codebook.ids]
                scored += 1
    missing = [passage.id for passage, is_answered in zip(ordered, answered, strict=True) if not is_answered]
    _refuse(source, missing, sorted(extra), sorted(set(repeated)))
    if 0 < scored < len(ordered):
        raise UserError(f"{source}: {scored} of {len(ordered)} predictions give scores; give them for all or for none")
    return replace(
        answers,
        gold=close_ancestors(answers.gold, codebook),
        predicted=close_ancestors(answers.predicted, codebook),
        scores=close_ancestors(answers.scores, codebook) if scored and answers.scores is not None else None,
    )


def _fill_stances(row: NDArray[np.int8], labels: Labels, column_of: dict[str, int]) -> None:
    for id_, stance in labels.items():
        if stance is not None:
            row[column_of[id_]] = STANCES.index(stance)


def _refuse(source: object, missing: list[str], extra: list[str], repeated: list[str]) -> None:
    spellings = {id_.removesuffix(".0"): id_ for id_ in extra if id_.endswith(".0")} | {f"{id_}.0": id_ for id_ in extra}
    if respelt := [id_ for id_ in missing if id_ in spellings]:
        first, spelling = respelt[0], spellings[respelt[0]]
        raise UserError(
            f"{source}: ids read '{spelling}' here and '{first}' in the gold ({len(respelt)} of them); write them alike"
        )
    problems = [
        f"{source}: {len(ids)} {kind}: {', '.join(ids[:_SHOWN])}{' ...' if len(ids) > _SHOWN else ''}; {fix}"
        for ids, kind, fix in (
            (missing, "passages without a prediction", "predict them too"),
            (extra, "predictions for passages that are not in the gold", "leave them out"),
            (repeated, "ids predicted twice", "keep one of each"),
        )
        if ids
    ]
    if problems:
        raise UserError(*problems)
