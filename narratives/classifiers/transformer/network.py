"""The neural networks: an encoder, a weighted mean of its token vectors and a logit for each narrative; or the mean alone."""

import ctypes
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

SPAN = 64  # tokens, two sentences or so: 16 to 64 rank real reports alike, and stances suffer below 64 (measured, in the log)
_SPANS_LEARNED = 0.5  # share of the windows, drawn anew each time, of which the best span is learned from
_FAINTEST = -80.0  # a look is at most so far below the strongest: its exponential must not vanish


class PooledClassifier(nn.Module):
    """Each narrative weighs the tokens by itself: a claim in half a sentence is not averaged away by the rest of a paragraph.

    The weights are a softmax over the window (label-wise attention: Mullenbach et al., "Explainable Prediction of Medical
    Codes from Clinical Text", NAACL 2018). They start alike, which is the mean that sentence encoders were trained with.
    Without attention (`attends=False`) the mean it stays.

    When it answers, the `span` consecutive tokens in which a narrative's mean is largest count, the rest of a long paragraph
    does not (0: the whole window): of a bag of spans the best one decides, as in multiple-instance learning (Dietterich,
    Lathrop and Lozano-Perez 1997). It learns from that span for half of the windows, by lot, from the whole of the others.
    """

    def __init__(self, encoder: Any, narratives: int, dropout: float, *, attends: bool = True, span: int = SPAN) -> None:
        super().__init__()
        self.span = span if attends else 0
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, narratives)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.attention = nn.Linear(encoder.config.hidden_size, narratives, bias=False) if attends else None
        if self.attention is not None:
            nn.init.zeros_(self.attention.weight)

    @torch.no_grad()
    def expect(self, shares: Tensor) -> None:
        """Start from each narrative's share (narratives,) of the texts: the first epochs need not learn that it is rare."""
        self.head.bias.copy_(shares.clamp(1e-4, 1 - 1e-4).logit())

    @property
    def fresh(self) -> list[nn.Parameter]:
        """What was not pretrained."""
        return [parameter for name, parameter in self.named_parameters() if not name.startswith("encoder.")]

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits of shape (batch, narratives); without a mask, nothing is padding."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        with torch.autocast(hidden.device.type, enabled=False):  # sums of many stay in float32
            hidden = hidden.float()
            if self.attention is None:
                return self._average(hidden, attention_mask)
            return self._weigh(hidden, self.attention(hidden), attention_mask)

    def _average(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            pooled = hidden.mean(1)
        else:
            mask = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits

    def _weigh(self, hidden: Tensor, looks: Tensor, mask: Tensor | None) -> Tensor:
        if mask is not None:
            looks = looks.masked_fill(mask.unsqueeze(-1) == 0, -1e9)
        evidence = torch.matmul(self.dropout(hidden), self.head.weight.t())  # (batch, tokens, narratives), as are the looks
        if self.span and not self.training:
            return self._find_best_span(evidence, looks, mask)
        logits: Tensor = (looks.softmax(1) * evidence).sum(1) + self.head.bias
        if self.span:
            drawn = torch.rand(len(logits), 1, device=logits.device) < _SPANS_LEARNED
            logits = torch.where(drawn, self._find_best_span(evidence, looks, mask), logits)
        return logits

    def _find_best_span(self, evidence: Tensor, looks: Tensor, mask: Tensor | None) -> Tensor:
        weights = (looks - looks.amax(1, keepdim=True)).clamp(min=_FAINTEST).exp()
        if mask is not None:
            weights = weights * mask.unsqueeze(-1).to(weights.dtype)
        total = self._average_spans(weights * evidence)
        means = total / self._average_spans(weights).clamp(min=torch.finfo(total.dtype).tiny)
        tokens = looks.new_full((len(looks),), looks.shape[1]) if mask is None else mask.sum(1).to(looks.dtype)
        last = (tokens - self.span).clamp(min=0)  # where the last whole span begins; a short window is one span
        starts = torch.arange(looks.shape[1], device=looks.device, dtype=looks.dtype)
        beyond = starts[None, :] > last[:, None]
        best: Tensor = means.masked_fill(beyond.unsqueeze(-1), -1e9).amax(1)
        return best + self.head.bias

    def _average_spans(self, values: Tensor) -> Tensor:
        """From each token on the mean of `span` values, zeros after the end; (batch, tokens, narratives), as given."""
        longer = functional.pad(values.transpose(1, 2), (0, self.span - 1))
        return functional.avg_pool1d(longer, self.span, 1).transpose(1, 2)


class PooledEncoder(nn.Module):
    """An encoder as it is: the mean of a window's token vectors, made 1 long, as E5 and its like are read."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor) -> Tensor:
        """Vectors of shape (batch, width) of windows without padding."""
        hidden = self.encoder(input_ids=input_ids).last_hidden_state
        return nn.functional.normalize(hidden.float().mean(1), dim=-1)


def freeze(encoder: Any, share: float) -> None:
    """Leave a share of the layers, from the lowest up, as they were pretrained, and with them all that is no layer.

    What is frozen has no gradients: that saves their time too. With a share of 0 all learn, the word vectors too, as do
    encoders whose layers cannot be told.
    """
    layers = find_layers(encoder)
    if not share or not layers:
        return
    encoder.requires_grad_(False)
    for layer in layers[int(share * len(layers)) :]:
        layer.requires_grad_(True)


def find_layers(encoder: Any) -> list[nn.Module]:
    """The layers of an encoder, from the lowest up; none where they cannot be told."""
    count = getattr(encoder.config, "num_hidden_layers", 0)
    stacks = (module for module in encoder.modules() if isinstance(module, nn.ModuleList) and len(module) == count)
    return list(next(stacks, []))


def start_learning(network: PooledClassifier) -> None:
    """Training mode; what is frozen computes as when it answers: dropout there would cost time and teach it nothing."""
    network.train()
    for module in network.encoder.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()


def halve(network: PooledClassifier) -> PooledClassifier:
    """A copy for inference whose encoder computes in bf16; the mean and the head stay in float32, where sums of many lie.

    The weights themselves are cast: autocast would cast them, and every layer's input, anew in each batch.
    """
    copy = deepcopy(network)
    copy.zero_grad()
    copy.encoder.to(torch.bfloat16)
    return copy


def keep_freed_memory() -> None:
    """Have glibc keep what is freed: batches differ in width, and new pages from the system took a sixth of training's time."""
    trim_threshold, mmap_threshold = -1, -3  # as malloc.h numbers them
    with suppress(OSError, AttributeError):  # another system's C library
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(mmap_threshold, 32 << 20)  # the most it takes
        library.mallopt(trim_threshold, (1 << 31) - 1)


def choose_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 arithmetic is native; emulated it would be slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


def write_tensors(tensors: Mapping[str, Tensor], path: Path, notes: dict[str, str] | None = None) -> None:
    """Write a safetensors file, `notes` in its header; `OSError` where the disk is full, as from any other writing."""
    try:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path, metadata=notes)
    except SafetensorError as error:
        raise OSError(str(error)) from error
