"""What the frozen layers make of the training windows: computed once, not in every epoch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from narratives.classifiers.transformer.batches import batches_by_length, padded
from narratives.classifiers.transformer.network import PooledClassifier, find_layers
from narratives.progress import Progress

_MOST = 2 << 30  # bytes: 2.8 million tokens of width 384, some 20,000 passages; what is larger is computed anew each time
_BUDGET = 1024  # tokens computed together
_NEAR = 0.01  # how far the encoder's answer may lie from its own, as a share of its length, where states are put in

Encoder = Callable[..., Any]


@dataclass(slots=True)
class FrozenStates:
    """The token vectors that leave the last frozen layer, in 16 bits, and a way to go on from there.

    Frozen layers learn nothing and drop nothing out, so that a window leaves them alike in each epoch; they are a quarter
    of the work of an encoder whose lower half is frozen.
    """

    frozen: Sequence[nn.Module]  # the layers
    above: Sequence[nn.Module]  # those that learn
    starts: list[int]  # where the tokens of each window begin in `states`, and where the last one ends
    states: Tensor  # float16 (tokens, width)
    beside: int | None = None  # how much a layer answers beside the states, in a tuple; `None`: it answers no tuple
    batch: Tensor | None = None  # (windows, tokens, width): what comes next

    @classmethod
    def compute(
        cls, network: PooledClassifier, windows: Any, padding: int, progress: Progress | None, most: int = _MOST
    ) -> Self | None:
        """Of all windows; `None` where no layer is frozen, where they are too many, or where it would not come out alike.

        To be asked before anything is learned: whether it comes out alike is judged by the whole encoder, as pretrained.
        """
        layers = find_layers(network.encoder)
        frozen = [layer for layer in layers if not any(weights.requires_grad for weights in layer.parameters())]
        lengths, width = windows["length"][:], getattr(network.encoder.config, "hidden_size", most)
        if not frozen or frozen != layers[: len(frozen)] or 2 * sum(lengths) * width > most:
            return None
        starts = torch.tensor([0, *lengths]).cumsum(0).tolist()
        kept = cls(frozen, layers[len(frozen) :], starts, torch.empty(starts[-1], width, dtype=torch.float16))
        batches, device = batches_by_length(lengths, _BUDGET), next(network.parameters()).device
        network.eval()
        for k, (rows, (ids, mask)) in enumerate(zip(batches, padded(windows, batches, padding, device), strict=True)):
            if not (kept._keep(network.encoder, rows, ids, mask) if k else kept._begin(network.encoder, rows, ids, mask)):
                return None
            if progress:
                progress(k + 1, len(batches), "what the frozen layers make of the passages")
        return kept if kept.states.isfinite().all() else None

    def recall(self, rows: Sequence[int], width: int) -> None:
        """What the next pass goes on from: these windows, padded to so many tokens."""
        self.batch = torch.zeros(len(rows), width, self.states.shape[1])
        for k, row in enumerate(rows):
            start, end = self.starts[row : row + 2]
            self.batch[k, : end - start] = self.states[start:end]

    def standing_in(self) -> AbstractContextManager[None]:
        """Within it the frozen layers compute nothing: the first one answers what was recalled, the others pass it on."""
        return _replaced({self.frozen[0]: self._answer} | dict.fromkeys(self.frozen[1:], self._pass_on))

    def _answer(self, *arguments: Any, **options: Any) -> Any:
        return self.batch if self.beside is None else (self.batch, *[None] * self.beside)

    def _pass_on(self, *arguments: Any, **options: Any) -> Any:
        state = arguments[0] if arguments else options["hidden_states"]
        return state if self.beside is None else (state, *[None] * self.beside)

    @torch.no_grad()
    def _begin(self, encoder: Encoder, rows: Sequence[int], ids: Tensor, mask: Tensor) -> bool:
        """Keep the states of the first windows, and say whether the encoder answers alike where it goes on from them."""
        seen: list[Any] = []
        with _watched(self.frozen[-1], seen):
            whole = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        if len(seen) != 1:  # a layer that is asked several times, as where layers are shared
            return False
        self.beside = len(seen[0]) - 1 if isinstance(seen[0], tuple) else None
        if not self._put(rows, seen[0], ids):
            return False
        self.recall(rows, ids.shape[1])
        try:
            with self.standing_in():
                apart = (encoder(input_ids=ids, attention_mask=mask).last_hidden_state - whole)[mask.bool()]
        except Exception:  # whatever an encoder wants of its layers beside their states: it computes them itself
            return False
        return bool(apart.norm() <= _NEAR * whole[mask.bool()].norm())

    @torch.no_grad()
    def _keep(self, encoder: Encoder, rows: Sequence[int], ids: Tensor, mask: Tensor) -> bool:
        """Keep the states of some windows; the layers above are spared."""
        seen: list[Any] = []
        with _watched(self.frozen[-1], seen), _replaced(dict.fromkeys(self.above, self._pass_on)):
            encoder(input_ids=ids, attention_mask=mask)
        return self._put(rows, seen[0], ids)

    def _put(self, rows: Sequence[int], answer: Any, ids: Tensor) -> bool:
        states = answer if self.beside is None else answer[0]
        if tuple(states.shape) != (*ids.shape, self.states.shape[1]):  # an encoder that lays them out in its own way
            return False
        for k, row in enumerate(rows):
            start, end = self.starts[row : row + 2]
            self.states[start:end] = states[k, : end - start]
        return True


@contextmanager
def _watched(layer: nn.Module, seen: list[Any]) -> Iterator[None]:
    """Within it what the layer answers is put into `seen`."""
    hook = layer.register_forward_hook(lambda _, given, answer: seen.append(answer))
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _replaced(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Within it these functions answer for the layers."""
    before = {layer: vars(layer).get("forward") for layer in forwards}
    try:
        for layer, forward in forwards.items():
            layer.forward = forward
        yield
    finally:
        for layer, own in before.items():
            vars(layer).pop("forward", None)  # else a layer would hold itself, and stay in memory
            if own:
                layer.forward = own
