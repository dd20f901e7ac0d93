"""The training loop: early stopping on validation, and a checkpoint an epoch from which a killed run goes on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from narratives.classifiers.transformer.batches import padded, send, shuffled_batches
from narratives.classifiers.transformer.frozen import FrozenStates
from narratives.classifiers.transformer.network import PooledClassifier, has_bf16, start_learning, write_tensors
from narratives.data import Targets, Texts
from narratives.files import read_json, replacing, write_json
from narratives.progress import Progress


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train."""

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    weight_decay: float
    warmup: float  # share of all steps
    max_class_weight: float
    bf16: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a training keeps its state, and what it must have been begun with for another to go on from there."""

    folder: Path
    fingerprint: str


@dataclass(slots=True)
class State:
    """How far training has come; with the tensors beside it, all that going on needs."""

    fingerprint: str
    epoch: int = 0  # epochs done
    best_epoch: int = 0
    best_score: float = -1.0

    def goes_on(self, schedule: Schedule) -> bool:
        """Whether another epoch is due."""
        return self.epoch < schedule.epochs and self.epoch - self.best_epoch < schedule.patience


def train_network(
    network: PooledClassifier,
    windows: Any,
    targets: Targets,
    padding: int,
    schedule: Schedule,
    score: Callable[[PooledClassifier], float] | None,
    *,
    progress: Progress | None,
    checkpoint: Checkpoint | None,
) -> State:
    """Fit `network` in place and leave it with the weights of its best epoch.

    `windows` are the token windows of the training texts, `targets` (texts, narratives) their labels, and
    `score(network)` rates an epoch, higher being better; without it the last is the best. Randomness is seeded afresh
    each epoch, so a run that was killed and goes on ends with the weights of one that was not; on a GPU nearly, since it
    may add up in another order.
    """
    device = next(network.parameters()).device
    bf16 = schedule.bf16 and has_bf16(device)
    optimizer = _make_optimizer(network, schedule)
    y = torch.from_numpy(targets.astype(np.float32))
    weights = _class_weights(y, schedule.max_class_weight).to(device)
    state, frozen = _read_state(checkpoint), None
    steps, ahead = -(-len(windows) // schedule.batch_size), 0

    def tell(done: int, count: int, note: str) -> None:
        nonlocal ahead
        ahead = done
        if progress:
            progress(done, count + schedule.epochs * steps, note)

    if schedule.epochs > 1 and state.goes_on(schedule) and device.type == "cpu":  # no GPU is kept waiting by these layers
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            frozen = FrozenStates.compute(network, windows, padding, tell)
    state, best = _resume(network, optimizer, checkpoint, state)
    loss = nn.BCEWithLogitsLoss(pos_weight=weights)
    work = _Work(network, windows, y, padding, schedule, optimizer, loss, bf16, frozen, steps, ahead)
    while state.goes_on(schedule):
        _train_epoch(work, state, progress)
        state.epoch += 1
        reached = score(network) if score else float(state.epoch)
        if reached > state.best_score:
            state.best_score, state.best_epoch = reached, state.epoch
            best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        if checkpoint:
            _save_checkpoint(checkpoint.folder, network, optimizer, best, state)
    network.load_state_dict(best)
    return state


@dataclass(frozen=True, slots=True)
class _Work:
    # What every epoch needs.
    network: PooledClassifier
    windows: Any
    y: Tensor
    padding: int
    schedule: Schedule
    optimizer: torch.optim.AdamW
    loss: nn.Module
    bf16: bool
    frozen: FrozenStates | None
    steps: int  # of an epoch
    ahead: int  # of the steps that progress counts, those before the first epoch

    def find_logits(self, rows: list[int], ids: Tensor, mask: Tensor) -> Tensor:
        """Those of a batch of windows, (windows, narratives); from the last frozen layer on where its states were kept."""
        logits: Tensor
        with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            if self.frozen is None:
                logits = self.network(ids, mask)
            else:
                self.frozen.recall(rows, ids.shape[1])
                with self.frozen.standing_in():
                    logits = self.network(ids, mask)
        return logits.float()


def _train_epoch(work: _Work, state: State, progress: Progress | None) -> None:
    network, schedule, optimizer, steps = work.network, work.schedule, work.optimizer, work.steps
    device = next(network.parameters()).device
    lengths, owners = work.windows["length"][:], work.windows["text"][:]
    reading = 20 if device.type == "cuda" else 1  # steps between looks at the loss, for which a GPU must be waited for
    torch.manual_seed(schedule.seed * 1_000_003 + state.epoch)
    generator = torch.Generator().manual_seed(schedule.seed * 1_000_003 + state.epoch)
    batches = shuffled_batches(lengths, schedule.batch_size, generator)
    start_learning(network)
    total, mean = torch.zeros((), dtype=torch.float64, device=device), 0.0
    for step, (rows, (ids, mask)) in enumerate(zip(batches, padded(work.windows, batches, work.padding, device), strict=True)):
        factor = _linear_schedule(state.epoch * steps + step, schedule.epochs * steps, schedule.warmup)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        loss = work.loss(work.find_logits(rows, ids, mask), send(work.y[[owners[row] for row in rows]], device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += loss.detach()
        if progress:
            if step % reading == 0:
                mean = total.item() / (step + 1)
            note = f"epoch {state.epoch + 1}/{schedule.epochs}, loss {mean:.3f}"
            if state.epoch:
                note += f", best validation {state.best_score:.3f} in epoch {state.best_epoch}"
            done = work.ahead + state.epoch * steps + step + 1
            progress(done, work.ahead + schedule.epochs * steps, note)


def _linear_schedule(step: int, total: int, warmup: float) -> float:
    rise = max(1.0, warmup * total)
    return min((step + 1) / rise, max(0.0, (total - step) / max(1.0, total - rise)))


def _class_weights(y: Tensor, cap: float) -> Tensor:
    positives = y.sum(0)
    return ((len(y) - positives) / positives.clamp(min=1)).clamp(min=1.0, max=cap)


def _make_optimizer(network: PooledClassifier, schedule: Schedule) -> torch.optim.AdamW:
    # No decay on biases and norms (vectors), as is usual; the fresh head learns faster than the pretrained encoder.
    groups = []
    pretrained = list(network.encoder.parameters())
    for part, rate in ((pretrained, schedule.learning_rate), (network.fresh, schedule.head_learning_rate)):
        for decay, vectors in ((schedule.weight_decay, False), (0.0, True)):
            parameters = [p for p in part if p.requires_grad and (p.ndim < 2) == vectors]
            groups.append({"params": parameters, "weight_decay": decay, "lr": rate, "peak": rate})
    return torch.optim.AdamW(groups, fused=True)


def _save_checkpoint(
    folder: Path, network: PooledClassifier, optimizer: torch.optim.Optimizer, best: dict[str, Tensor], state: State
) -> None:
    with replacing(folder) as aside:
        aside.mkdir()
        write_tensors(network.state_dict(), aside / "current.safetensors")
        write_tensors(best, aside / "best.safetensors")
        moments = {
            f"{index}.{key}": value
            for index, values in optimizer.state_dict()["state"].items()
            for key, value in values.items()
        }
        write_tensors(moments, aside / "optimizer.safetensors")
        write_json(aside / "state.json", asdict(state))


def _read_state(checkpoint: Checkpoint | None) -> State:
    """That of a training to go on with; that of a new one where there is none, or one of other data or other settings."""
    start = State(checkpoint.fingerprint if checkpoint else "")
    if checkpoint is None or not (checkpoint.folder / "state.json").is_file():
        return start
    state = State(**read_json(checkpoint.folder / "state.json"))
    return state if state.fingerprint == checkpoint.fingerprint else start


def _resume(
    network: PooledClassifier, optimizer: torch.optim.Optimizer, checkpoint: Checkpoint | None, state: State
) -> tuple[State, dict[str, Tensor]]:
    """Load what belongs to `state`: it and its best weights; a new state where the tensors are damaged."""
    if checkpoint is None or not state.epoch:
        return state, {}
    folder = checkpoint.folder
    try:
        current, best, adam = (load_file(folder / f"{name}.safetensors") for name in ("current", "best", "optimizer"))
    except (OSError, SafetensorError):  # damaged: starting over costs time, going on from it would cost the result
        return State(checkpoint.fingerprint), {}
    network.load_state_dict(current)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in adam.items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return state, best


def fingerprint(settings: Mapping[str, Any], *data: tuple[Texts, Targets]) -> str:
    """A fingerprint of everything that decides where training leads."""
    digest = hashlib.sha256(json.dumps(settings).encode())
    for texts, targets in data:
        digest.update(json.dumps(list(texts)).encode())
        digest.update(np.packbits(targets).tobytes())
    return digest.hexdigest()
