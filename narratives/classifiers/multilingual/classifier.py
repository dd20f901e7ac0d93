"""Frozen vectors that mean nearly the same in a hundred languages, and for each narrative a kernel logistic regression.

The vectors are those of multilingual-e5-small (Wang et al. 2024, "Multilingual E5 Text Embeddings", arXiv:2402.05672), centred
by language: what was taught in one language is answered in the others, with the thresholds of the first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.interface import check_finite, setting
from narratives.classifiers.logistic import fit_logistic
from narratives.classifiers.multilingual.centres import Centres, find_centres, name_languages
from narratives.classifiers.multilingual.vectors import VectorNetwork, make_network
from narratives.classifiers.odds import to_share
from narratives.data import Scores, Targets, Texts
from narratives.files import count_processors
from narratives.progress import Progress

_FILE = "multilingual.safetensors"
_FLATTEST = 1e-6  # directions in which the landmarks differ less, as a share of the most, are numerical noise


@dataclass
class MultilingualClassifier:
    """One-vs-rest logistic regression with the kernel exp(sharpness * (cosine - 1)), class weights capped.

    That is the Gaussian kernel of unit vectors. It ranked better than a linear model of the same vectors (measured in
    `experiments/LOG.md`).
    """

    encoder: str = "multilingual-e5-small"  # a packaged encoder, a local folder, or a model hub's id
    sharpness: float = setting(1.0, least=0.01)  # how near texts must be for one to say something of the other
    C: float = setting(10.0, least=1e-6, most=1e6)  # inverse strength of the regularisation
    max_class_weight: float = setting(10.0, least=1)  # a positive never weighs more than this many negatives
    landmarks: int = setting(2000, least=1)  # at most so many training texts are kept to compare with
    seed: int = 0
    network_: Any = field(default=None, init=False, repr=False)  # gives each text its vector
    centres_: Any = field(default=None, init=False, repr=False)  # what tells the language, to be taken off
    landmarks_: Any = field(default=None, init=False, repr=False)  # float32 (landmarks, width): their vectors
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
        self.network_ = make_network(self.encoder, texts)
        raw = np.zeros((len(texts), self.network_.width), dtype=np.float32)
        steps = len(texts) + y.shape[1]
        for k, vector in enumerate(self.network_.encode(texts, threads=count_processors())):
            raw[k] = vector
            if progress:
                progress(k + 1, steps, "texts, then narratives")
        languages = name_languages(texts)
        self.centres_ = find_centres(languages, raw, self.encoder, np.asarray(y.any(1)))
        vectors = np.stack([self.centres_.centre(language, vector) for language, vector in zip(languages, raw, strict=True)])
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
        return f"onnxruntime {self.network_.form}"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Nothing to try: it has learned from the vectors of the fastest form that agrees with the exact one."""
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        scores = np.zeros((len(texts), len(self.intercept_)), dtype=np.float32)
        for k, (language, raw) in enumerate(zip(name_languages(texts), self.network_.encode(texts), strict=True)):
            # Text by text, and not by BLAS, whose sums run in an order that depends on shapes and threads.
            cosines = np.einsum("ld,d->l", self.landmarks_, self.centres_.centre(language, raw))
            cosines = self.centres_.raise_cosines(language, cosines)
            odds = np.einsum("nl,l->n", self.coef_, self._bend(cosines)) + self.intercept_
            scores[k] = to_share(odds)
            if progress:
                progress(k + 1, len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """The network with its tokenizer, and one safetensors file: landmarks, what each says of each narrative, centres."""
        from safetensors.numpy import save

        arrays = {"landmarks": self.landmarks_, "coef": self.coef_, "intercept": self.intercept_}
        (folder / _FILE).write_bytes(save({**arrays, **self.centres_.to_arrays()}))
        self.network_.save(folder)

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier; `UserError` where an older version wrote it, with another encoder."""
        from safetensors.numpy import load_file

        classifier = cls(**hyperparameters)
        name_languages(["before the network is: both take more memory while they are read than after"])
        classifier.network_ = VectorNetwork.load(folder)
        arrays = load_file(folder / _FILE)
        check_finite(arrays)
        classifier.centres_ = Centres.from_arrays(arrays)
        classifier.landmarks_, classifier.coef_, classifier.intercept_ = (
            arrays[name] for name in ("landmarks", "coef", "intercept")
        )
        return classifier

    def _compare(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """The kernel of unit vectors (texts, width) with the landmarks: (texts, landmarks), each in (0, 1]."""
        return self._bend(vectors.astype(np.float64) @ self.landmarks_.T)

    def _bend(self, cosines: NDArray[Any]) -> NDArray[np.float64]:
        return np.exp(self.sharpness * (cosines.astype(np.float64) - 1))
