"""Long texts are learned from as a whole and by their parts: for each narrative the part that says it most counts as much."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.logistic import fit_logistic
from narratives.data import Targets, Texts
from narratives.progress import Progress
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


def fit_by_parts(
    x: Any, parts: Any, owners: NDArray[np.int64], y: Targets, *, progress: Progress | None = None, **settings: Any
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Coefficients and intercepts as `fit_logistic` gives them, learned as texts are read: half whole, half by a part.

    `x` (texts, features) holds the texts, `parts` (parts, features) the parts of those that have some, `owners` (parts,) whose
    each is. Which part says a narrative most is not known: a first model, of whole texts, chooses it, and the second learns
    from the mean of both vectors (one step of a latent-variable model: Felzenszwalb et al., "Object Detection with
    Discriminatively Trained Part-Based Models", PAMI 2010).
    """
    rounds = 2 if len(owners) else 1
    coef, intercept = fit_logistic(x, y, progress=_name_round(progress, 0, rounds), **settings)
    if rounds == 1:
        return coef, intercept
    says = parts @ coef
    choose = _make_choice(x, parts, owners, says)
    return fit_logistic(x, y, rows=choose, progress=_name_round(progress, 1, rounds), **settings)


def _make_choice(x: Any, parts: Any, owners: NDArray[np.int64], says: NDArray[Any]) -> Callable[[int], Any]:
    from scipy.sparse import csr_array

    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    long, counts = owners[starts].astype(np.int32), np.diff([*starts, len(owners)])  # liblinear takes no wider indices
    shares = np.ones(x.shape[0], dtype=x.dtype)
    shares[long] = 1 - _SHARE
    whole = csr_array(x.multiply(shares[:, None]))

    def choose(narrative: int) -> Any:
        said = says[:, narrative]
        best = [start + said[start : start + count].argmax() for start, count in zip(starts, counts, strict=True)]
        picked = (np.full(len(long), _SHARE, dtype=x.dtype), (long, np.array(best, dtype=np.int32)))
        return csr_array(whole + csr_array(picked, shape=(x.shape[0], parts.shape[0])) @ parts)

    return choose


def _name_round(progress: Progress | None, number: int, rounds: int) -> Progress | None:
    if progress is None or rounds == 1:
        return progress

    def tell(done: int, total: int, note: str) -> None:
        progress(number * total + done, rounds * total, note)

    return tell
