"""Measure a corpus: python experiments/studies/corpus/measure.py [PASSAGES.jsonl ...] prints the figures of the data card.

Further files are other corpora, for comparison of variety.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import GroupKFold

from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Codebook, Matrix, Passage
from narratives.files.records import Record, read_records
from narratives.labels.passages import gold_matrix
from narratives.metrics.figures import measure
from narratives.models.calibration import fit_calibration
from narratives.models.thresholds import decide, tune_thresholds
from narratives.project.project import Project
from narratives.texts.similarity import near_duplicates

WORDS = 50_000  # variety falls with length, so every corpus is measured on as many words


def main() -> None:
    """Print Markdown."""
    project = Project(Path(__file__).parents[3])
    codebook = project.read_codebook()
    passages = project.corpus.passages
    gold = gold_matrix(passages, codebook.ids)
    texts = [passage.text for passage in passages]
    lengths = sorted(len(text.split()) for text in texts)
    print("| figure | value |\n|---|---|")
    row("passages, documents", f"{len(passages)}, {len({p.document for p in passages})}")
    row("carry none, several", f"{int((~gold.any(1)).sum())}, {int((gold.sum(1) > 1).sum())}")
    row("passages for each narrative", f"{gold.sum(0).min()} to {gold.sum(0).max()}")
    row("stances", counts(str(stance) for p in passages for stance in (p.narratives or {}).values()))
    row("fewest of one stance for one narrative", str(rarest_stance(passages)))
    row("registers", counts(p.source for p in passages))
    row("hard cases", counts(str(p.extras["case"]) for p in passages if "case" in p.extras))
    row("words in a passage", f"{lengths[0]} to {lengths[-1]}, median {median(lengths):.0f}")
    pairs = [p for p in near_duplicates(texts) if passages[p.first].document != passages[p.second].document]
    row("near-duplicates outside one document", str(len(pairs)))
    openings = Counter(" ".join(text.lower().split()[:4]) for text in texts)
    recurring = sum(n for n in openings.values() if n > 1) / len(texts)
    row("passages whose first four words recur", f"{recurring:.1%}")
    row(f"distinct 3-grams per 1,000 words ({WORDS:,} words)", f"{variety(texts):.0f}")
    for name in sys.argv[1:]:
        others = [str(r.values["text"]) for r in read_records(Path(name)) if isinstance(r, Record)]
        row(f"the same for {Path(name).parents[1].name}", f"{variety(others):.0f}")
    row("macro F1 from titles and definitions alone", f"{match_definitions(texts, gold, codebook):.2f}")
    micro, macro = cross_validate(passages, gold)
    row("TF-IDF, cross-validated by document: micro, macro F1", f"{micro:.2f}, {macro:.2f}")


def row(name: str, value: str) -> None:
    """One line of the table."""
    print(f"| {name} | {value} |", flush=True)


def counts(values: object) -> str:
    """`a 3 (30 %), b 7 (70 %)`, most frequent first."""
    counter = Counter(values)  # type: ignore[call-overload]
    return ", ".join(f"{name} {n} ({n / counter.total():.0%})" for name, n in counter.most_common())


def rarest_stance(passages: list[Passage]) -> int:
    """Over all narratives and stances, the smallest number of labels."""
    table: dict[tuple[str, object], int] = defaultdict(int)
    for passage in passages:
        for id_, stance in (passage.narratives or {}).items():
            table[id_, stance] += 1
    return min(table.values())


def variety(texts: list[str]) -> float:
    """Distinct word 3-grams per 1,000 words, over the first `WORDS` words of the shuffled texts."""
    order = np.random.default_rng(0).permutation(len(texts))
    words = re.findall(r"\w+", " ".join(texts[k] for k in order).lower())[:WORDS]
    return len(set(zip(words, words[1:], words[2:], strict=False))) / len(words) * 1000


def match_definitions(texts: list[str], gold: Matrix, codebook: Codebook) -> float:
    """Macro F1 of cosine similarity to each narrative's title and definition, with the best cut on these very texts.

    A high figure would mean that passages repeat the codebook's words.
    """
    claims = [f"{narrative.title}. {narrative.definition}" for narrative in codebook.narratives]
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit(texts + claims)
    scores = (vectorizer.transform(texts) @ vectorizer.transform(claims).T).toarray().astype(np.float32)
    best = []
    for column, carried in zip(scores.T, gold.T, strict=True):
        precision, recall, _ = precision_recall_curve(carried, column)
        best.append((2 * precision * recall / np.maximum(precision + recall, 1e-9)).max())
    return float(np.mean(best))


def cross_validate(passages: list[Passage], gold: Matrix) -> tuple[float, float]:
    """Micro and macro F1 of the baseline over five folds of documents; curves and thresholds come from the other folds."""
    texts, documents = [p.text for p in passages], [p.document for p in passages]
    folds = list(GroupKFold(5, shuffle=True, random_state=0).split(texts, groups=documents))
    scores = np.zeros(gold.shape, dtype=np.float32)
    for train, test in folds:
        model = TfidfClassifier().fit([texts[k] for k in train], gold[train])
        scores[test] = model.predict_proba([texts[k] for k in test])
    predicted = np.zeros_like(gold)
    for train, test in folds:
        calibrated = fit_calibration(scores[train], gold[train], gold[train].any(0)).apply(scores)
        predicted[test] = decide(calibrated[test], tune_thresholds(calibrated[train]))
    figures = measure(gold, predicted)
    return float(figures.micro_f1), float(figures.macro_f1)


if __name__ == "__main__":
    main()
