"""Scores by torch on a GPU, which is fast only with many windows at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from narratives.classifiers.odds import to_share
from narratives.classifiers.transformer.batches import batches_by_length, find_multiple, pad, pin, round_up
from narratives.classifiers.transformer.network import PooledClassifier
from narratives.classifiers.transformer.tokens import stride
from narratives.data import Scores, Texts
from narratives.progress import Progress

BUDGET = 32_768  # tokens in a batch, padding included: enough to keep a card busy, and little enough for one with 8 GB
STRETCH = 4_096  # texts that are tokenised and grouped by length together, while the GPU computes those before them

Input = TypeVar("Input")
Output = TypeVar("Output")


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows to be computed together."""

    owners: list[int]  # the text of each, as its position in all texts
    ids: Tensor  # (windows, width)
    mask: Tensor  # the same
    done: int  # how many of all texts are about done with it


def score_in_batches(
    network: PooledClassifier,
    texts: Texts,
    tokenizer: Any,
    max_length: int,
    padding: int,
    *,
    budget: int = BUDGET,
    progress: Progress | None = None,
) -> Scores:
    """Scores of shape (texts, narratives); of a text in several windows, the highest.

    `tokenizer` is of the package `tokenizers`; a window has at most `max_length` tokens, `padding` is the token that fills up.
    Windows of like length share a batch, so on a GPU the last digits of a text's scores depend on the texts beside it.
    Nothing is fetched from the GPU before the end; it waits once a batch, where the encoder looks whether a mask masks.
    """
    scores = np.zeros((len(texts), network.head.out_features), dtype=np.float32)
    if not len(texts):
        return scores
    device = next(network.parameters()).device
    network.eval()
    owners: list[int] = []
    parts: list[Tensor] = []

    def prepare(start: int) -> list[Batch]:
        return make_batches(
            texts, range(start, min(start + STRETCH, len(texts))), tokenizer, max_length, padding, budget, device
        )

    with torch.inference_mode():
        for batches in one_ahead(prepare, range(0, len(texts), STRETCH)):
            for batch in batches:
                owners += batch.owners
                parts.append(network(batch.ids.to(device, non_blocking=True), batch.mask.to(device, non_blocking=True)).float())
                if progress:
                    progress(batch.done, len(texts), "texts")
        logits = torch.cat(parts).cpu().numpy()
    best = np.full(scores.shape, -np.inf)
    np.maximum.at(best, owners, logits)
    scores[:] = to_share(best)
    return scores


def make_batches(
    texts: Texts, rows: range, tokenizer: Any, max_length: int, padding: int, budget: int, device: torch.device
) -> list[Batch]:
    """The windows of some of the texts, longest first, in batches of at most `budget` tokens, padding included."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, stride=stride(max_length))
    encoded = tokenizer.encode_batch([texts[row] for row in rows])
    windows = [(row, part.ids) for row, first in zip(rows, encoded, strict=True) for part in (first, *first.overflowing)]
    widths = round_up([len(ids) for _, ids in windows], find_multiple(device))
    batches, done = [], 0
    for chosen in batches_by_length(widths, budget):
        done += len(chosen)
        ids, mask = pad([windows[k][1] for k in chosen], padding, widths[chosen[0]])
        share = rows.start + len(rows) * done // len(windows)
        batches.append(Batch([windows[k][0] for k in chosen], pin(ids, device), pin(mask, device), share))
    return batches


def one_ahead(make: Callable[[Input], Output], inputs: Iterable[Input]) -> Iterator[Output]:
    """`make(input)` of each input in order, the next one being made in another thread meanwhile."""
    with ThreadPoolExecutor(1) as beside:
        pending: Future[Output] | None = None
        for input_ in inputs:
            following = beside.submit(make, input_)
            if pending:
                yield pending.result()
            pending = following
        if pending:
            yield pending.result()
