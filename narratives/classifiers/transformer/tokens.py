"""Texts as windows of token ids, with the tokenizer alone: neither torch nor transformers is loaded."""

from pathlib import Path
from typing import Any

STRIDE = 64  # tokens that two windows of a long text share


def read_tokenizer(path: Path) -> Any:
    """The `tokenizers.Tokenizer` in a file `tokenizer.json`."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


def cut_windows(text: str, tokenizer: Any, max_length: int) -> list[list[int]]:
    """The token ids of a text, in overlapping windows where it has more than `max_length`, so that nothing is cut off."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length, stride=stride(max_length))
    encoded = tokenizer.encode(text)
    return [encoded.ids, *(window.ids for window in encoded.overflowing)]


def find_window(config: Any, max_length: int) -> int:
    """The most tokens of a window of an encoder with this configuration: `max_length`, or as many as it has positions for."""
    positions = getattr(config, "max_position_embeddings", max_length)
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):  # these count positions from padding on
        positions -= 2
    return min(max_length, int(positions))


def stride(max_length: int) -> int:
    """How many tokens two windows share: never more than a quarter."""
    return min(STRIDE, max_length // 4)
