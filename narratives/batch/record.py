"""What a folder of answers says of itself: its parts by their digests, whose answers they are, and which inputs were read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from narratives.batch.plan import PLAN
from narratives.batch.plan_file import check_ours
from narratives.batch.storage import OutputFolder
from narratives.errors import UserError, at
from narratives.files import sha256, unreadable

_FORMS = ("parquet", "jsonl", "csv")


@dataclass(frozen=True, slots=True)
class Record:
    """A folder of answers as it lies there. Model and inputs are empty where the answers were copied without their plan."""

    folder: Path
    form: str  # parquet, jsonl or csv
    parts: Mapping[str, str]  # file -> digest of its bytes, in order
    model: Mapping[str, str]  # run, codebook and digest, among others
    inputs: Mapping[str, str]  # path as it was named -> digest of the file that was read

    @property
    def files(self) -> list[str]:
        """The paths of the parts."""
        return [str(self.folder / name) for name in self.parts]


def read_record(folder: Path) -> Record:
    """Look a folder of answers over; `UserError` where there are none, or some are of another format."""
    if not folder.is_dir():
        raise UserError(at(folder, None, "no such folder; name the --output of narratives classify"))
    files = sorted(path for form in _FORMS for path in folder.glob(f"part-*.{form}"))
    if not files:
        raise UserError(at(folder, None, "no answers in it (part-*); name the --output of narratives classify"))
    forms = {path.suffix for path in files}
    if len(forms) > 1:
        raise UserError(at(folder, None, f"answers in several formats ({', '.join(sorted(forms))}); leave those of one run"))
    model: Mapping[str, str] = {}
    inputs: dict[str, str] = {}
    output = OutputFolder(str(folder))
    if output.read(PLAN) is not None:
        plan = check_ours(output)
        model = dict(plan.get("model") or {})
        inputs = {str(entry["path"]): str(entry["digest"]) for entry in plan["inputs"]}
    try:
        parts = {path.name: sha256(path) for path in files}
    except OSError as error:
        raise unreadable(folder, error) from None
    return Record(folder=folder, form=forms.pop().removeprefix("."), parts=parts, model=model, inputs=inputs)
