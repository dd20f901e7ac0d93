"""A network as ONNX Runtime computes it on a CPU: one window at a time, one thread, no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.transformer.tokens import cut_windows

IDS, WORDS = "ids", "words"  # what a network reads: the tokens of a window; their vectors, where these lie beside it


@dataclass(frozen=True, slots=True)
class FastNetwork:
    """A window is computed alone, so what a text gets has the same bits whatever else is read, and in whatever order."""

    model: bytes | Path  # ONNX
    tokenizer: Any  # of the package `tokenizers`
    session: Any
    form: str  # how the weights are held, such as "int8"
    outputs: int  # values for a window
    max_length: int  # tokens in a window
    words: Callable[[Sequence[int]], NDArray[Any]] | None = None  # gives the tokens' vectors, where they lie beside the model

    @classmethod
    def open(cls, model: bytes | Path, tokenizer: Any, words: Callable[[Sequence[int]], NDArray[Any]] | None = None) -> Self:
        """Read a model; its form and its measures stand in its metadata."""
        session = make_session(model)
        facts = session.get_modelmeta().custom_metadata_map
        outputs = facts.get("outputs") or facts["narratives"]  # as it was called when all networks had narratives for outputs
        return cls(model, tokenizer, session, facts["form"], int(outputs), int(facts["max_length"]), words)

    def __call__(self, text: str) -> NDArray[np.float32]:
        """Logits, or whatever it computes, of shape (windows, outputs)."""
        return self.compute(self.cut(text))

    def cut(self, text: str) -> list[list[int]]:
        """The token ids of its windows. The tokenizer takes one text at a time, from one thread."""
        return cut_windows(text, self.tokenizer, self.max_length)

    def compute(self, windows: Sequence[list[int]]) -> NDArray[np.float32]:
        """What `__call__` gives for a text in these windows; from any thread."""
        return np.concatenate([self.session.run(None, self._feed(ids))[0] for ids in windows])

    def save(self, path: Path) -> None:
        """Write the model."""
        path.write_bytes(self.read_model())

    def read_model(self) -> bytes:
        """The model, from its file where it lies in one."""
        return self.model if isinstance(self.model, bytes) else self.model.read_bytes()

    def _feed(self, ids: list[int]) -> dict[str, NDArray[Any]]:
        feed: dict[str, NDArray[Any]] = {IDS: np.array([ids], dtype=np.int64)}
        return feed | {WORDS: self.words(ids)} if self.words else feed


def make_session(model: bytes | Path) -> Any:
    """An ONNX Runtime session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    if not _has_vnni():  # sums of two products of int8 would overflow there; the exact way costs half as much again
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # its kernel is several times slower than addition and norm apart
    )


def can_run() -> bool:
    """Whether this machine should compute in this way: ONNX Runtime is installed, and there is no GPU for torch."""
    return find_spec("onnxruntime") is not None and not _has_gpu()


def _has_vnni() -> bool:
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # another system than Linux: nobody knows
        return False


def _has_gpu() -> bool:
    if which("nvidia-smi") is None:  # torch takes seconds to say so
        return False
    import torch

    return torch.cuda.is_available()
