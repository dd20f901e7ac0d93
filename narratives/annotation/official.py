"""Splits that the makers of data gave: honoured for documents that are new, since figures on them are compared with papers'."""

import hashlib
from collections.abc import Mapping, Sequence

from narratives.annotation.incoming import Incoming
from narratives.errors import UserError
from narratives.labels import SHARES, Splits

_FIX = "give each its own document, or deal out anew with --new-splits"


def find_official(incoming: Sequence[Incoming], documents: set[str], splits: Mapping[str, str]) -> tuple[Splits, int]:
    """The split of each of the new `documents` that has an official one; and how many have another split here already.

    `UserError` where two passages of one document are in different official splits.
    """
    official: Splits = {}
    places: dict[str, Incoming] = {}
    problems = []
    fixed = set()
    for item in incoming:
        document = item.passage.document
        if not item.split or document not in documents:
            continue
        if document in splits:
            fixed |= {document} if splits[document] != item.split else set()
        elif official.setdefault(document, item.split) != item.split:
            first = places[document]
            problem = f"document '{document}' is in {item.split} and, at {first.passage.place}, in {first.split}; {_FIX}"
            problems.append(f"{item.passage.place}: {problem}")
        places.setdefault(document, item)
    if problems:
        raise UserError(*problems)
    return official, len(fixed)


def draw_validation(official: Splits) -> Splits:
    """The splits with some documents of the training part in validation, drawn by a lot that is always the same for each."""
    share = SHARES["validation"] / (SHARES["train"] + SHARES["validation"])

    def is_drawn(document: str) -> bool:
        digest = hashlib.sha256(f"validation:{document}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:4], "big") < share * 2**32

    return {name: "validation" if split == "train" and is_drawn(name) else split for name, split in official.items()}
