"""What became of a narrative's id since a model was trained: the renames among the migrations that a project keeps."""

import re
from pathlib import Path
from typing import Any

from narratives.data import Codebook
from narratives.files import read_text, read_toml

RECORDS = "migrations"  # the folder in labels/ where each migration is kept, named by the version that it led to
_APPLIED = re.compile(r"# Applied on \S+: (?P<codebook>.+) \(digest \w+\) became ")


def find_renames(folder: Path, spoken: Codebook, today: Codebook) -> dict[str, str]:
    """Old id -> today's, of the narratives of `spoken` that bear another id today; `folder` is a project's `labels/`.

    The records are followed from version to version. Where one is missing, what came after it is not known.
    """
    records = {}
    for path in sorted((folder / RECORDS).glob("*.toml")):
        applied = _APPLIED.match(read_text(path))
        if applied:
            records[applied["codebook"]] = read_toml(path).values
    current = {id_: id_ for id_ in spoken.ids}
    version, followed = spoken.version, set[str]()
    while version not in followed and (record := records.get(f"{spoken.name} {version}")):
        followed.add(version)
        version = str(record.get("version"))
        for step in record.get("step", []):
            current = {old: _step(step, new) for old, new in current.items()}
    renames = {old: new for old, new in current.items() if new != old and new in today.ids}
    names = [renames.get(id_, id_) for id_ in spoken.ids]
    return renames if len(set(names)) == len(names) else {}


def _step(step: dict[str, Any], id_: str) -> str:
    """What a narrative is called after a step of a migration."""
    return str(step["to"]) if step.get("do") == "rename" and step.get("from") == id_ else id_
