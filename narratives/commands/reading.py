"""How files of labels are to be read: the options that every command which reads them has."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narratives.commands.options import ENCODING

if TYPE_CHECKING:
    from narratives.annotation import ImportRequest

_TOOLS = ["jsonl", "csv", "label-studio", "doccano", "prodigy", "argilla", "hf", "semeval"]
_OPTIONS = (
    click.option("--format", "form", type=click.Choice(_TOOLS), help="The tool that wrote FILES; by default found by looking."),
    click.option("--map", "renames", multiple=True, metavar="OLD=NEW", help="Read label OLD as NEW: id, id:stance or (none)."),
    click.option("--text-column", "text", help="The field that holds the text; with dots inside others (message.text)."),
    click.option(
        "--label-column",
        "labels",
        multiple=True,
        help="The column, question or control that holds the labels; several are joined.",
    ),
    click.option("--id-column", help="The field that holds the id."),
    click.option("--annotator-column", "annotator", help="The field that says who labelled; such as `annotator` are found."),
    ENCODING,
    click.option("--columns", "header", help="The columns of a table without a header, with commas between: text,labels,id"),
    click.option("--label-names", type=click.Path(path_type=Path), help="A file of names, a line each, for labels 0, 1, ..."),
    click.option(
        "--texts",
        type=click.Path(path_type=Path, exists=True),
        help="Where labels stand alone: a folder with a file for each text, or a table, under the same ids.",
    ),
    click.option("--spans", is_flag=True, help="Labels of stretches of a text count as labels of the whole text."),
    click.option("--empty", type=click.Choice(["unlabelled", "none"]), default="unlabelled", show_default=True),
    click.option("--partial", is_flag=True, help="Narratives that nobody was asked about count as not carried."),
)


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def to_request(options: dict[str, Any]) -> "ImportRequest":
    """What such options, and those of `ImportRequest` itself, ask for."""
    from narratives.annotation import ImportRequest

    keys = [key for key in ("id", "document", "language", "split") if f"{key}_column" in options]
    columns = {key: name for key in keys if (name := options.pop(f"{key}_column"))}
    header = options.pop("header") or ""
    names = tuple(name.strip() for name in header.split(",")) if header else ()
    return ImportRequest(columns=columns, header=names, empty_is_none=options.pop("empty") == "none", **options)
