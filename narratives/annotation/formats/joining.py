"""Rows of one text that hold a code each, as programs for qualitative work write them: together they are its labels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from narratives.annotation.formats.entry import Entry

_JOINED = "rows of one text, each with one code, joined; without an annotator's name they are taken for one person's"


def join_codes(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, those of one text, id, document and annotator as one where each holds a single code and they differ."""
    listed = list(entries)
    groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in listed:
        if not entry.problem:
            groups[_key(entry)].append(entry)
    for entry in listed:
        group = groups.get(_key(entry), []) if not entry.problem else []
        if len(group) < 2 or not all(item.code for item in group):
            yield entry
        elif entry is group[0]:
            words = list(dict.fromkeys(word for item in group for word in item.values["narratives"]))
            notes = (*entry.notes, _JOINED) if len(words) > 1 else entry.notes
            yield replace(entry, values={**entry.values, "narratives": words}, notes=notes)


def _key(entry: Entry) -> tuple[str, ...]:
    values = entry.values
    text = " ".join(str(values.get("text")).split())
    return (text, str(values.get("id")), str(values.get("document")), entry.by, str(entry.place.file))
