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
from narratives.batch.items import EVERYTHING, OWN, Columns
from narratives.batch.parts import Part, list_columns, look_at, split_source
from narratives.batch.sources import Source, identify
from narratives.batch.storage import OutputFolder
from narratives.errors import UserError, at, did_you_mean
from narratives.files import Header
from narratives.models import Model
from narratives.texts import find_version

PLAN, REJECTS, SUMMARY = "plan.json", "rejects.jsonl", "summary.json"
_FORMS = ("parquet", "jsonl", "csv")
PART_SIZE = 2 << 20  # bytes: half a minute of a transformer on one core, seconds of TF-IDF
_FORMAT = 3
_APART = 2  # the format in which small files did not share parts
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

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        columns = Columns(**{**value["columns"], "keep": tuple(value["columns"]["keep"])})
        if value["form"] not in _FORMS:  # it becomes part of the names of files
            raise ValueError(f"format {value['form']}")
        return cls(**{**value, "columns": columns})


@dataclass(frozen=True, slots=True)
class Input:
    """A file as it was when the plan was made, and the pieces that it is read in."""

    source: Source
    known: dict[str, Any]
    header: Header | None
    parts: list[Part]


Piece = tuple[Input, Part]


@dataclass(frozen=True)
class Plan:
    """Parts are numbered through all inputs. A part is a piece of a large file, or several small files."""

    model: dict[str, str]
    options: Options
    inputs: list[Input]
    shared: bool = True  # whether small files share parts

    @cached_property
    def parts(self) -> list[list[Piece]]:
        """The pieces of every part, each with the input that it is of. Files that share one are small and follow each other."""
        parts: list[list[Piece]] = []
        room = 0
        for input_ in self.inputs:
            pieces = [(input_, piece) for piece in input_.parts]
            weight = _weigh(input_) if self.shared and len(pieces) == 1 else sys.maxsize
            if pieces and weight <= room:
                parts[-1] += pieces
                room -= weight
            elif pieces:
                parts += [[piece] for piece in pieces]
                room = max(self.options.part_size - weight, 0)
        return parts

    @cached_property
    def labels(self) -> dict[str, str]:
        """What ids are made from where there are none: a file's name, or its path where two have that name."""
        shown = [input_.source.shown for input_ in self.inputs]
        names = Counter(Path(path).name for path in shown)
        return {path: Path(path).name if names[Path(path).name] == 1 else path for path in shown}

    def name(self, number: int) -> str:
        """The file that holds the answers of a part."""
        return f"part-{number:05}.{self.options.form}"

    def log(self, number: int) -> str:
        """The file that holds what there is to say of a part: counts, then its bad records."""
        return f"log/part-{number:05}.jsonl"

    def to_text(self) -> str:
        """JSON with a line for each input; ASCII, since a file's name may be no UTF-8."""
        inputs = [
            json.dumps(
                {
                    **asdict(input_.source),
                    **input_.known,
                    "header": asdict(input_.header) if input_.header else None,
                    "parts": [[part.offset, part.length, part.line, part.lines] for part in input_.parts],
                }
            )
            for input_ in self.inputs
        ]
        head = {
            "format_version": _FORMAT if self.shared else _APART,
            "narratives": __version__,
            "model": self.model,
            "options": asdict(self.options),
        }
        return json.dumps(head)[:-1] + ', "inputs": [\n' + ",\n".join(inputs) + "\n]}\n"

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The value of what `to_text` wrote."""
        inputs = []
        for one in value["inputs"]:
            header = one["header"]
            inputs.append(
                Input(
                    Source(one["path"], one["form"], one["compression"]),
                    {key: one[key] for key in ("size", "changed", "digest")},
                    Header(**{**header, "columns": tuple(header["columns"])}) if header else None,
                    [Part(*numbers) for numbers in one["parts"]],
                )
            )
        return cls(value["model"], Options.from_json(value["options"]), inputs, value["format_version"] != _APART)


def _weigh(input_: Input) -> int:
    """About how many bytes a small file unpacks to."""
    [piece] = input_.parts
    return int(_PACKED * input_.known["size"]) if input_.source.form == "parquet" else piece.length


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


def make_plan(sources: Sequence[Source], options: Options, model: Model) -> Plan:
    """Find the parts of every input; nothing is written."""
    inputs = [_split(source, options) for source in sources]
    if not any(input_.parts for input_ in inputs):  # no texts at all: one part without rows says so in the format asked for
        inputs[0].parts.append(Part(0, 0, 1, 0))
    return Plan(describe_model(model), options, inputs)


def read_plan(output: OutputFolder) -> Plan:
    """The plan in the output folder; `UserError` where there is none or it is none of this version."""
    value = check_ours(output)
    if value["format_version"] not in (_FORMAT, _APART):
        version = value["narratives"]
        raise UserError(at(output.place(PLAN), None, f"written by narratives {version} in another format; {ANEW}"))
    try:
        return Plan.from_json(value)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UserError(at(output.place(PLAN), None, f"not the plan of a batch run; {ANEW}")) from None


def is_blank(output: OutputFolder) -> bool:
    """Whether nothing is in the plan but its name, or zeros."""
    try:
        return not (output.read(PLAN) or "").strip("\0")
    except ValueError:
        return False


def check_ours(output: OutputFolder) -> dict[str, Any]:
    """The plan as it was written, whatever its version; `UserError` where there is none."""
    try:
        text = output.read(PLAN)
        value = json.loads("" if text is None else text)
        if not {"format_version", "narratives", "inputs"} <= value.keys():
            raise ValueError
    except (ValueError, AttributeError):
        known = PLAN in output.list_names()
        if known and is_blank(output):
            raise UserError(at(output.place(PLAN), None, f"holds nothing, as after a power cut; {ANEW}")) from None
        reason = "not the plan of a batch run; name another folder" if known else "no such file; name a batch run's --output"
        raise UserError(at(output.place(PLAN), None, reason)) from None
    return dict(value)


def _split(source: Source, options: Options) -> Input:
    header, parts = split_source(source, options.part_size)
    first = look_at(source, header, parts, options.columns.needed)
    column = "text" if source.form == "txt" else options.columns.text
    wanted = [column, *(name for name in options.columns.keep if name != EVERYTHING)]
    names = list_columns(source) if source.form == "parquet" else (name for record in first for name in record.values)
    there = dict.fromkeys(names)
    for name in wanted if first else ():
        if name not in there and not (source.form in ("jsonl", "txt") and name != column):
            fix = "name it with --text-column" if name == column else "name others with --keep"
            raise UserError(at(source.path, first[0].line, f"no '{name}' column{did_you_mean(name, there)}; {fix}"))
    return Input(source, identify(source), header, parts)


def differ_in_model(plan: Plan, model: Model) -> str:
    """What of the model is another than when the plan was made; empty where nothing is."""
    now = describe_model(model)
    for key, what in _DECISIVE.items():
        before, after = plan.model.get(key, ""), now[key]
        if before != after:
            return f"another {what} ({before[:24] or 'none'}, not {after[:24] or 'none'})"
    return ""


def check_model(plan: Plan, model: Model, output: OutputFolder) -> None:
    """`UserError` where `model` is not the one that the plan was made with."""
    if reason := differ_in_model(plan, model):
        raise UserError(at(output.place(PLAN), None, f"this run was begun with {reason}; {ANEW}"))


def check_columns(columns: Columns) -> None:
    """`UserError` where a kept column would hide one of ours."""
    for name in columns.keep:
        if name in (*OWN, "record", "starts", "ends") or name.startswith("score."):
            raise UserError(f"--keep {name}: the output has a column of this name; leave it out or rename it in the input")
