"""The neural networks: an encoder and the mean of its token vectors; and on it one logit for each narrative."""

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


class PooledClassifier(nn.Module):
    """Mean pooling suits the sentence encoders that we start from: they were trained with it."""

    def __init__(self, encoder: Any, narratives: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, narratives)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits of shape (batch, narratives); without a mask, nothing is padding."""
        logits: Tensor = self.head(self.dropout(pool(self.encoder, input_ids, attention_mask)))
        return logits


class PooledEncoder(nn.Module):
    """An encoder as it is: for each window a vector of length 1."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Vectors of shape (batch, width); without a mask, nothing is padding."""
        return nn.functional.normalize(pool(self.encoder, input_ids, attention_mask), dim=-1)


def pool(encoder: Any, input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:
    """The mean of the token vectors, shape (batch, width)."""
    hidden: Tensor = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    if not torch.is_autocast_enabled(hidden.device.type):  # which casts by its own rules
        hidden = hidden.float()
    if attention_mask is None:
        return hidden.mean(1)
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)


def freeze(encoder: Any, share: float) -> None:
    """Leave a share of the layers, from the lowest up, as they were pretrained, and with them all that is no layer.

    What is frozen has no gradients: that saves their time too. With a share of 0 all learn, the word vectors too, as do
    encoders whose layers cannot be told.
    """
    count = getattr(encoder.config, "num_hidden_layers", 0)
    stacks = [module for module in encoder.modules() if isinstance(module, nn.ModuleList) and len(module) == count]
    if not share or not stacks:
        return
    encoder.requires_grad_(False)
    for layer in stacks[0][int(share * count) :]:
        layer.requires_grad_(True)


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
