"""Which version of the codebook a model speaks, where that is not the project's."""

from contextlib import suppress
from pathlib import Path

from narratives.data import Codebook
from narratives.errors import UserError
from narratives.labels import describe_difference
from narratives.models import read_manifest
from narratives.project import Project


def find_difference(project: Project, folder: Path) -> str:
    """A notice where a model of this project was trained before the codebook changed; else empty.

    The model still answers, in the narratives that it learned. A codebook that cannot be read is no matter here.
    """
    with suppress(UserError):
        if folder.resolve().parent == project.model("any").resolve().parent:
            spoken = Codebook.from_json(read_manifest(folder, check_files=False)["codebook"])
            today = project.read_codebook()
            if spoken.digest != today.digest:
                difference = describe_difference(spoken, today)
                return f"model '{folder.name}': {difference}; to bring it up to date: narratives train {folder.name}"
    return ""
