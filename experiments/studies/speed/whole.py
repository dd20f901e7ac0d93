"""TF-IDF from file to file, JSONL in and Parquet out: narratives, scikit-learn and fastText, CPU seconds, start-up included.

    python experiments/studies/speed/whole.py [--model models/tfidf] [--texts 100000] [--background FILE.jsonl] [--repeats 3]

The texts are put together anew from sentences: a feed of which one text in fifty carries a sentence of labelled passages, the
rest being background, and a dense sample of labelled sentences alone; one in twenty is in another language. All weights are
the model's own, but for fastText's. narratives also finds the language of each text, the others do not.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from command import CLASSIFY, measure_command

ROOT = Path(__file__).parents[3]
BATCH = 4096  # texts that the others take at once
MIDDLE, SPREAD, LONGEST = 270, 0.7, 1500  # characters of a text
ONE_WINDOW = 900  # characters that are read at once


def main() -> None:
    """Measure in turn and print a line for each run, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models/tfidf")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--background", type=Path, help="JSONL of texts that carry nothing; by default passages that do not")
    parser.add_argument("--as", dest="contender", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        answer(options.contender, options.model, *options.paths)
        return
    with TemporaryDirectory() as folder:
        work = Path(folder)
        names = ["narratives", "scikit-learn", *(["fastText"] if train_fasttext(work) else [])]
        for kind in ("feed", "dense"):
            source = work / f"{kind}.jsonl"
            write_texts(source, kind == "dense", options.texts, options.background)
            spent: dict[str, list[float]] = {name: [] for name in names}
            for _ in range(options.repeats):
                for name in names:
                    output = str(work / f"{kind}-{name}")
                    command = [sys.executable, __file__, "--as", name, "--model", str(options.model), str(source), output]
                    if name == "narratives":
                        model = ["--model", str(options.model.resolve()), "--output", output]
                        command = [*CLASSIFY, str(source), *model, "--jobs", "1", "--restart"]
                    cost = measure_command(command)
                    spent[name].append(cost.cpu)
                    print(f"{kind}: {name} {cost.cpu:.1f} s CPU, {cost.memory_mb:.0f} MB", flush=True)
            ratios = {
                name: median(cpu / ours for cpu, ours in zip(spent[name], spent[names[0]], strict=True)) for name in names
            }
            print(f"{kind}: {options.texts} texts, times the CPU time of narratives: {ratios}", flush=True)
            print(f"{kind}: answers of scikit-learn that differ: {compare(work, kind)}", flush=True)


def answer(contender: str, model: Path, source: Path, output: Path) -> None:
    """What somebody would write who has only that library: read, score, decide, write."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    score, thresholds, ids = (load_fasttext if contender == "fastText" else load_scikit_learn)(model, source.parent)
    names = np.array(ids, dtype=object)
    tables = []
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        scores = score([record["text"] for record in batch])
        raised = scores >= thresholds
        lists = pa.ListArray.from_arrays(
            np.concatenate([[0], raised.sum(1).cumsum()]), pa.array(names[raised.nonzero()[1]], pa.string())
        )
        columns = {f"score_{id_}": scores[:, k].astype(np.float32) for k, id_ in enumerate(ids)}
        tables.append(pa.table({"id": [record["id"] for record in batch], "narratives": lists, **columns}))
    pq.write_table(pa.concat_tables(tables), output, compression="zstd")


def load_scikit_learn(folder: Path, _: Path) -> tuple[Any, Any, list[str]]:
    """The model's n-grams and weights in two `TfidfVectorizer`s and a linear model; thresholds before calibration."""
    from prepare import raw_thresholds
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion

    from narratives.models.folder import load_model

    model = load_model(folder)
    trained: Any = model.classifier
    learned = trained.recall()
    common: dict[str, Any] = {"sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    words = TfidfVectorizer(
        vocabulary=learned.words,
        ngram_range=trained.word_ngrams,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106
        **common,
    )
    characters = TfidfVectorizer(vocabulary=learned.characters, analyzer="char_wb", ngram_range=trained.char_ngrams, **common)
    words.idf_, characters.idf_ = np.split(learned.idf, [len(learned.words)])
    union = FeatureUnion([("words", words), ("characters", characters)])
    count = len(model.codebook.ids)
    linear = LogisticRegression()
    linear.coef_, linear.intercept_ = learned.coef[:, :count].T, learned.intercept[:count]
    linear.classes_ = np.arange(count)

    def score(texts: list[str]) -> Any:
        return 1 / (1 + np.exp(-linear.decision_function(union.transform(texts)).astype(np.float64)))

    return score, raw_thresholds(model.calibration, model.thresholds), list(model.codebook.ids)


def load_fasttext(_: Path, work: Path) -> tuple[Any, Any, list[str]]:
    """A fastText model of the same passages, another model with other answers."""
    import fasttext
    from contenders import ask_fasttext, fasttext_scores

    model = fasttext.load_model(str(work / "fasttext.bin"))
    ids = json.loads((work / "ids.json").read_text(encoding="utf-8"))
    return lambda texts: fasttext_scores(ask_fasttext(model, texts), len(ids)), np.full(len(ids), 0.5), ids


def train_fasttext(work: Path) -> bool:
    """Train it where it is installed, for two epochs: what it answers is not looked at here, only how soon."""
    from prepare import read_corpus, teach_fasttext

    corpus = read_corpus(ROOT)
    (work / "ids.json").write_text(json.dumps(corpus.codebook.ids), encoding="utf-8")
    return teach_fasttext(work, corpus, epochs=2) is not None


def write_texts(path: Path, dense: bool, count: int, background: Path | None) -> None:
    """A JSONL file of so many different texts."""
    labelled = list(read_all(ROOT.glob("labels/*.jsonl")))
    quiet = list(read_all([background])) if background else [row for row in labelled if not row.get("narratives")]
    foreign, carrying = cut(read_all(ROOT.glob("labels/languages/*.jsonl"))), cut(labelled)
    rest = carrying if dense else cut(quiet)
    draw, texts = random.Random(path.name), dict[str, None]()
    while len(texts) < count:
        size = min(draw.lognormvariate(np.log(MIDDLE), SPREAD), LONGEST)
        chance = draw.random()
        pool = foreign if chance < 0.05 else carrying if chance < 0.07 else rest
        text = draw.choice(pool)
        while len(text) < size:
            text += " " + draw.choice(pool)
        texts[text[:LONGEST]] = None
    lines = (json.dumps({"id": str(k), "text": text}, ensure_ascii=False) for k, text in enumerate(texts))
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def read_all(paths: Any) -> Iterator[dict[str, Any]]:
    """The records of some JSONL files."""
    for path in sorted(paths):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def cut(records: Any) -> list[str]:
    """The different sentences of records."""
    return sorted({piece for row in records for piece in re.split(r"(?<=[.!?؟۔])\s+", row["text"]) if piece.strip()})


def compare(work: Path, kind: str) -> str:
    """How many of scikit-learn's answers are not those of narratives, of texts that narratives reads in one window."""
    import pyarrow.parquet as pq

    names = ("narratives", "scikit-learn")
    ours, theirs = (pq.read_table(work / f"{kind}-{name}", columns=["id", "narratives"]).to_pylist() for name in names)
    sizes = [len(row["text"]) for row in read_all([work / f"{kind}.jsonl"])]
    differ = [a != b for a, b, size in zip(ours, theirs, sizes, strict=True) if size <= ONE_WINDOW]
    return f"{sum(differ)} of {len(differ)}"


if __name__ == "__main__":
    main()
