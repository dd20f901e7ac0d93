"""What the contenders are given: the same weights in each one's own form, and the same texts."""

import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from contenders import TOKENS, ask_fasttext, fasttext_scores, one_line

from narratives.data import Matrix, Passage
from narratives.labels.passages import gold_matrix
from narratives.labels.splits import split_passages
from narratives.models.calibration import Calibration, fit_calibration
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.thresholds import decide, tune_thresholds
from narratives.project.project import Project
from narratives.texts.windows import WINDOW, split_windows

TYPICAL, SPREAD = 70, 0.9  # tokens in a text of the mix: median, and standard deviation of the logarithm


@dataclass(frozen=True, slots=True)
class Corpus:
    """The sample task: all texts, and the passages whose labels are the test."""

    codebook: Any
    passages: list[Passage]
    splits: dict[str, str]

    def split(self, name: str) -> tuple[list[str], Matrix]:
        """Texts and labels of a split."""
        part = split_passages(self.passages, self.splits, name)
        return [passage.text for passage in part], gold_matrix(part, self.codebook.ids)


def read_corpus(root: Path) -> Corpus:
    """The project's labels."""
    project = Project(root)
    codebook = project.read_codebook()
    return Corpus(codebook, project.corpus.passages, dict(project.corpus.splits))


def export_models(work: Path, folders: dict[str, Path], corpus: Corpus) -> dict[str, str]:
    """Every contender's files, from the folders of the two trained models; says what these compute their scores with."""
    paths = {group: str(folder.resolve()) for group, folder in folders.items()}
    (work / "models.json").write_text(json.dumps(paths), encoding="utf-8")
    models: dict[str, Any] = {group: load_model(folder) for group, folder in folders.items()}
    _export_transformer(work, folders["transformer"], models["transformer"])
    _export_scikit_learn(work, models["tfidf"], corpus)
    _train_fasttext(work, corpus)
    return {group: model.classifier.inference for group, model in models.items()}


def _export_transformer(work: Path, folder: Path, model: Model) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "weights.safetensors")
    shutil.copytree(folder / "encoder", work / "encoder")
    encoder = {name.removeprefix("encoder."): array for name, array in tensors.items() if name.startswith("encoder.")}
    save_file(encoder, work / "encoder" / "model.safetensors", metadata={"format": "pt"})
    narratives = len(model.codebook.ids)  # the others' programs tell no stances
    head = {name: tensors[f"head.{name}"][:narratives] for name in ("weight", "bias")}
    np.savez(work / "head.npz", **head, thresholds=raw_thresholds(model.calibration, model.thresholds))


def _export_scikit_learn(work: Path, model: Model, corpus: Corpus) -> None:
    """scikit-learn's own vectorizers, fitted to the passages that the model was trained on, and the model's weights."""
    import skops.io
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    trained: Any = model.classifier
    common: dict[str, Any] = {"min_df": trained.min_df, "sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    words = TfidfVectorizer(ngram_range=trained.word_ngrams, token_pattern=r"(?u)\b\w+\b", **common)  # noqa: S106
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=trained.char_ngrams, **common)
    vectorizer = FeatureUnion([("words", words), ("characters", characters)]).fit(corpus.split("train")[0])
    narratives = len(model.codebook.ids)
    learned = trained.recall()
    state = {"vectorizer": vectorizer, "coef": learned.coef[:, :narratives], "intercept": learned.intercept[:narratives]}
    if len(vectorizer.get_feature_names_out()) != len(learned.coef):
        raise ValueError("the tfidf model was trained on other passages than those of the project's train split")
    state["thresholds"] = raw_thresholds(model.calibration, model.thresholds)
    skops.io.dump(state, work / "scikit-learn.skops")


def _train_fasttext(work: Path, corpus: Corpus) -> None:
    """Words and characters 3-5, one-vs-all; thresholds from validation by the same rule. Word pairs made it worse."""
    if (model := teach_fasttext(work, corpus)) is None:
        return
    none = len(corpus.codebook.ids)
    texts, gold = corpus.split("validation")
    scores = fasttext_scores(ask_fasttext(model, texts), none).astype(np.float32)
    calibration = fit_calibration(scores, gold, np.ones(none, dtype=np.bool_))
    np.save(work / "fasttext.npy", raw_thresholds(calibration, tune_thresholds(calibration.apply(scores))))


