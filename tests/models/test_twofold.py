"""A window is read as a whole and in parts: a claim in passing counts, and a short text has the score that it had."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import invoke, write_project
from hypothesis import given
from hypothesis import strategies as st

from narratives.classifiers import to_log_odds
from narratives.models.explanations import weigh_words
from narratives.models.folder import load_model, save_model
from narratives.models.model import Model
from narratives.models.twofold import Twofold, find_parts

PLAIN = "She went home, and that was all there was to it. "
PASSAGE = PLAIN * 4 + "A toll at the bridge barrier. " + PLAIN * 4


class Letters:
    """Scores a text by the share of `a` and `b` in it, then a stance by that of `c`; keeps what it was asked."""

    def predict_proba(self, texts: Sequence[str], **_: Any) -> Any:
        self.asked = list(texts)
        return np.array([[text.count(letter) / max(len(text), 1) for letter in "abc"] for text in texts], dtype=np.float32)


@given(st.lists(st.text("abc .", max_size=60), max_size=6), st.integers(1, 20))
def test_the_score_lies_half_way_between_the_whole_and_its_best_part(texts: list[str], detail: int) -> None:
    letters = Letters()
    scores = Twofold(letters, 2, detail).predict_proba(texts)
    assert len(letters.asked) == len(set(letters.asked)) or not any(len(find_parts(text, detail)) > 1 for text in texts)
    for text, row in zip(texts, scores, strict=True):
        whole = Letters().predict_proba([text])[0]
        parts = [text[start:end] for start, end in find_parts(text, detail)]
        best = Letters().predict_proba(parts).max(0) if len(parts) > 1 else whole
        assert row[2] == whole[2]  # the stance is that of the whole
        for k in range(2):
            if whole[k] == best[k]:
                assert row[k] == whole[k]
            else:
                assert to_log_odds(row[k]) == pytest.approx((to_log_odds(whole[k]) + to_log_odds(best[k])) / 2, abs=1e-2)


@given(st.lists(st.text("abc .", max_size=60), min_size=1, max_size=6), st.integers(1, 20))
def test_texts_beside_it_do_not_change_a_score(texts: list[str], detail: int) -> None:
    together = Twofold(Letters(), 2, detail).predict_proba(texts)
    alone = [Twofold(Letters(), 2, detail).predict_proba([text])[0] for text in texts]
    assert np.array_equal(together, alone)


def test_without_parts_nothing_changes() -> None:
    texts = ["a b c. " * 20, "b", ""]
    assert np.array_equal(Twofold(Letters(), 2, 0).predict_proba(texts), Letters().predict_proba(texts))


@pytest.fixture(scope="module")
def model(finished: Path) -> Model:
    return load_model(finished / "models" / "tfidf")


def test_a_claim_in_passing_scores_higher_than_by_the_whole_alone(model: Model) -> None:
    whole, parts = (replace(model, detail=detail).classify([PASSAGE])[0].scores["toll"] for detail in (0, 100))
    assert parts > whole


def test_a_model_keeps_how_it_reads(model: Model, tmp_path: Path) -> None:
    for detail in (0, 120):
        save_model(replace(model, detail=detail), tmp_path / str(detail))
        again = load_model(tmp_path / str(detail))
        assert again.detail == detail
        assert np.array_equal(again.classify([PASSAGE]).scores, replace(model, detail=detail).classify([PASSAGE]).scores)


def test_words_add_up_to_what_whole_and_part_say_on_average(model: Model) -> None:
    read = replace(model, detail=100)
    column = model.codebook.ids.index("toll")
    odds = to_log_odds(Twofold(model.classifier, len(model.codebook.ids), 100).predict_proba([PASSAGE]))[0, column]
    empty = to_log_odds(model.classifier.predict_proba([""]))[0, column]
    weights = weigh_words(read, PASSAGE, [column])
    assert weights[:, column].sum() + empty == pytest.approx(odds, abs=1e-3)


def test_a_config_says_how_closely_to_read(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    config = root / "experiments" / "base" / "config.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(f"{before}\n[reading]\ndetail = 20\n", encoding="utf-8")
    refused = invoke(root, "train", "base")
    assert refused.exit_code == 2
    assert "'detail' must be 0, for windows read as a whole only, or at least 50 characters" in refused.stderr
    for detail in (0, 70):
        config.write_text(f"{before}\n[reading]\ndetail = {detail}\n", encoding="utf-8")
        assert invoke(root, "train", "base").exit_code == 0
        assert load_model(root / "models" / "base").detail == detail
