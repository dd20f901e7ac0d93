"""The vectors of an encoder's words, in a file beside its network: a text has few words, so only their rows are read.

Of an encoder of many languages they are most of the weights, and would be most of its memory.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.transformer.onnx import IDS, WORDS, FastNetwork
from narratives.errors import UserError, at

_ROWS = "words"  # the one tensor of the file
_KINDS = {"I8": np.int8, "F32": np.float32}  # as safetensors calls them
_DAMAGED = "the table of words is damaged"


class WordTable:
    """A vector for each token (tokens, width), in memory or in a file that stays open.

    A folder that is replaced or removed takes nothing away from whoever has its file open; a file that is written over does,
    which is refused.
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        """Of rows in memory."""
        self.shape: tuple[int, int] = (len(rows), rows.shape[1])
        self._kind = rows.dtype
        self._rows: NDArray[Any] | None = rows
        self._file = -1  # the descriptor of the file
        self._path = Path()
        self._start = 0  # where the first row begins in the file
        self._stamp: tuple[int, ...] = ()

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
            table = cls(np.zeros((1, width), dtype=kind))
            table.shape, table._rows, table._path, table._start = (count, width), None, path, start
            table._file = os.dup(file.fileno())
            table._stamp = _stamp(table._file)
            return table

    def __call__(self, ids: Sequence[int]) -> NDArray[Any]:
        """The vectors of a window's tokens, (1, tokens, width); `UserError` where the file was written over meanwhile."""
        if self._rows is not None:
            return np.asarray(self._rows[np.asarray(ids)][None])
        width = self.shape[1] * self._kind.itemsize
        # Not by a memory map: around each row the system would map some hundred others, which count as memory in use.
        read = b"".join(os.pread(self._file, width, self._start + k * width) for k in ids)
        if _stamp(self._file) != self._stamp:  # looked at afterwards: so what was read is what was there before
            raise UserError(at(self._path, None, "was written over while the model is in use; load the model again"))
        return np.frombuffer(read, dtype=self._kind).reshape(1, len(ids), self.shape[1])

    def save(self, path: Path) -> None:
        """Write all rows as safetensors."""
        from safetensors.numpy import save

        path.write_bytes(save({_ROWS: self(range(self.shape[0]))[0]}))

    def __del__(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)

    def __copy__(self) -> Self:
        """Itself: a second one would close the file of the first."""
        return self


def _stamp(file: int) -> tuple[int, ...]:
    status = os.fstat(file)
    return status.st_size, status.st_mtime_ns


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
    table = WordTable(numpy_helper.to_array(tensor))
    for user in graph.node:  # whoever reads the vectors reads what comes from outside
        user.input[:] = [WORDS if name == node.output[0] else name for name in user.input]
    graph.node.remove(node)
    if not any(tensor.name in user.input for user in graph.node):
        graph.initializer.remove(tensor)
    graph.input.append(onnx.helper.make_tensor_value_info(WORDS, tensor.data_type, [1, "length", table.shape[1]]))
    return FastNetwork.open(model.SerializeToString(), network.tokenizer, table)
