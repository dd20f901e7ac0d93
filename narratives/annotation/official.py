"""Splits that the makers of data gave: honoured for documents that are new, since figures on them are compared with papers'."""

from collections.abc import Mapping, Sequence

from narratives.annotation.incoming import Incoming
from narratives.errors import UserError
from narratives.labels import Splits

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
