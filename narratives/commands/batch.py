"""`narratives classify`: new texts in, answers out."""

from pathlib import Path

import click

from narratives.commands.options import FOLDER, open_project, show

_FORMATS = ["parquet", "jsonl", "csv"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "name", required=True, help="A run of this project, or the folder of a model.")
@click.option("--output", required=True, type=FOLDER, help="Folder for predictions.<format>.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="parquet", show_default=True)
@click.option("--text-column", default="text", show_default=True, help="Where JSONL, CSV and Parquet hold the text.")
@click.pass_obj
def classify(root: Path, inputs: tuple[Path, ...], name: str, output: Path, form: str, text_column: str) -> None:
    """Classify new texts: INPUTS are .jsonl, .csv, .tsv, .parquet or .txt files (a text a line)."""
    from narratives.classify import classify_files
    from narratives.model import load_model

    folder = Path(name).parent if Path(name).name == "model.json" else Path(name)
    model = load_model(folder if (folder / "model.json").is_file() else open_project(root).model(name))
    with show("classify") as progress:
        summary = classify_files(inputs, model, output, form, text_column, progress)
    for id_, texts in summary.narratives.items():
        click.echo(f"{texts:8}  {id_}")
    click.echo(f"{summary.texts} texts, {summary.none} of them carry none: {summary.output}")
