"""Long texts are learned from as a whole and by their parts: for each narrative the part that says it most counts as much."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Texts
from narratives.texts import find_windows

_SHARE = 0.5  # of a long text's vector that is its part's: as models weigh both when they read


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the texts that have more than one."""

    texts: list[str]
    owners: NDArray[np.int64]  # (parts,), rising: the text that each is of


def cut_long(texts: Texts, size: int) -> Parts:
    """Parts of about `size` characters; texts of up to half as much again have none. With a size of 0 none has."""
    pieces, owners = [], []
    for row, text in enumerate(texts):
        spans = find_windows(text, size) if size else []
        if len(spans) > 1:
            pieces += [text[start:end] for start, end in spans]
            owners += [row] * len(spans)
    return Parts(pieces, np.array(owners, dtype=np.int64))


def join_parts(x: Any, parts: Any, owners: NDArray[np.int64], says: NDArray[np.floating[Any]]) -> Callable[[int], Any]:
    """What each narrative is learned from: of a long text the mean of its vector and that of the part that says it most.

    `x` (texts, features) holds the texts, `parts` (parts, features) the parts of those that have some, `owners` (parts,) whose
    each is. Which part says a narrative is not labelled: a model of whole texts chooses it by what it thinks of each, `says`
    (parts, narratives). So the next model learns from texts as they will be read: one step of a latent-variable model
    (Felzenszwalb et al., "Object Detection with Discriminatively Trained Part-Based Models", PAMI 2010).
    """
    from scipy.sparse import csr_array

    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    long, ends = owners[starts].astype(np.int32), [*starts[1:], len(owners)]  # liblinear takes no wider indices
    shares = np.ones(x.shape[0], dtype=x.dtype)
    shares[long] = 1 - _SHARE
    whole = csr_array(x.multiply(shares[:, None]))

    def choose(narrative: int) -> Any:
        said = says[:, narrative]
        best = [start + int(said[start:end].argmax()) for start, end in zip(starts, ends, strict=True)]
        picked = (np.full(len(long), _SHARE, dtype=x.dtype), (long, np.array(best, dtype=np.int32)))
        return csr_array(whole + csr_array(picked, shape=(x.shape[0], parts.shape[0])) @ parts)

    return choose
