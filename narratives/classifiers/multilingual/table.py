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
from narratives.errors import UserError, at
from narratives.files import stamp_file

_ROWS = "words"  # the one tensor of the file
_KINDS = {"I8": np.int8, "F32": np.float32}  # as safetensors calls them
_DAMAGED = "the table of words is damaged"


@dataclass(slots=True)
class FileRows:
    """Rows of numbers in a file that stays open: read as they are asked for.

    A folder that is replaced or removed takes nothing away from whoever has its file open; a file that is written over does,
    which is refused.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    start: int  # where the first row begins
    file: int  # the descriptor, which is closed with the last reference
    stamp: tuple[int, ...]  # of the file as it was opened

    def take(self, ids: Sequence[int], axis: int = 0) -> NDArray[Any]:
        """Some of the rows, (ids, width), as an array gives them; `UserError` where the file was written over meanwhile."""
        width = self.shape[1] * self.dtype.itemsize
        # Not by a memory map: around each row the system would map some hundred others, which count as memory in use.
        read = b"".join(os.pread(self.file, width, self.start + k * width) for k in ids)
        if stamp_file(self.file) != self.stamp:  # looked at afterwards: so what was read is what was there before
            raise UserError(at(self.path, None, "was written over while the model is in use; load the model again"))
        return np.frombuffer(read, dtype=self.dtype).reshape(len(ids), self.shape[1])

    def __del__(self) -> None:
        """Close the file."""
        os.close(self.file)

    def __copy__(self) -> Self:
        """Itself: a second one would close the file of the first."""
        return self


@dataclass(frozen=True, slots=True)
class WordTable:
    """A vector for each token."""

    rows: NDArray[Any] | FileRows  # (tokens, width)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Of the file that `save` wrote; `ValueError` where it is none, or was cut short."""
        with path.open("rb") as file:
            try:
                size = int.from_bytes(file.read(8), "little")
                facts = json.loads(file.read(size))[_ROWS] if size < path.stat().st_size else {}
                count, width = (int(number) for number in facts["shape"])
                kind, start = np.dtype(_KINDS[facts["dtype"]]), 8 + size
            except (KeyError, TypeError, ValueError):
                raise ValueError(_DAMAGED) from None
            if min(count, width) < 1 or path.stat().st_size != start + count * width * kind.itemsize:
                raise ValueError(_DAMAGED)
            if not hasattr(os, "pread"):  # Windows
                return cls(np.frombuffer(file.read(), dtype=kind).reshape(count, width))
            stamp = stamp_file(file.fileno())
            return cls(FileRows(path, (count, width), kind, start, os.dup(file.fileno()), stamp))

    def __call__(self, ids: Sequence[int]) -> NDArray[Any]:
        """The vectors of a window's tokens, (1, tokens, width)."""
        return self.rows.take(ids, axis=0)[None]

    def save(self, path: Path) -> None:
        """Write all rows as safetensors."""
        from safetensors.numpy import save

        path.write_bytes(save({_ROWS: self(range(self.rows.shape[0]))[0]}))


def set_words_apart(network: FastNetwork) -> FastNetwork:
    """The same network with its table of words beside it; as it is where it has none that is looked up by the tokens' ids."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(network.read_model())
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    look_ups = [node for node in graph.node if node.op_type == "Gather" and node.input[1] == IDS and node.input[0] in tensors]
    if not look_ups:
        return network
    node = max(look_ups, key=lambda node: len(tensors[node.input[0]].raw_data))
    tensor = tensors[node.input[0]]
    table = WordTable(numpy_helper.to_array(tensor))
    for user in graph.node:  # whoever reads the vectors reads what comes from outside
        user.input[:] = [WORDS if name == node.output[0] else name for name in user.input]
    graph.node.remove(node)
    if not any(tensor.name in user.input for user in graph.node):
        graph.initializer.remove(tensor)
    graph.input.append(onnx.helper.make_tensor_value_info(WORDS, tensor.data_type, [1, "length", table.rows.shape[1]]))
    return FastNetwork.open(model.SerializeToString(), network.tokenizer, table)
