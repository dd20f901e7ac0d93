"""With the real encoder: it is the published one, and it tells related from unrelated sentences."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from narratives.classifiers.transformer.batches import pad
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import find_encoder, load_encoder
from narratives.classifiers.transformer.network import PooledClassifier
from narratives.classifiers.transformer.packaged import PACKAGED
from narratives.files.atomic import sha256

pytestmark = pytest.mark.slow
NAME = "all-MiniLM-L6-v2"


class _Identity(torch.nn.Module):
    def forward(self, pooled: Tensor) -> Tensor:
        return pooled


def test_the_default_encoder_is_the_packaged_one() -> None:
    assert TransformerClassifier().encoder == NAME
    assert NAME in PACKAGED


def test_the_weights_are_the_published_ones() -> None:
    folder = find_encoder(NAME)
    assert isinstance(folder, Path)
    digest = sha256(folder / "model.safetensors")
    assert digest == PACKAGED[NAME].digest
    assert digest.startswith("53aa5117")


def test_related_sentences_are_nearer_than_unrelated_ones() -> None:
    tokenizer: Any
    tokenizer, encoder = load_encoder(NAME)
    network = PooledClassifier(encoder, 1, 0.0, attends=False)
    network.head = _Identity()  # type: ignore[assignment]
    network.eval()
    sentences = ["The sanctions hurt our own economy.", "Embargoes do damage to us at home.", "The cat slept on the sofa."]
    with torch.inference_mode():
        vectors = torch.nn.functional.normalize(network(*pad(tokenizer(sentences)["input_ids"], 0)))
    near, far, farther = (float(vectors[a] @ vectors[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert near > max(far, farther) + 0.2