def teach_fasttext(work: Path, corpus: Corpus, epochs: int = 100) -> Any:
    """The model, which is saved too; `None` where fastText is not installed."""
    try:
        import fasttext
    except ImportError:
        return None
    texts, gold = corpus.split("train")
    none = gold.shape[1]  # a text without a label would not be learned from
    lines = [" ".join(f"__label__{k}" for k in row.nonzero()[0]) or f"__label__{none}" for row in gold]
    train = work / "fasttext.txt"
    train.write_text("".join(f"{labels} {one_line(text)}" for labels, text in zip(lines, texts, strict=True)), "utf-8")
    settings = {"minn": 3, "maxn": 5, "minCount": 2, "dim": 64, "bucket": 300_000, "seed": 0, "thread": 1, "verbose": 0}
    model = fasttext.train_supervised(str(train), loss="ova", epoch=epochs, lr=2.0, **settings)
    model.save_model(str(work / "fasttext.bin"))
    return model


def raw_thresholds(calibration: Calibration, thresholds: Any) -> Any:
    """The scores before calibration from which on each narrative is raised, by bisection: calibration never falls."""
    low, high = np.zeros(len(thresholds)), np.ones(len(thresholds))
    for _ in range(50):
        middle = (low + high) / 2
        raised = decide(calibration.apply(middle[None].astype(np.float32)), thresholds)[0]
        low, high = np.where(raised, low, middle), np.where(raised, middle, high)
    return high


@dataclass(frozen=True, slots=True)
class TextSet:
    """A file of texts; their lengths, and those of the windows that narratives reads, in tokens, the encoder's own included."""

    path: Path
    lengths: list[int]
    windows: list[int]

    def describe(self) -> dict[str, int]:
        """Counts for the results."""
        middle = round(median(self.lengths))
        return {"texts": len(self.lengths), "tokens": sum(self.lengths), "median": middle, "longest": max(self.lengths)}


class Texts:
    """Makes text sets, none of them holding a text twice: equal texts are computed once, which would flatter."""

    def __init__(self, work: Path, corpus: Corpus) -> None:
        from tokenizers import Tokenizer

        self._work = work
        self._tokenizer = Tokenizer.from_file(str(work / "encoder" / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._passages = list(dict.fromkeys(passage.text for passage in corpus.passages))
        random.Random(0).shuffle(self._passages)
        pieces = {piece for text in self._passages for piece in re.split(r"(?<=[.!?])\s+", text) if piece}
        self._sentences = [(piece, self._count(piece) - 2) for piece in sorted(pieces)]
        self.write("warm-up", self._passages[-32:])

    def passages(self, name: str, count: int) -> TextSet:
        """Passages of the corpus as they are, at most all of them."""
        return self.write(name, self._passages[:count])

    def mix(self, name: str, count: int) -> TextSet:
        """Sentences of the corpus put together anew: most texts short, a tail up to the encoder's window."""
        draw = random.Random(1)
        texts: dict[str, None] = {}
        while len(texts) < count:
            wanted = min(draw.lognormvariate(np.log(TYPICAL), SPREAD), TOKENS - 2)
            texts[self._compose(draw, wanted)] = None
        return self.write(name, list(texts))

    def of_length(self, tokens: int, count: int) -> TextSet:
        """Texts of `tokens` tokens each."""
        draw = random.Random(tokens)
        texts = []
        for _ in range(count):
            text = self._compose(draw, tokens + 600)
            ends = [end for _, end in self._tokenizer.encode(text, add_special_tokens=False).offsets]
            texts.append(text[: ends[tokens - 3]])
        return self.write(f"length-{tokens}", texts)

    def write(self, name: str, texts: list[str]) -> TextSet:
        """Write a set."""
        path = self._work / f"{name}.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        windows = [text[start:end] for text in texts for start, end in split_windows(text, WINDOW)]
        return TextSet(path, [self._count(text) for text in texts], [self._count(window) for window in windows])

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(text).ids)

    def _compose(self, draw: random.Random, wanted: float) -> str:
        def pick() -> Iterator[str]:
            total = 0
            while True:
                piece, tokens = draw.choice(self._sentences)
                total += tokens
                if total > wanted and total > tokens:
                    return
                yield piece

        return " ".join(pick())
