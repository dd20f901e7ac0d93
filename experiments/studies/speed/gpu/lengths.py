"""Texts of stated lengths, made of the sample corpus's own sentences, and the network that reads them."""

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np

TYPICAL, SPREAD, MOST = 70, 0.9, 512  # tokens in a text of the mix: median, standard deviation of the logarithm, longest
NARRATIVES = 28
PASSAGES = Path(__file__).parents[4] / "labels" / "passages.jsonl"


def load_network(name: str) -> tuple[Any, Any, str]:
    """The tokenizer, the network in float32 on the CPU, and where the weights come from.

    A folder without weights gets random ones: speed does not depend on them.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    from narratives.classifiers.transformer.encoder import load_encoder, quieten
    from narratives.classifiers.transformer.network import PooledClassifier

    torch.manual_seed(0)
    folder = Path(name)
    if (folder / "config.json").is_file() and not (folder / "model.safetensors").is_file():
        quieten()
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
        return tokenizer, PooledClassifier(encoder, NARRATIVES, 0.1), "random"
    tokenizer, encoder = load_encoder(name)
    return tokenizer, PooledClassifier(encoder, NARRATIVES, 0.1), "pretrained"


def make_sets(tokenizer: Any, count: int) -> dict[str, list[str]]:
    """Sets of texts of about the same number of tokens each, by name; `tokenizer` is of the package `tokenizers`."""
    passages = [json.loads(line)["text"] for line in PASSAGES.read_text(encoding="utf-8").splitlines()]
    draw = random.Random(0)
    draw.shuffle(passages)
    sentences = [piece for text in passages for piece in re.split(r"(?<=[.!?])\s+", text) if piece]
    tokenizer.no_padding()
    tokenizer.no_truncation()
    counts = [len(one.ids) for one in tokenizer.encode_batch(sentences, add_special_tokens=False)]

    def compose(wanted: int) -> str:
        """A text of `wanted` tokens, two of which the encoder adds itself."""
        chosen: list[str] = []
        have = 0
        while have < wanted:
            k = draw.randrange(len(sentences))
            chosen.append(sentences[k])
            have += counts[k]
        text = " ".join(chosen)
        ends = [end for _, end in tokenizer.encode(text, add_special_tokens=False).offsets]
        return text[: ends[min(wanted - 2, len(ends)) - 1]]

    mix = [round(min(max(draw.lognormvariate(np.log(TYPICAL), SPREAD), 4), MOST)) for _ in range(count)]
    return {
        "mix": [compose(n) for n in mix],
        "passages": [passages[k % len(passages)] for k in range(count)],
        "16 tokens": [compose(16) for _ in range(4 * count)],
        "512 tokens": [compose(512) for _ in range(max(1, count // 4))],
        "4,096 tokens": [compose(4096) for _ in range(max(1, count // 32))],
    }
