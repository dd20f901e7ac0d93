"""After training, each validation text is scored once in each way of computing, and what comes after uses the last."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from helpers.toy import TOPICS, Toy

from narratives.data import Codebook, Narrative, Scores, Texts
from narratives.models import Cuts, Examples, Reading, fit_cuts

CODEBOOK = Codebook(
    name="toy",
    version="1",
    narratives=tuple(Narrative(id=id_, title=id_, family="toy", definition=f"texts about {id_}") for id_ in TOPICS),
)


class Ways:
    """Counts the texts that each way of computing was asked for, and answers in `spoilt` ways the opposite."""

    seed = 0

    def __init__(self, spoilt: Sequence[str]) -> None:
        self.inference = "slow"
        self.spoilt = spoilt
        self.asked: dict[str, Counter[str]] = {}

    def predict_proba(self, texts: Texts, **_: Any) -> Scores:
        self.asked.setdefault(self.inference, Counter()).update(texts)
        carried = np.array([[any(word in text.split() for word in words) for words in TOPICS.values()] for text in texts])
        return np.where(carried ^ (self.inference in self.spoilt), 0.9, 0.1).astype(np.float32)

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        for way in ("first", "second"):
            self.inference = way
            if accept(way):
                return ""
        self.inference = "slow"
        return ""


def cut(toy: Toy, classifier: Any) -> Cuts:
    examples = Examples(texts=toy.texts, gold=toy.y)
    return fit_cuts(classifier, CODEBOOK, examples, examples, Reading(600, 40))


@pytest.mark.parametrize("spoilt", [[], ["first"], ["first", "second"]])
def test_each_way_of_computing_reads_a_text_once(toy_texts: Toy, spoilt: list[str]) -> None:
    classifier = Ways(spoilt)
    cuts = cut(toy_texts, classifier)
    assert cuts.inference.inference == ["first", "second", "slow"][len(spoilt)]
    ways = ["slow", "first", "second"][: len(spoilt) + 2]
    assert list(classifier.asked) == ways
    assert all(set(asked.values()) == {1} for asked in classifier.asked.values())


@pytest.mark.parametrize("spoilt", [[], ["first"], ["first", "second"]])
def test_what_is_remembered_is_of_the_way_that_was_chosen(toy_texts: Toy, spoilt: list[str]) -> None:
    classifier = Ways(spoilt)
    cuts = cut(toy_texts, classifier)
    before = sum(asked.total() for asked in classifier.asked.values())
    remembered = cuts.scorer.predict_proba(toy_texts.texts)
    asked = sum(asked.total() for asked in classifier.asked.values()) - before
    assert (asked == 0) == (len(spoilt) < 2)  # where none passed, it is computed again
    assert np.array_equal(remembered, classifier.predict_proba(toy_texts.texts))
