"""An encoder in one file with weights in 4 bits, as tiny as may be, with random weights."""

import hashlib
import struct
from pathlib import Path

import numpy as np

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WIDTH, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 2, 64, 96, 2


def quantise(weights: np.ndarray) -> bytes:
    """Blocks of 32 weights: a scale in 16 bits, then four bits for each, from which 8 is to be taken."""
    blocks = weights.reshape(-1, 32)
    scales = (np.abs(blocks).max(1, keepdims=True) / 7).astype("<f2")
    steps = (np.clip(np.round(blocks / scales), -8, 7) + 8).astype(np.uint8)
    pairs = steps[:, :16] | steps[:, 16:] << 4
    return b"".join(scale.tobytes() + pair.tobytes() for scale, pair in zip(scales, pairs, strict=True))


def write_encoder(path: Path, words: list[str], seed: int = 0) -> str:
    """Write the file with a vocabulary of the special pieces, these words and their letters; its SHA-256."""
    letters = sorted({letter for word in words for letter in word} - set(words))
    pieces = [*SPECIAL, "▁passage", ":", "▁", *(f"▁{word}" for word in words), *letters, "<mask>"]
    rng, text = np.random.default_rng(seed), [piece.encode() for piece in pieces]
    head = b"E5S1" + struct.pack("<i", 1)
    head += struct.pack("<7if", WIDTH, LAYERS, HEADS, INNER, len(pieces), POSITIONS, TYPES, 1e-12) + struct.pack("<i", 32)
    head += struct.pack("<5i", len(pieces), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, text)))
    head += np.cumsum([0, *map(len, text)]).astype("<u4").tobytes()
    head += np.linspace(-1, -12, len(pieces)).astype("<f4").tobytes() + b"".join(text) + struct.pack("<iI", 0, 0)
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (len(pieces), WIDTH),
        "emb.pos": (POSITIONS, WIDTH),
        "emb.type": (TYPES, WIDTH),
    }
    shapes |= {f"emb.ln.{kind}": (WIDTH,) for kind in "wb"}
    for layer in range(LAYERS):
        for name, outputs, inputs in [
            *((n, WIDTH, WIDTH) for n in ("q", "k", "v", "ao")),
            ("fi", INNER, WIDTH),
            ("fo", WIDTH, INNER),
        ]:
            shapes |= {f"l{layer}.{name}.w": (outputs, inputs), f"l{layer}.{name}.b": (outputs,)}
        shapes |= {f"l{layer}.{name}.{kind}": (WIDTH,) for name in ("aln", "oln") for kind in "wb"}
    bodies = {}
    for name, shape in shapes.items():
        norm = "ln." in name and name.endswith("w")
        values = np.ones(shape) if norm else rng.normal(scale=0.2, size=shape)
        four = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        bodies[name] = (four, int(np.prod(shape)), quantise(values) if four else values.astype("<f4").tobytes())
    entries = sum(2 + len(name) + struct.calcsize("<BIQQ") for name in bodies)
    place, table = len(head) + 4 + entries, struct.pack("<i", len(bodies))
    for name, (four, count, body) in bodies.items():
        table += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", int(four), count, place, len(body))
        place += len(body)
    path.write_bytes(head + table + b"".join(body for _, _, body in bodies.values()))
    return hashlib.sha256(path.read_bytes()).hexdigest()
