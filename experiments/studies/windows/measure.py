"""How long may a window be? python experiments/studies/windows/measure.py --model models/blend; validation split only.

The passages of a document are joined by single spaces (so that nothing gives their boundaries away), and these to texts of
10,000 characters and more. Each narrative's score is the highest of any window. `place` is the share of narratives rightly
raised whose best window overlaps a passage that carries it; in brackets, that of a window drawn by chance.
"""

import argparse
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Passage
from narratives.labels.passages import gold_matrix
from narratives.metrics.counts import count, macro_f1, micro_f1
from narratives.metrics.curves import average_precision
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.thresholds import decide
from narratives.project.project import Project
from narratives.texts.windows import find_sentence_ends, split_windows

SIZES = (300, 500, 600, 800, 1200, 2000)
OVERLAPS = (500, 1200)  # sizes that are tried with overlap as well
Span = tuple[int, int]
KNOWN: dict[str, NDArray[np.float32]] = {}  # scores of pieces read before


class Text:
    """Passages joined, where each lies, and the cuts to measure."""

    def __init__(self, passages: list[Passage], codebook: Codebook) -> None:
        self.text = " ".join(passage.text for passage in passages)
        ends = np.cumsum([len(passage.text) + 1 for passage in passages])
        self.spans = [(int(end) - len(p.text) - 1, int(end) - 1) for end, p in zip(ends, passages, strict=True)]
        self.gold = gold_matrix(passages, codebook.ids)  # (passages, narratives)
        self.sentences = list(find_sentence_ends(self.text, "en"))

    def cut_overlapping(self, size: int) -> list[Span]:
        """Windows, each beginning a sentence earlier."""
        starts = [0, *self.sentences]
        return [(max((s for s in starts if s < start), default=0), end) for start, end in split_windows(self.text, size, "en")]


def main() -> None:
    """Print a table for each length of text."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    model = load_model(parser.parse_args().model)
    project = Project(Path(__file__).parents[3])
    splits = project.corpus.splits
    passages = [p for p in project.corpus.passages if splits.get(p.document) == "validation"]
    silent = [passage for passage in passages if not passage.narratives]
    for name, groups in (
        ("passages", [[passage] for passage in passages]),
        ("documents", join(passages, 1)),
        ("documents joined", join(passages, 10_000)),
        ("passages that carry none, joined", join(silent, 10_000)),
    ):
        texts = [Text(group, model.codebook) for group in groups]
        median = int(np.median([len(text.text) for text in texts]))
        print(f"\n{model.run}, {len(texts)} {name}, median {median:,} characters\n")
        print(
            "| window | windows a text | micro / macro F1 | false / missed a text | average precision | place |\n"
            + "|---" * 6
            + "|"
        )
        row("whole text", texts, lambda text: [(0, len(text.text))], model)
        if len(groups) < len(passages):
            row("gold passages", texts, lambda text: text.spans, model)
        for size in SIZES:
            row(f"{size}", texts, lambda text, size=size: split_windows(text.text, size, "en"), model)  # type: ignore[misc]
        for size in OVERLAPS:
            row(f"{size}, a sentence shared", texts, lambda text, size=size: text.cut_overlapping(size), model)  # type: ignore[misc]


def join(passages: list[Passage], length: int) -> list[list[Passage]]:
    """Passages of whole documents, together at least `length` characters; a shorter remainder is left out."""
    groups: list[list[Passage]] = [[]]
    for _, document in groupby(passages, key=lambda passage: passage.document):
        groups[-1] += document
        if sum(len(passage.text) for passage in groups[-1]) >= length:
            groups.append([])
    return groups[:-1]


def row(name: str, texts: list[Text], cut: Callable[[Text], list[Span]], model: Model) -> None:
    """Score every window of every text once, and print how the highest scores do."""
    windows = [cut(text) for text in texts]
    pieces = [[text.text[start:end] for start, end in spans] for text, spans in zip(texts, windows, strict=True)]
    new = sorted({piece for part in pieces for piece in part} - KNOWN.keys())
    if new:
        scores = model.classifier.predict_proba(new)[:, : len(model.thresholds)]
        KNOWN.update(zip(new, model.calibration.apply(scores), strict=True))
    parts = [np.array([KNOWN[piece] for piece in part]) for part in pieces]
    scores = np.array([part.max(0) for part in parts])
    gold = np.array([text.gold.any(0) for text in texts])
    raised = decide(scores, model.thresholds)
    found: list[float] = []
    chance: list[float] = []
    for k, narrative in np.argwhere(raised & gold):
        places = [s for s, carries in zip(texts[k].spans, texts[k].gold[:, narrative], strict=True) if carries]
        hits = [any(start < b and a < end for a, b in places) for start, end in windows[k]]
        found.append(hits[int(parts[k][:, narrative].argmax())])
        chance.append(sum(hits) / len(hits))
    counts = count(gold, raised, axis=0)
    pooled = counts.sum(-1)
    print(
        f"| {name} | {np.mean([len(part) for part in parts]):.1f} | {micro_f1(counts):.3f} / {macro_f1(counts):.3f} "
        f"| {pooled.fp / len(texts):.2f} / {pooled.fn / len(texts):.2f} | {average_precision(scores.ravel(), gold.ravel())} "
        f"| {np.mean(found or np.nan):.2f} ({np.mean(chance or np.nan):.2f}) |",
        flush=True,
    )


if __name__ == "__main__":
    main()
