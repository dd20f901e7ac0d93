"""`narratives suggest`: which new texts to label next."""

import json
from dataclasses import replace
from pathlib import Path

import click

from narratives.commands.options import ENCODING, JSON, TRUST, find_model, open_project, say, show
from narratives.commands.terminal import echo


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--model", "name", required=True, help="A run of this project, or the folder of a model.")
@click.option("-n", "count", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many texts.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A file: .json, or .jsonl for jsonl.")
@click.option("--format", "form", type=click.Choice(["label-studio", "jsonl"]), default="label-studio", show_default=True)
@click.option("--text-column", default="text", show_default=True, help="Where records hold the text; with dots inside others.")
@click.option("--id-column", default="id", show_default=True, help="Where they hold the id; without one, file and line.")
@ENCODING
@click.option("--seed", default=0, show_default=True, help="Draws the lots: one text in twenty is chosen by lot.")
@TRUST
@JSON
@click.pass_obj
def suggest(
    root: Path,
    inputs: tuple[str, ...],
    name: str,
    count: int,
    output: Path,
    form: str,
    text_column: str,
    id_column: str,
    encoding: str,
    seed: int,
    trust: tuple[str, ...],
    as_json: bool,
) -> None:
    """Choose the texts of INPUT whose labels would teach the model most, as tasks that begin with its answer.

    INPUT is what `narratives classify` reads. What the model doubts comes first, narratives with few labels above all; no
    two texts alike, none like a labelled passage. `chosen` says for each text why. Label Studio's interface is written
    beside OUTPUT; `narratives labels import` takes the answers.

    \b
    Examples:
      narratives suggest feed/ --model tfidf -o tasks.json
      narratives suggest feed/*.csv --model tfidf -n 20 --text-column body -o passages.jsonl --format jsonl
    """
    from narratives.annotation import check_output, describe_suggestions, suggest_texts, write_suggestions
    from narratives.batch import Columns

    project = replace(open_project(root), trust=trust)
    check_output(output, form, project)
    folder = find_model(root, name)
    with show("suggest") as progress:
        columns = Columns(text_column, id_column, encoding=encoding)
        suggestions, summary = suggest_texts(project, folder, inputs, count, columns, seed, progress, say)
    summary.files = write_suggestions(output, form, suggestions, project.read_codebook(), folder.name)
    echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_suggestions(summary)))
