"""Texts as padded batches of token windows, alike in length so that little is computed on padding."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narratives.classifiers.transformer.tokens import stride
from narratives.data import Texts


def tokenise(texts: Texts, tokenizer: Any, max_length: int) -> Any:
    """A `datasets.Dataset` with a row for each window: `input_ids`, `text` (position in `texts`) and `length`.

    A text longer than `max_length` tokens becomes several overlapping windows, so that nothing is cut off.
    """
    from datasets import Dataset

    def cut(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        encoded = tokenizer(
            batch["words"],
            truncation=True,
            max_length=max_length,
            stride=stride(max_length),
            return_overflowing_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        ids = encoded["input_ids"]
        owners = [batch["text"][k] for k in encoded["overflow_to_sample_mapping"]]
        return {"input_ids": ids, "text": owners, "length": [len(window) for window in ids]}

    rows = Dataset.from_dict({"words": list(texts), "text": list(range(len(texts)))})
    return rows.map(cut, batched=True, remove_columns=["words"], keep_in_memory=True)


def batches_by_length(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows in order of length, longest first, in batches of at most `budget` tokens padding included.

    Longest first: if memory is short, that shows at once.
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def shuffled_batches(lengths: Sequence[int], batch_size: int, generator: torch.Generator) -> list[list[int]]:
    """Random batches of rows of similar length: shuffle, sort within stretches of 32 batches, shuffle the batches."""
    order = torch.randperm(len(lengths), generator=generator).tolist()
    stretch = batch_size * 32
    batches = []
    for start in range(0, len(order), stretch):
        part = sorted(order[start : start + stretch], key=lambda row: lengths[row])
        batches += [part[k : k + batch_size] for k in range(0, len(part), batch_size)]
    return [batches[k] for k in torch.randperm(len(batches), generator=generator).tolist()]


def round_up(lengths: Sequence[int], multiple: int) -> list[int]:
    """How wide rows of these lengths are padded: multiples of `multiple`, but never more than the longest row of all.

    A GPU's matrix units and its fused attention like tensors in steps of 8; an encoder has no positions beyond the longest.
    """
    most = max(lengths, default=0)
    return [min(-(-length // multiple) * multiple, most) for length in lengths]


def find_multiple(device: torch.device) -> int:
    """The step in which widths grow on a device."""
    return 8 if device.type == "cuda" else 1


def pad(rows: Sequence[Sequence[int]], padding: int, least: int = 0) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both of shape (rows, longest row, or `least` if that is more), on the CPU."""
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(max(lengths.max(), least)) < lengths[:, None]
    ids = np.full(mask.shape, padding, dtype=np.int64)
    ids[mask] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))


def pin(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor in memory from which a GPU can fetch it while the CPU goes on; unchanged for a CPU."""
    return tensor.pin_memory() if device.type == "cuda" else tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on `device`; nobody waits until it is there."""
    return pin(tensor, device).to(device, non_blocking=True)


def padded(
    windows: Any, batches: Sequence[Sequence[int]], padding: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """The padded tensors of each batch of rows, on `device`."""
    ids = windows["input_ids"][:]
    widths = round_up(windows["length"][:], find_multiple(device))
    for rows in batches:
        tensors = pad([ids[row] for row in rows], padding, max(widths[row] for row in rows))
        yield send(tensors[0], device), send(tensors[1], device)
