"""A made-up task with figures, for the tests of all that is done with them."""

import random
from typing import Any

from narratives.data import Codebook, Labels, Narrative, Passage, Prediction, Stance
from narratives.evaluation.evaluation import About, Evaluation
from narratives.evaluation.joined import Joined, join
from narratives.evaluation.scoring import score

EVERY = {"frequent": 3, "common": 5, "rare": 30}  # carried by every third, fifth, thirtieth of 120 passages; "never" by none
CODEBOOK = Codebook(
    "made-up", "1", tuple(Narrative(id_, f"The {id_} one", "family", f"About {id_}.") for id_ in (*EVERY, "never"))
)


def make_passages() -> list[Passage]:
    """120 passages in 40 documents."""
    return [
        Passage(f"p{k:03}", f"text {k}", {id_: Stance.ASSERTS for id_, n in EVERY.items() if k % n == 0}, f"d{k // 3:02}")
        for k in range(120)
    ]


def predict(wrong: float = 0.0, seed: int = 0) -> list[Prediction]:
    """The gold labels, each cell of the first three narratives turned round with probability `wrong`."""
    rng = random.Random(seed)
    predictions = []
    for passage in make_passages():
        carried = passage.narratives or {}
        labels: Labels = {id_: None for id_ in EVERY if (id_ in carried) != (rng.random() < wrong)}
        predictions.append(Prediction(passage.id, {id_: 0.9 if id_ in labels else 0.1 for id_ in CODEBOOK.ids}, labels))
    return predictions


def answer(predictions: list[Prediction]) -> Joined:
    return join(make_passages(), predictions, CODEBOOK, "predictions.jsonl")


def evaluate(answers: Joined, codebook: Codebook = CODEBOOK, **about: Any) -> Evaluation:
    described: dict[str, Any] = {
        "run": "first",
        "description": "A first try.",
        "classifier": "tfidf",
        "split": "test",
        "training": {"train": 400},
        **about,
    }
    return score(answers, codebook, About(**described), thresholds=[0.5] * len(codebook.ids))
