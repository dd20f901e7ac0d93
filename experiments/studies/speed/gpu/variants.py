"""What is compared: ways to compute the same network, for scores and for training."""

import random
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.append(str(Path(__file__).parents[1]))
from machine import operations

from narratives.classifiers.transformer.batches import round_up, shuffled_batches, tokenise
from narratives.classifiers.transformer.gpu import BUDGET, STRETCH, Batch, make_batches
from narratives.classifiers.transformer.network import halve
from narratives.classifiers.transformer.training import Schedule, train_network

AS_THEY_COME = 32  # texts in a batch where nothing is grouped


@dataclass(frozen=True, slots=True)
class Scoring:
    """A way to score: a network, and how many tokens a batch holds; without a budget, 32 texts as they come."""

    name: str
    network: Any
    budget: int | None
    autocast: bool = False

    def batch(self, texts: list[str], tokenizer: Any, max_length: int, padding: int, device: torch.device) -> list[Batch]:
        """The batches, made while no clock runs."""
        step, budget = (STRETCH, self.budget) if self.budget else (AS_THEY_COME, sys.maxsize)
        return [
            batch
            for start in range(0, len(texts), step)
            for batch in make_batches(
                texts, range(start, min(start + step, len(texts))), tokenizer, max_length, padding, budget, device
            )
        ]

    def run(self, batches: list[Batch], device: torch.device) -> torch.Tensor:
        """Logits of all windows, in the order of the batches."""
        self.network.eval()
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.autocast):
            return torch.cat(
                [self.network(b.ids.to(device, non_blocking=True), b.mask.to(device, non_blocking=True)) for b in batches]
            ).float()


@dataclass(frozen=True, slots=True)
class Training:
    """A way to train."""

    name: str
    network: Any
    batch_size: int
    bf16: bool


def make_scorings(network: Any, compiled: bool, skipped: dict[str, str]) -> list[Scoring]:
    """All ways to score; `network` is in float32 on the device."""
    halved = halve(network)
    ways = [
        Scoring("float32, 32 texts as they come", network, None),
        Scoring("bf16, 32 texts as they come", halved, None),
        Scoring(f"float32, {BUDGET:,} tokens", network, BUDGET),
        *(Scoring(f"bf16, {budget:,} tokens", halved, budget) for budget in (BUDGET // 4, BUDGET, BUDGET * 4)),
        Scoring(f"bf16 by autocast, {BUDGET:,} tokens", network, BUDGET, autocast=True),
    ]
    if eager := _try("eager attention", skipped, lambda: _unfuse(halved)):
        ways.append(Scoring(f"bf16, {BUDGET:,} tokens, eager attention", eager, BUDGET))
    if compiled:
        ways.append(Scoring(f"bf16, {BUDGET:,} tokens, torch.compile", _compile(halved), BUDGET))
    return ways


def make_trainings(network: Any, compiled: bool, skipped: dict[str, str]) -> list[Training]:
    """All ways to train. Each has a network of its own, which its runs go on training: speed does not change by that."""
    ways = [
        Training("float32, batches of 16", deepcopy(network), 16, bf16=False),
        *(Training(f"bf16, batches of {size}", deepcopy(network), size, bf16=True) for size in (16, 64, 256)),
    ]
    if eager := _try("eager attention", skipped, lambda: _unfuse(network)):
        ways.append(Training("bf16, batches of 16, eager attention", eager, 16, bf16=True))
    if compiled:
        ways.append(Training("bf16, batches of 16, torch.compile", _compile(network), 16, bf16=True))
    return ways


class Lesson:
    """Texts to train on, with random labels, as token windows."""

    def __init__(self, texts: list[str], narratives: int, tokenizer: Any, max_length: int) -> None:
        self._windows = tokenise(texts, tokenizer, max_length)
        self._targets = np.random.default_rng(0).random((len(texts), narratives)) < 0.05
        self._padding = tokenizer.pad_token_id
        self.lengths: list[int] = self._windows["length"][:]

    def train(self, way: Training) -> None:
        """One epoch, as the product trains."""
        schedule = Schedule(
            epochs=1,
            patience=1,
            batch_size=way.batch_size,
            learning_rate=1e-5,
            head_learning_rate=1e-4,
            weight_decay=0.01,
            warmup=0.1,
            max_class_weight=4.0,
            bf16=way.bf16,
            seed=0,
        )
        train_network(
            way.network,
            self._windows,
            self._targets,
            self._padding,
            schedule,
            None,
            progress=None,
            checkpoint=None,
        )

    def padded_tokens(self, batch_size: int, multiple: int) -> int:
        """Tokens that an epoch computes, padding included."""
        widths = round_up(self.lengths, multiple)
        batches = shuffled_batches(self.lengths, batch_size, torch.Generator().manual_seed(0))
        return sum(len(rows) * max(widths[row] for row in rows) for rows in batches)


def count_operations(encoder: Any, lengths: list[int]) -> float:
    """What the encoder needs for windows of these lengths, padding apart; training takes three times as much."""
    return operations(encoder.config.to_dict(), lengths)


def in_turn(
    ways: list[Any], rounds: int, measure: Callable[[Any], float], is_over: Callable[[], bool]
) -> dict[str, list[float]]:
    """Seconds of each way in every round; the order changes from round to round. Ends early, after a round, if time is up."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for k in range(rounds):
        if k and is_over():
            break
        for way in random.Random(k).sample(ways, len(ways)):
            seconds[way.name].append(measure(way))
    return seconds


def _unfuse(network: Any) -> Any:
    copy = deepcopy(network)
    copy.encoder.set_attn_implementation("eager")
    return copy


def _compile(network: Any) -> Any:
    copy = deepcopy(network)
    copy.compile(dynamic=True)
    return copy


def _try(name: str, skipped: dict[str, str], make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (AttributeError, ValueError) as error:  # older versions of the library, other encoders
        skipped[name] = str(error).split("\n")[0]
        return None
