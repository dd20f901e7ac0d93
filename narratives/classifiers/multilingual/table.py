"""The vectors of an encoder's words, in a file beside its network: a text has few words, so only their rows are read.

Of an encoder of many languages they are most of the weights, and would be most of its memory.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.transformer.onnx import IDS, WORDS, FastNetwork

_ROWS = "words"  # the one tensor of the file
_KINDS = {"I8": np.int8, "F32": np.float32}  # as safetensors calls them


@dataclass(slots=True)
class WordTable:
    """A vector for each token (tokens, width), in memory or in a file that stays open."""

    shape: tuple[int, int]
    kind: np.dtype[Any]  # of its numbers
    rows: NDArray[Any] | None = None
    file: int = -1  # its descriptor, where the rows are not in memory
    start: int = 0  # where the first row begins in the file

    @classmethod
    def take(cls, rows: NDArray[Any]) -> Self:
        """Of rows in memory."""
        return cls((len(rows), rows.shape[1]), rows.dtype, rows)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Of the file that `save` wrote; `ValueError` where it is none, or was cut short."""
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 0 < size < path.stat().st_size:
                raise ValueError("the table of words is damaged")
            facts = json.loads(file.read(size))[_ROWS]
            shape, kind, start = tuple(facts["shape"]), np.dtype(_KINDS[facts["dtype"]]), 8 + size
            if len(shape) != 2 or path.stat().st_size != start + shape[0] * shape[1] * kind.itemsize:
                raise ValueError("the table of words is damaged")
            if hasattr(os, "pread"):
                return cls(shape, kind, file=os.dup(file.fileno()), start=start)
            return cls.take(np.frombuffer(file.read(), dtype=kind).reshape(shape))  # Windows: from memory

    def __call__(self, ids: Sequence[int]) -> NDArray[Any]:
        """The vectors of a window's tokens, (1, tokens, width)."""
        if self.rows is not None:
            return np.asarray(self.rows[np.asarray(ids)][None])
        width = self.shape[1] * self.kind.itemsize
        # Not by a memory map: around each row the system would map some hundred others, which count as memory in use.
        read = b"".join(os.pread(self.file, width, self.start + k * width) for k in ids)
        return np.frombuffer(read, dtype=self.kind).reshape(1, len(ids), self.shape[1])

    def save(self, path: Path) -> None:
        """Write all rows as safetensors."""
        from safetensors.numpy import save

        path.write_bytes(save({_ROWS: self(range(self.shape[0]))[0]}))

    def __del__(self) -> None:
        """Close the file."""
        if self.file >= 0:
            os.close(self.file)


def set_words_apart(network: FastNetwork) -> FastNetwork:
    """The same network with its table of words beside it; as it is where it has none that is looked up by the tokens' ids."""
    import onnx
    from onnx import numpy_helper

    held = network.model
    model = onnx.load_from_string(held if isinstance(held, bytes) else held.read_bytes())
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    look_ups = [node for node in graph.node if node.op_type == "Gather" and node.input[1] == IDS and node.input[0] in tensors]
    if not look_ups:
        return network
    node = max(look_ups, key=lambda node: len(tensors[node.input[0]].raw_data))
    tensor = tensors[node.input[0]]
    table = WordTable.take(numpy_helper.to_array(tensor))
    for user in graph.node:  # whoever reads the vectors reads what comes from outside
        user.input[:] = [WORDS if name == node.output[0] else name for name in user.input]
    graph.node.remove(node)
    if not any(tensor.name in user.input for user in graph.node):
        graph.initializer.remove(tensor)
    graph.input.append(onnx.helper.make_tensor_value_info(WORDS, tensor.data_type, [1, "length", table.shape[1]]))
    return FastNetwork.open(model.SerializeToString(), network.tokenizer, table)
