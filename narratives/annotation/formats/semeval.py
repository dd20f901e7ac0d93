"""SemEval-2025 Task 10: a file of labels without a header, and beside it a folder with a file for each text."""

from collections.abc import Iterator
from pathlib import Path

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.texts import fetch_text
from narratives.data import Place
from narratives.errors import UserError, at
from narratives.labels import NONE, find_label, split_semeval


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """A record for each text; narratives and sub-narratives together, `Other` alone as none. The text is its own document."""
    rows = list(split_semeval(path, wishes.encoding))
    folder = _find_folder(path, [id_ for _, id_, _ in rows], wishes)
    for number, id_, words in rows:
        labels = [wishes.names.find(word) or find_label(word, wishes.names.folded) for word in words]
        narratives = [word if label is None else label for word, label in zip(words, labels, strict=True) if label != ""]
        values = {"id": id_, "document": id_, "narratives": list(dict.fromkeys(narratives)) or [NONE]}
        yield fetch_text(Entry(Place(path, number), values, ours=True), folder, wishes.encoding)


def _find_folder(path: Path, ids: list[str], wishes: Wishes) -> Path:
    """The folder that holds the texts: as the user says, else that of the labels or one in it."""
    if wishes.texts is not None:
        return wishes.texts
    near = [path.parent, *sorted(folder for folder in path.parent.iterdir() if folder.is_dir())]
    for folder in near:
        if any((folder / name).is_file() for id_ in ids[:10] for name in (id_, f"{id_}.txt")):
            return folder
    raise UserError(at(path, None, "labels without texts; name the folder that holds a file for each text: --texts DIR"))
