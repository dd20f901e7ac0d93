"""Forms of other tools that are not read: what each is called, and a way that works."""

from pathlib import Path

from narratives.files import BRAT, name_form

_WAY = (
    'write a line for each text, {"text": "...", "label": [[start, end, "name"]]}, and import it with --spans; '
    "or a table: id,text,labels"
)
_PLAIN = "no form of labels that is known; export as JSON, JSONL or CSV, or write a table: id,text,labels"


def explain_form(path: Path, head: str) -> str:
    """What a file is called that holds no form that is read, by its ending and how it begins; and what to do."""
    form = name_form(path, head)
    if not form:
        return _PLAIN
    return f"{form}; export as JSON, JSONL or CSV, or {_WAY}" if "XML" in form else f"{form}; {_WAY}"


def explain_folder(folder: Path) -> str:
    """The same for a folder."""
    if any(folder.glob("*.ann")):
        return f"{BRAT.replace('this is', 'a folder of')}; {_WAY}"
    return "a folder, but no saved dataset, of Hugging Face or of Argilla; name a file in it"
