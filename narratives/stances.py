"""How a passage stands to a narrative that it carries: a second step, for the narratives that were found.

It is told from the passage alone: neither the claim's words before it nor the claim's name did better. Where the narratives are
found with an encoder, TF-IDF and an encoder tell the stance together, else TF-IDF does (measured in `experiments/LOG.md`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier, Progress, Targets, find_classifier, hyperparameters
from narratives.data import STANCES, Passage

LEAST = 10  # examples of each stance, below which nobody could learn it
_EPOCHS = 3  # three stances are learnt sooner than many narratives
_MOST_FLIPS = 0.01  # share of the validation stances that a faster way of computing may tell otherwise


@dataclass(frozen=True, slots=True)
class StanceModel:
    """A classifier whose columns are the stances, in the order of `STANCES`."""

    name: str  # in `CLASSIFIERS`
    classifier: Classifier

    def tell(self, texts: Sequence[str]) -> NDArray[np.int8]:
        """The position in `STANCES` of the likeliest stance of each text; equal texts are computed once."""
        unique: dict[str, int] = {}
        rows = [unique.setdefault(text, len(unique)) for text in texts]
        return np.asarray(self.classifier.predict_proba(list(unique)).argmax(1)[rows] if rows else [], dtype=np.int8)

    def to_json(self) -> dict[str, Any]:
        """All but what the classifier saves."""
        return {"classifier": self.name, "hyperparameters": hyperparameters(self.classifier)}

    @classmethod
    def load(cls, folder: Path, value: Mapping[str, Any]) -> Self:
        """From what `to_json` gave, and a folder in which the classifier was saved."""
        options = {key: tuple(each) if isinstance(each, list) else each for key, each in value["hyperparameters"].items()}
        return cls(value["classifier"], find_classifier(value["classifier"]).load(folder, options))


def list_stances(passages: Sequence[Passage]) -> tuple[list[str], Targets]:
    """A text for every narrative whose stance is known, and the stances (texts, 3) in the order of `STANCES`."""
    known = [(p.text, stance) for p in passages for stance in (p.narratives or {}).values() if stance is not None]
    columns = np.array([STANCES.index(stance) for _, stance in known], dtype=np.intp)
    return [text for text, _ in known], np.eye(len(STANCES), dtype=np.bool_)[columns]


def fit_stances(
    train: Sequence[Passage],
    validation: Sequence[Passage],
    beside: Classifier,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> tuple[StanceModel | None, str]:
    """A model of stances, or `None` where there are too few of one to learn from; and how well it does, in a line.

    `beside` finds the narratives: the stances are told with the same encoder, where it has one.
    """
    texts, y = list_stances(train)
    if (y.sum(0) < LEAST).any():
        return None, f"no stances: fewer than {LEAST} training examples of one of them"
    held, held_y = list_stances(validation)
    name, options = _choose(beside)
    make: Any = find_classifier(name)
    model = StanceModel(name, make(**options, seed=beside.seed))
    given = (held, held_y) if held else None
    model.classifier.fit(texts, y, validation=given, progress=progress, checkpoint=checkpoint)
    if not held:
        return model, f"stances learned from {len(texts)} examples; none in validation to check them on"
    wanted = model.tell(held)
    model.classifier.speed_up(texts[::64], lambda _: bool((model.tell(held) != wanted).mean() <= _MOST_FLIPS))
    right = float((model.tell(held) == held_y.argmax(1)).mean())
    return model, f"stances learned from {len(texts)} examples; {right:.0%} of {len(held)} in validation right"


def _choose(beside: Classifier) -> tuple[str, dict[str, Any]]:
    options = hyperparameters(beside)
    if "encoder" not in options or options.get("sense", "transformer") != "transformer":
        return "tfidf", {}
    return "blend", {"encoder": options["encoder"], "learning_rate": options["learning_rate"], "epochs": _EPOCHS}
