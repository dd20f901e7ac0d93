"""What a program hands in, brought into one form: gold passages, and predictions in any of the forms that people have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from narratives.data import Codebook, Passage, Prediction
from narratives.errors import UserError, did_you_mean
from narratives.labels import Part, read_labels
from narratives.models import Answers

PredictionSource = Answers | Iterable[Prediction] | Mapping[str, Any]
_SHOWN = 10  # problems listed


def take_codebook(gold: Sequence[Passage], codebook: Codebook | None) -> Codebook:
    """The codebook that the gold labels follow; `UserError` where neither the gold nor the caller names one."""
    if codebook is None and not isinstance(gold, Part):
        raise UserError("evaluate: which codebook? hand in corpus.part('test'), or name it: evaluate(..., codebook=...)")
    return codebook or gold.codebook  # type: ignore[attr-defined]  # a part has one


def check_gold(gold: Sequence[Passage], codebook: Codebook) -> None:
    """`UserError` where there is no gold, a passage is not labelled or an id stands twice, or a narrative is unknown."""
    if not gold:
        raise UserError("evaluate: the gold has no passages; hand in at least one")
    problems = [f"passage '{passage.id}' is not labelled; leave it out" for passage in gold if passage.narratives is None]
    ids: set[str] = set()
    for passage in gold:
        if passage.id in ids:
            problems.append(f"passage '{passage.id}' stands in the gold twice; keep one")
        ids.add(passage.id)
        problems += _find_unknown(f"passage '{passage.id}'", passage.narratives or (), codebook)
    _refuse(problems)


def take_predictions(predictions: PredictionSource, gold: Sequence[Passage], codebook: Codebook) -> Iterator[Prediction]:
    """Predictions from answers, from predictions, or from labels by id; `UserError` names the id that is wrong."""
    rows = _parse_labels(predictions, codebook) if isinstance(predictions, Mapping) else list(predictions)
    problems: list[str] = []
    for row in rows:
        if not isinstance(row, Prediction):
            raise TypeError(f"evaluate takes answers, predictions or {{id: labels}}, not a list of {type(row).__name__}")
        problems += _find_unknown(f"prediction '{row.id}'", [*row.narratives, *row.scores], codebook)
        if row.scores and len(row.scores) < len(codebook.ids):
            lacking = next(id_ for id_ in codebook.ids if id_ not in row.scores)
            problems.append(
                f"prediction '{row.id}' has no score for '{lacking}'; give every narrative one, or leave scores out"
            )
    _refuse(problems)
    if rows and not {passage.id for passage in gold} & {row.id for row in rows}:
        fix = "name the texts by the passages' ids: model.classify(part.texts, part.ids)"
        raise UserError(f"no prediction has the id of a gold passage ('{rows[0].id}' is not among them); {fix}")
    return iter(rows)


def _parse_labels(labels: Mapping[str, Any], codebook: Codebook) -> list[Prediction]:
    rows = []
    problems: list[str] = []
    for id_, value in labels.items():
        value = sorted(value) if isinstance(value, set | frozenset) else list(value) if isinstance(value, tuple) else value
        messages: list[str] = []
        parsed = read_labels(value, codebook.ids, messages.append)
        if parsed is None and not messages:
            messages = ["no labels; give {} or [] where it carries none"]
        problems += [f"prediction '{id_}': {problem}" for problem in messages]
        rows.append(Prediction(id=id_, scores={}, narratives=parsed or {}))
    _refuse(problems)
    return rows


def _find_unknown(whose: str, ids: Iterable[str], codebook: Codebook) -> list[str]:
    unknown = [id_ for id_ in dict.fromkeys(ids) if id_ not in codebook.ids]
    return [f"{whose}: unknown narrative '{id_}'{did_you_mean(id_, codebook.ids)}" for id_ in unknown]


def _refuse(problems: list[str]) -> None:
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise UserError(*problems[:_SHOWN], *more)
