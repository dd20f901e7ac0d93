"""Forms of other tools that are not read: what each is called, and a way that works."""

import re
from pathlib import Path

_WAY = (
    'write a line for each text, {"text": "...", "label": [[start, end, "name"]]}, and import it with --spans; '
    "or a table: id,text,labels"
)
_BRAT = f"this is brat's standoff (.ann), which marks stretches of a text beside it; {_WAY}"
_TOKENS = f"this is CoNLL, a row for each word; {_WAY}"
_XML = f"this is XML (such as UIMA or TEI); export as JSON, JSONL or CSV, or {_WAY}"
_PLAIN = "no form of labels that is known; export as JSON, JSONL or CSV, or write a table: id,text,labels"
_CONLL = (".conll", ".conllu", ".conllup", ".iob", ".iob2", ".bio", ".bioes")
_STANDOFF = re.compile(r"T\d+\t\S+ \d+ \d+|[REAMN]\d+\t\S+|#\d+\t\S+ ")
_TAG = re.compile(r"([BIESLU]-\S+|O|_)$")
_LOOKED_AT = 20  # lines


def explain_form(path: Path, head: str) -> str:
    """What a file is called that holds no form that is read, by its ending and how it begins; and what to do."""
    suffix, lines = path.suffix.lower(), [line.strip() for line in head.splitlines() if line.strip()][:_LOOKED_AT]
    if suffix == ".ann" or (lines and all(map(_STANDOFF.match, lines))):
        return _BRAT
    if lines and lines[0].startswith("<"):
        return _XML
    rows = [line.split() for line in lines if not line.startswith(("#", "-DOCSTART-"))]
    tagged = rows and all(len(row) > 1 and _TAG.match(row[-1]) for row in rows[:-1] or rows)
    return _TOKENS if suffix in _CONLL or tagged else _PLAIN


def explain_folder(folder: Path) -> str:
    """The same for a folder."""
    if any(folder.glob("*.ann")):
        return _BRAT.replace("this is", "a folder of")
    return "a folder, but no saved dataset, of Hugging Face or of Argilla; name a file in it"
