"""`narratives codebook`: look at the narratives, and change them with everything that names them."""

import json
from collections import Counter
from pathlib import Path

import click

from narratives.commands.menu import Menu
from narratives.commands.options import ENCODING, JSON, open_project, say
from narratives.commands.terminal import echo


@click.group(cls=Menu)
def codebook() -> None:
    """Look at the codebook, or change it.

    \b
    Examples:
      narratives codebook show
      narratives codebook migrate version-2.toml --dry-run
    """


@codebook.command()
@JSON
@click.pass_obj
def show(root: Path, as_json: bool) -> None:
    """Each narrative's id, family, title, and how many passages carry it.

    \b
    Examples:
      narratives codebook show
      narratives --project trams codebook show --json
    """
    project = open_project(root)
    corpus = project.read_corpus()
    book = corpus.codebook
    support = Counter(id_ for passage in corpus.labelled for id_ in passage.narratives or ())
    if as_json:
        rows = [{"id": n.id, "family": n.family, "title": n.title, "support": support[n.id]} for n in book.narratives]
        value = {"name": book.name, "version": book.version, "digest": book.digest, "narratives": rows}
        echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    echo(f"{book.name} {book.version}")
    width, families = (max(map(len, column)) for column in (book.ids, [n.family for n in book.narratives]))
    for narrative in book.narratives:
        echo(f"{narrative.id:{width}}  {narrative.family:{families}}  {support[narrative.id]:5}  {narrative.title}")


@codebook.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A .csv file.")
@click.pass_obj
def export(root: Path, output: Path) -> None:
    """Write the codebook as a sheet: a row for each narrative, lists with a line for each item.

    \b
    Examples:
      narratives codebook export -o codebook.csv
      narratives --project trams codebook export -o sheet.csv
    """
    from narratives.migration import export_sheet

    count = export_sheet(open_project(root), output)
    echo(f"{count} narratives: {output}")


@codebook.command(name="import")
@click.argument("sheet", type=click.Path(path_type=Path))
@click.option("--name", help="The codebook's name, where it is new; by default the project folder's.")
@click.option("--version", help="Its new version; by default the old one, its last number raised by one.")
@ENCODING
@click.pass_obj
def import_command(root: Path, sheet: Path, name: str | None, version: str | None, encoding: str) -> None:
    """Bring the codebook to what SHEET says: a CSV with the columns id, family, title, definition, include, exclude, voices.

    A cell of the last three holds an item a line. Narratives that are there keep their place; labels are never changed: to
    rename, merge, split or retire a narrative that passages carry, write a migration (`codebook migrate`).

    \b
    Examples:
      narratives codebook import codebook.csv
      narratives codebook import sheet.csv --name trams --version 2
    """
    from narratives.migration import describe_sheet, import_sheet

    echo("\n".join(describe_sheet(import_sheet(open_project(root), sheet, name, version, say, encoding))))


@codebook.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be done and write nothing.")
@JSON
@click.pass_obj
def migrate(root: Path, file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the codebook, all labels and all checks to the version that FILE describes, as one change.

    FILE is TOML: `version` and [[step]] tables, carried out in order. `do` is add (a narrative in full), rename (from, to),
    change (id and what is new of it), merge (from = [ids], into = id, and the merged narrative), split (from, until_read, a
    [[step.into]] table for each new narrative) or retire (id). Passages that a reader must look at are listed in
    labels/review/VERSION.jsonl, which `labels import` takes back. FILE is kept in labels/migrations/.

    Exit code 2: something is wrong, every problem is listed and nothing was written.

    \b
    Examples:
      narratives codebook migrate version-2.toml --dry-run
      narratives codebook migrate version-2.toml
    """
    from narratives.migration import describe_migration, migrate_codebook

    summary = migrate_codebook(open_project(root), file, dry_run, say)
    echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_migration(summary)))
