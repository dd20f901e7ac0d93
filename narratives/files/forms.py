"""Forms of labels that no reader takes, each by the name that people know it by, and where its texts are."""

import re
from pathlib import Path

BRAT = "this is brat's standoff (.ann), which marks stretches of a text beside it"
_TOKENS = "this is CoNLL, a row for each word"
_XML = "this is XML (such as UIMA or TEI) or a web page"
_WAYS = {
    BRAT: "name the texts themselves, those in .txt files, a text a line",
    _TOKENS: "join the words of each text and write a text a line into a .txt file",
    _XML: "export the texts as CSV, JSONL or TXT (a text a line)",
}
_CONLL = (".conll", ".conllu", ".conllup", ".iob", ".iob2", ".bio", ".bioes")
_STANDOFF = re.compile(r"T\d+\t\S+ \d+ \d+|[REAMN]\d+\t\S+|#\d+\t\S+ ")
_TAG = re.compile(r"([BIESLU]-\S+|O|_)$")
_LOOKED_AT = 20  # lines


def name_form(path: Path, head: str) -> str:
    """What a file is called that holds no form that is read, by its ending and how it begins; empty where nobody knows."""
    suffix, lines = path.suffix.lower(), [line.strip() for line in head.splitlines() if line.strip()][:_LOOKED_AT]
    if suffix == ".ann" or (lines and all(map(_STANDOFF.match, lines))):
        return BRAT
    if lines and lines[0].startswith("<"):
        return _XML
    rows = [line.split() for line in lines if not line.startswith(("#", "-DOCSTART-"))]
    tagged = rows and all(len(row) > 1 and _TAG.match(row[-1]) for row in rows[:-1] or rows)
    return _TOKENS if suffix in _CONLL or tagged else ""


def explain_texts(path: Path) -> str:
    """The same for a file from which texts alone are wanted, with a way to them; empty where nobody knows its form."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return ""
    form = name_form(path, head.decode("utf-8-sig", "replace"))
    return f"{form}; {_WAYS[form]}" if form else ""
