"""The plan of a batch run: which parts there are, and all that decides what their answers are."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from narratives import __version__
from narratives.batch.items import EVERYTHING, Columns, explain_absence
from narratives.batch.parts import Part, list_columns, look_at, split_source
from narratives.batch.sources import Source, identify
from narratives.batch.storage import KEPT, OutputFolder, is_url
from narratives.errors import UserError, at
from narratives.files import Header, has_field
from narratives.models import Model
from narratives.texts import find_version

PLAN, REJECTS, SUMMARY = f"{KEPT}/plan.json", f"{KEPT}/rejects.jsonl", f"{KEPT}/summary.json"
_FORMS = ("parquet", "jsonl", "csv")
PART_SIZE = 2 << 20  # bytes: half a minute of a transformer on one core, seconds of TF-IDF
FORMAT = 4
_PACKED = 4  # a Parquet file is taken to hold so many times its size
ANEW = "name another --output, or begin anew with --restart"
_DECISIVE = {
    "run": "model",
    "codebook": "codebook",
    "digest": "training of this model",
    "inference": "way to compute",
    "narratives": "version of narratives",
    "sentencex": "version of sentencex",
    "languages": "way to find languages",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    form: str = "parquet"
    columns: Columns = field(default_factory=Columns)
    unit: str = "text"  # or "passage": a row for each window
    part_size: int = PART_SIZE
    explain: bool = False  # also the words that carry each narrative
    titles: bool = False  # also the titles of the narratives raised
    texts: bool = False  # also the text itself
    mark: bool = False  # CSV begins with the byte-order mark by which spreadsheets know UTF-8
    all_languages: bool = False  # raise also in languages in which the model failed its test

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        columns = _read_columns(value["columns"])
        if value["form"] not in _FORMS:  # it becomes part of the names of files
            raise ValueError(f"format {value['form']}")
        return cls(**{**value, "columns": columns})


@dataclass(frozen=True, slots=True)
class Input:
    """A file as it was when the plan was made, and the pieces that it is read in."""

    source: Source
    identity: dict[str, Any]
    header: Header | None
    parts: list[Part]
    batch: int = 0  # 0 for what the run was begun with, then one more each time that inputs were added
    columns: Columns | None = None  # where it holds what, if not where the plan says; what is kept is the same for all
    place: str = ""  # its full path; empty for a URL, and in plans of before


Piece = tuple[Input, Part]


@dataclass(frozen=True)
class Plan:
    """Parts are numbered through all inputs. A part is a piece of a large file, or several small files."""

    model: dict[str, str]
    options: Options
    inputs: list[Input]
    passed: dict[str, bool] | None = None  # languages with a test, and whether the model passed it; `None`: nobody knows

    @cached_property
    def parts(self) -> list[list[Piece]]:
        """The pieces of every part, each with the input that it is of. Files that share one are small and came together."""
        parts: list[list[Piece]] = []
        room = batch = 0
        for input_ in self.inputs:
            room = room if input_.batch == batch else 0  # the last part of those before is done, or may be
            batch = input_.batch
            pieces = [(input_, piece) for piece in input_.parts]
            weight = _weigh(input_) if len(pieces) == 1 else sys.maxsize
            if parts and pieces and weight <= room:
                parts[-1] += pieces
                room -= weight
            elif pieces:
                parts += [[piece] for piece in pieces]
                room = max(self.options.part_size - weight, 0)
        return parts

    @cached_property
    def labels(self) -> dict[str, str]:
        """What ids are made from where there are none: a file's name, or its path where two have that name.

        What was added later changes no id of what was there before, and no two files have one label.
        """
        labels: dict[str, str] = {}
        for batch in sorted({input_.batch for input_ in self.inputs}):
            shown = [input_.source.shown for input_ in self.inputs if input_.batch == batch]
            names = Counter(Path(path).name for path in (*labels, *shown))
            given = set(labels.values())
            for path in shown:
                label = Path(path).name if names[Path(path).name] == 1 else path
                while label in given:  # a path may be the bare name that an earlier file went by
                    label = f"./{label}"
                given.add(label)
                labels[path] = label
        return labels

    def name(self, number: int) -> str:
        """The file that holds the answers of a part."""
        return f"part-{number:05}.{self.options.form}"

    def log(self, number: int) -> str:
        """The file that holds what there is to say of a part: counts, then its bad records."""
        return f"{KEPT}/log/part-{number:05}.jsonl"

    def to_text(self) -> str:
        """JSON with a line for each input; ASCII, since a file's name may be no UTF-8."""
        inputs = [
            json.dumps(
                {
                    **asdict(input_.source),
                    **input_.identity,
                    "header": asdict(input_.header) if input_.header else None,
                    "batch": input_.batch,
                    **({"columns": asdict(input_.columns)} if input_.columns else {}),
                    **({"place": input_.place} if input_.place else {}),
                    "parts": [[part.offset, part.length, part.line, part.lines] for part in input_.parts],
                }
            )
            for input_ in self.inputs
        ]
        head = {
            "format_version": FORMAT,
            "narratives": __version__,
            "model": self.model,
            "options": asdict(self.options),
            "passed": self.passed,
        }
        return json.dumps(head)[:-1] + ', "inputs": [\n' + ",\n".join(inputs) + "\n]}\n"

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The value of what `to_text` wrote."""
        inputs = []
        for entry in value["inputs"]:
            header = entry["header"]
            inputs.append(
                Input(
                    Source(entry["path"], entry["form"], entry["compression"], entry.get("encoding", "")),
                    {key: entry[key] for key in ("size", "changed", "digest")},
                    Header(**{**header, "columns": tuple(header["columns"])}) if header else None,
                    [Part(*numbers) for numbers in entry["parts"]],
                    entry["batch"],
                    _read_columns(entry["columns"]) if entry.get("columns") else None,
                    entry.get("place", ""),
                )
            )
        passed = value.get("passed")  # older versions did not write it
        return cls(value["model"], Options.from_json(value["options"]), inputs, None if passed is None else dict(passed))


def _read_columns(value: dict[str, Any]) -> Columns:
    return Columns(**{**value, "keep": tuple(value["keep"])})


def _weigh(input_: Input) -> int:
    """About how many bytes a small file unpacks to."""
    [piece] = input_.parts
    return int(_PACKED * input_.identity["size"]) if input_.source.form == "parquet" else piece.length


def describe_model(model: Model) -> dict[str, str]:
    """All of a model that decides its answers: a plan is for one model only."""
    return {
        "run": model.run,
        "codebook": model.codebook.digest,
        "digest": model.digest,
        "inference": getattr(model.classifier, "inference", ""),
        "narratives": __version__,
        "sentencex": version("sentencex"),  # it decides where long texts are cut
        "languages": find_version(),  # empty: only what records say of their language is known
    }


def make_plan(sources: Sequence[Source], options: Options, model: Model | None, passed: dict[str, bool] | None = None) -> Plan:
    """Find the parts of every input; nothing is written. Without a model it is a plan to read the texts only."""
    inputs = [split_input(source, options) for source in sources]
    if not any(input_.parts for input_ in inputs):  # no texts at all: one part without rows says so in the format asked for
        inputs[0].parts.append(Part(0, 0, 1, 0))
    return Plan(describe_model(model) if model else {}, options, inputs, passed)


def split_input(source: Source, options: Options, batch: int = 0) -> Input:
    """The parts of a file as it is now; `UserError` where it holds no column that is asked for."""
    header, parts = split_source(source, options.part_size)
    first = look_at(source, header, parts, options.columns.needed)
    column = "text" if source.form == "txt" else options.columns.text
    names = [column, *(name for name in options.columns.keep if name != EVERYTHING)]
    columns = list_columns(source) if source.form == "parquet" else []
    for name in names if first else ():
        absent = not any(has_field(record.values, name) for record in first)
        if absent and not (source.form in ("jsonl", "txt") and name != column):
            fix = "name it with --text-column" if name == column else "name others with --keep"
            raise UserError(at(source.path, first[0].line, f"no '{name}' column{explain_absence(name, first, columns, fix)}"))
    place = "" if is_url(source.path) else source.place
    return Input(source, identify(source), header, parts, batch, place=place)


def differ_in_model(plan: Plan, model: Model) -> str:
    """What of the model has changed since the plan was made; empty where nothing has."""
    facts = describe_model(model)
    for key, noun in _DECISIVE.items():
        before, after = plan.model.get(key, ""), facts[key]
        if before != after:
            return f"another {noun} ({before[:24] or 'none'}, not {after[:24] or 'none'})"
    return ""


def check_model(plan: Plan, model: Model, output: OutputFolder) -> None:
    """`UserError` where `model` is not the one that the plan was made with."""
    if reason := differ_in_model(plan, model):
        raise UserError(at(output.place(PLAN), None, f"this run was begun with {reason}; {ANEW}"))
