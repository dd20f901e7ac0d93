"""What the frozen layers make of the training windows: computed once, not in every epoch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


@dataclass(slots=True)
class FrozenStates:
    """The token vectors that leave the last frozen layer, in 16 bits, and a way to go on from there.

    Frozen layers learn nothing and drop nothing out, so that a window leaves them alike in each epoch; they are a quarter
    of the work of an encoder whose lower half is frozen.
    """

    layers: Sequence[nn.Module]
    starts: list[int]  # where the tokens of each window begin in `states`, and where the last one ends
    states: Tensor  # float16 (tokens, width)
    paired: bool  # whether a layer answers with a tuple, as those of some encoders do
    batch: Tensor | None = None  # (windows, tokens, width): what comes next

    @classmethod
    def compute(
        cls, network: PooledClassifier, windows: Any, padding: int, progress: Progress | None, most: int = _MOST
    ) -> Self | None:
        """Of all windows; `None` where no layer is frozen, where they are too many, or where it would not come out alike."""
        layers = [layer for layer in find_layers(network.encoder) if not any(w.requires_grad for w in layer.parameters())]
        lengths, width = windows["length"][:], network.encoder.config.hidden_size
        learns = any(weight.requires_grad for weight in network.encoder.get_input_embeddings().parameters())
        if not layers or learns or 2 * sum(lengths) * width > most:
            return None
        starts = torch.tensor([0, *lengths]).cumsum(0).tolist()
        kept = cls(layers, starts, torch.empty(starts[-1], width, dtype=torch.float16), paired=False)
        batches, device = batches_by_length(lengths, _BUDGET), next(network.parameters()).device
        network.eval()
        for k, (rows, (ids, mask)) in enumerate(zip(batches, padded(windows, batches, padding, device), strict=True)):
            if not kept._keep(network.encoder, rows, ids, mask, check=k == 0):
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

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """Within it the frozen layers compute nothing: the first one answers what was recalled, the others pass it on."""
        forwards = [layer.forward for layer in self.layers]
        try:
            for k, layer in enumerate(self.layers):
                layer.forward = self._answer if k == 0 else self._pass_on
            yield
        finally:
            for layer, forward in zip(self.layers, forwards, strict=True):
                layer.forward = forward

    def _answer(self, *arguments: Any, **options: Any) -> Any:
        return (self.batch,) if self.paired else self.batch

    def _pass_on(self, state: Any, *arguments: Any, **options: Any) -> Any:
        return (state,) if self.paired else state

    @torch.no_grad()
    def _keep(self, encoder: Callable[..., Any], rows: Sequence[int], ids: Tensor, mask: Tensor, check: bool) -> bool:
        """Keep the states of some windows; with `check` say whether the encoder answers alike where it goes on from them."""
        seen: list[Any] = []
        hook = self.layers[-1].register_forward_hook(lambda layer, given, answer: seen.append(answer))
        try:
            whole = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        finally:
            hook.remove()
        if len(seen) != 1:  # a layer that is asked several times, as where layers are shared
            return False
        self.paired = isinstance(seen[0], tuple)
        states = seen[0][0] if self.paired else seen[0]
        for k, row in enumerate(rows):
            start, end = self.starts[row : row + 2]
            self.states[start:end] = states[k, : end - start]
        if not check:
            return True
        self.recall(rows, ids.shape[1])
        with self.standing_in():
            apart = (encoder(input_ids=ids, attention_mask=mask).last_hidden_state - whole)[mask.bool()]
        return bool(apart.norm() <= _NEAR * whole[mask.bool()].norm())
