"""`narratives labels`: look after the labelled passages."""

import json
from pathlib import Path
from typing import Any

import click

from narratives.commands.menu import Menu
from narratives.commands.options import JSON, open_project, say, show
from narratives.commands.terminal import echo
from narratives.errors import UserError

_SHOWN = 100  # bad records listed
_TOOLS = ["jsonl", "csv", "label-studio", "doccano", "prodigy", "argilla", "hf"]
_WRITTEN = ["label-studio", "csv", "hf", "jsonl"]


@click.group(cls=Menu)
def labels() -> None:
    """Look after the labelled passages.

    \b
    Examples:
      narratives labels check
      narratives labels import answers.json --dry-run
    """


@labels.command()
@JSON
@click.pass_obj
def check(root: Path, as_json: bool) -> None:
    """Validate all labels: broken lines, near-duplicates across splits, support of each narrative.

    Exit code 2: something cannot be read, every problem is listed. 1: it can, but something needs a decision.

    \b
    Examples:
      narratives labels check
      narratives labels check --json
    """
    from narratives.annotation import check_labels, describe_labels

    report = check_labels(open_project(root))
    if as_json:
        echo(json.dumps(report.to_json(), indent=1))
    else:
        echo("\n".join(describe_labels(report)))
    for finding in () if as_json else report.findings:
        echo(finding, err=True)
    if report.findings:
        raise SystemExit(1)


@labels.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(_TOOLS), help="The tool that wrote FILES; by default found by looking.")
@click.option("--map", "renames", multiple=True, metavar="OLD=NEW", help="Read label OLD as NEW: id, id:stance or (none).")
@click.option("--text-column", help="The column or field that holds the text.")
@click.option("--label-column", help="The column, question or control that holds the labels.")
@click.option("--empty", type=click.Choice(["unlabelled", "none"]), default="unlabelled", show_default=True)
@click.option("--partial", is_flag=True, help="Narratives that nobody was asked about count as not carried.")
@click.option("--into", metavar="NAME", help="Write to labels/NAME.jsonl.")
@click.option("--accept-good", is_flag=True, help="Import the good records and put the bad ones into a file.")
@click.option("--dry-run", is_flag=True, help="Show what would be done and write nothing.")
@JSON
@click.pass_obj
def import_command(root: Path, /, as_json: bool, empty: str, text_column: str, label_column: str, **options: Any) -> None:
    """Import fresh labels: JSONL, CSV, Label Studio, doccano, Prodigy, Argilla, Hugging Face datasets.

    A label is a narrative's id or title, perhaps with a stance (toll:reports); (none) says that nothing is carried. What
    is there already is dropped; the same text with other labels goes to a file of conflicts: write a side's number or
    the right labels into "decision" and import that file. --empty says what no label means where a tool can't tell.

    Exit code 2: bad records, nothing was written. 1: something needs a decision, the rest was imported.

    \b
    Examples:
      narratives labels import answers.json --dry-run
      narratives labels import table.csv --text-column body --map 'fares=toll' --into march
    """
    from narratives.annotation import ImportRequest, describe_import, import_labels

    request = ImportRequest(text=text_column, labels=label_column, empty_is_none=empty == "none", **options)
    try:
        summary = import_labels(open_project(root), request, say)
    except UserError as error:
        if len(error.problems) <= _SHOWN:
            raise
        for problem in error.problems[:_SHOWN]:
            echo(problem, err=True)
        echo(f"{len(error.problems)} problems; the first {_SHOWN} are shown", err=True)
        raise SystemExit(2) from None
    echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_import(summary)))
    if summary.conflicts or summary.rejected:
        raise SystemExit(1)


@labels.command()
@click.option("--format", "form", type=click.Choice(_WRITTEN), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A file; for hf a folder.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Only the passages of this split.")
@click.pass_obj
def export(root: Path, form: str, output: Path, split: str | None) -> None:
    """Write the passages in another tool's format; `labels import` reads it back without loss.

    \b
    Examples:
      narratives labels export --format label-studio -o tasks.json
      narratives labels export --format csv --split test -o test.csv
    """
    from narratives.annotation import export_labels

    count, files = export_labels(open_project(root), form, output, split)
    echo(f"{count} passages: {', '.join(map(str, files))}")


@labels.command()
@click.option("--review", type=click.Path(path_type=Path), help="The file to write; by default labels/review/audit.jsonl.")
@click.option("--lot", default=0, type=click.IntRange(0), help="Also list so many test passages, drawn by lot.")
@JSON
@click.pass_obj
def audit(root: Path, review: Path | None, lot: int, as_json: bool) -> None:
    """Find labels that look wrong: out-of-fold scores that say otherwise, near-duplicates with other labels.

    Scores say nothing about the test split: correcting there what one model disputes would favour that model. --lot lists
    test passages by a rule that knows no model.

    The passages go to a review file, most doubtful first: write a side's number or the right labels into "decision" and
    import that file. Nothing is changed before. Exit code 1: there is something to read.

    \b
    Examples:
      narratives labels audit
      narratives labels audit --review doubts.jsonl --json
    """
    from narratives.annotation import audit_labels, describe_audit

    with show("audit") as progress:
        found = audit_labels(open_project(root), review, progress, lot)
    echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_audit(found)))
    if found.records:
        raise SystemExit(1)
