"""Reading texts with the network: windows, batches, and the scores that come of them."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy import Toy
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.classifiers.transformer.batches import batches_by_length, pad, shuffled_batches, tokenise
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder

LENGTHS = st.lists(st.integers(1, 200), max_size=150)


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Any:
    return load_encoder(str(tiny_encoder))[0]


@pytest.fixture(scope="module")
def fitted(tiny_encoder: Path, toy_texts: Toy) -> TransformerClassifier:
    classifier = TransformerClassifier(
        encoder=str(tiny_encoder), epochs=12, learning_rate=5e-3, head_learning_rate=2e-2, frozen=0.0
    )
    return classifier.fit(*toy_texts)


@pytest.mark.parametrize("words", [1, 29, 30, 31, 60, 500])
@pytest.mark.parametrize("max_length", [16, 32])
def test_windows_cover_the_whole_text(tokenizer: Any, words: int, max_length: int) -> None:
    vocabulary = [f"{word}" for word in ("bridge", "toll", "ferry", "river", "dam", "exam", "pupil")]
    text = " ".join(vocabulary[k * k % 7] for k in range(words))
    whole = tokenizer(text, add_special_tokens=False)["input_ids"]
    joined: list[int] = []
    for window in tokenise([text], tokenizer, max_length)["input_ids"][:]:
        assert len(window) <= max_length
        assert (window[0], window[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        shared = max_length // 4 if joined else 0
        assert joined[len(joined) - shared :] == window[1 : 1 + shared]
        joined += window[1 + shared : -1]
    assert joined == whole


def test_each_window_knows_its_text(tokenizer: Any) -> None:
    windows = tokenise(["toll", "river " * 100, "", "dam " * 40], tokenizer, 32)
    rows: dict[int, list[int]] = defaultdict(list)
    for owner, ids, length in zip(windows["text"][:], windows["input_ids"][:], windows["length"][:], strict=True):
        assert length == len(ids)
        rows[owner].append(length)
    assert sorted(rows) == [0, 1, 2, 3]
    assert (len(rows[0]), len(rows[1]), len(rows[2]), len(rows[3])) == (1, 5, 1, 2)


def test_the_end_of_a_very_long_text_changes_the_score(fitted: TransformerClassifier) -> None:
    start = "she saw the house and went home " * 100
    plain, told = fitted.predict_proba([start + "home and house", start + "teacher lesson pupil classroom exam " * 5])
    assert told[1] > plain[1] + 0.2


def test_a_long_text_scores_as_its_best_window(fitted: TransformerClassifier, tokenizer: Any) -> None:
    text = "river dam flood levee " + "she saw the house and went home " * 60 + "toll bridge ferry tariff"
    windows = [window[1:-1] for window in tokenise([text], tokenizer, 128)["input_ids"][:]]
    assert len(windows) > 2
    parts = fitted.predict_proba([tokenizer.decode(window) for window in windows])
    np.testing.assert_allclose(fitted.predict_proba([text])[0], parts.max(0), atol=1e-5)


def test_a_window_is_never_longer_than_the_encoder_can_read(tiny_encoder: Path, toy_texts: Toy) -> None:
    classifier = TransformerClassifier(encoder=str(tiny_encoder), max_length=512, epochs=1)  # the encoder reads 128
    classifier.fit(*toy_texts)
    assert classifier.predict_proba(["river " * 1000]).shape == (1, 3)


@given(lengths=LENGTHS, budget=st.integers(1, 500))
@settings(deadline=None)
def test_batches_cover_every_row_once_within_the_token_budget(lengths: list[int], budget: int) -> None:
    batches = batches_by_length(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) * max(lengths[row] for row in batch) <= budget or len(batch) == 1


@given(lengths=LENGTHS)
@settings(deadline=None)
def test_the_longest_rows_come_first(lengths: list[int]) -> None:
    order = [lengths[row] for batch in batches_by_length(lengths, 300) for row in batch]
    assert order == sorted(lengths, reverse=True)


@given(lengths=LENGTHS, size=st.integers(1, 20), seed=st.integers(0, 9))
@settings(deadline=None)
def test_shuffled_batches_cover_every_row_once(lengths: list[int], size: int, seed: int) -> None:
    batches = shuffled_batches(lengths, size, torch.Generator().manual_seed(seed))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert all(len(batch) <= size for batch in batches)


def test_shuffled_batches_hold_rows_of_similar_length_in_another_order_each_time() -> None:
    generator = torch.Generator().manual_seed(1)
    lengths = [k * 37 % 128 for k in range(128)]
    first, second = (shuffled_batches(lengths, 16, generator) for _ in range(2))
    assert first != second
    for batch in first:
        assert max(lengths[row] for row in batch) - min(lengths[row] for row in batch) == 15


def test_padding_is_masked() -> None:
    ids, mask = pad([[5, 6, 7], [8]], 0, 4)
    assert ids.tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
