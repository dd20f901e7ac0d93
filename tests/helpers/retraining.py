"""A project to retrain: three narratives that show in words, enough of each to tell, and what an analyst does to its labels."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.examples import write_lines

Record = dict[str, Any]
IDS = ("toll", "school", "flood")
CODEBOOK = 'name = "toy"\nversion = "{version}"\n' + "".join(
    f'[[narrative]]\nid = "{id_}"\ntitle = "The {id_}"\nfamily = "f"\ndefinition = "About {id_}."\n' for id_ in IDS
)
_SPLITS = ("train", "train", "validation", "test", "test")


def write_project(root: Path, passages: int = 300) -> Path:
    """Passages of made-up words, two a document; of four one carries each narrative, one none. Splits go by document."""
    rng = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(rng.sample(syllables, 3)) for _ in range(400)]
    topical = {id_: ["".join(rng.sample(syllables, 3)) for _ in range(8)] for id_ in IDS}
    records = []
    for k in range(passages):
        carried = [id_ for id_ in IDS[k % 4 : k % 4 + 1] if rng.random() < 0.95]
        text = rng.sample(words, 10) + [word for id_ in carried for word in rng.sample(topical[id_], 2)]
        labels = dict.fromkeys(carried, "asserts")
        records.append({"id": f"p{k:03}", "text": " ".join(text), "document": f"d{k // 2:03}", "narratives": labels})
    write_lines(root / "labels" / "codebook.toml", *CODEBOOK.format(version=1).splitlines())
    write_lines(root / "labels" / "passages.jsonl", *records)
    splits = [f"d{k:03},{_SPLITS[k % 5]}" for k in range(passages // 2)]
    write_lines(root / "labels" / "splits.csv", "document,split", *splits)
    config = ["[classifier]", 'name = "tfidf"', "min_df = 1", "word_ngrams = [1, 1]", "char_ngrams = [3, 3]"]
    write_lines(root / "experiments" / "base" / "config.toml", *config, "[evaluation]", "resamples = 300")
    return root


def read_labels(root: Path) -> list[Record]:
    """The labelled passages as they stand in the file."""
    return [json.loads(line) for line in (root / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()]


def split_of(record: Record) -> str:
    """The split of a passage of this project."""
    return _SPLITS[int(record["document"][1:]) % 5]


def relabel(root: Path, change: Callable[[list[Record]], Any], *splits: str) -> None:
    """Let `change` alter the passages of some splits in place; the others stay."""
    records = read_labels(root)
    change([record for record in records if split_of(record) in splits])
    write_lines(root / "labels" / "passages.jsonl", *records)


def shuffle(records: list[Record]) -> None:
    """Deal the labels out anew."""
    labels = [record["narratives"] for record in records]
    random.Random(1).shuffle(labels)
    for record, carried in zip(records, labels, strict=True):
        record["narratives"] = carried


def forget(id_: str) -> Callable[[list[Record]], None]:
    """Take a narrative off every passage."""

    def change(records: list[Record]) -> None:
        for record in records:
            record["narratives"].pop(id_, None)

    return change


def hide(share: int) -> Callable[[list[Record]], None]:
    """Leave but one of `share` passages labelled."""

    def change(records: list[Record]) -> None:
        for k, record in enumerate(records):
            if k % share:
                record["narratives"] = None

    return change
