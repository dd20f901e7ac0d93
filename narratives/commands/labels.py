"""`narratives labels`: look after the labelled passages."""

import json
from pathlib import Path
from typing import Any

import click

from narratives.commands.menu import Menu
from narratives.commands.options import ENCODING, JSON, open_project, say, show
from narratives.commands.reading import reading, to_request
from narratives.commands.terminal import echo
from narratives.errors import UserError, gather

_SHOWN = 100  # bad records listed
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


@labels.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...")
@click.option("-n", "n", type=click.IntRange(1), help="Draw so many by lot; by default all are taken.")
@click.option("--seed", default=0, show_default=True, help="Draws the lots.")
@click.option("--language", help="Of texts that do not name theirs: a code such as en.")
@click.option("--source", help="Of texts that do not name theirs: where they come from.")
@click.option("--text-column", "text", default="text", show_default=True, help="Where JSONL, CSV and Parquet hold the text.")
@click.option("--id-column", "id", default="id", show_default=True, help="Where they hold the id; without one, file and line.")
@click.option("--document-column", "document", help="Where they hold the document; passages of one are never split apart.")
@ENCODING
@click.option("--keep", default="", help="Further columns to keep, with commas between.")
@click.option("--into", metavar="NAME", help="Write to labels/NAME.jsonl.")
@click.option("--accept-good", is_flag=True, help="Leave out records that hold no text.")
@JSON
@click.pass_obj
def add(root: Path, /, as_json: bool, keep: str, **options: Any) -> None:
    """Add raw texts as passages to be labelled: files, folders or patterns of TXT (a text a line), CSV, JSONL or Parquet.

    Texts that the project has are left out. Then: labels export --unlabelled, and labels import once people have labelled.

    \b
    Examples:
      narratives labels add posts.csv --text-column body --language en
      narratives labels add feed.jsonl -n 200 --source radio --into march
    """
    from narratives.annotation import AddRequest, add_texts, describe_addition

    columns = tuple(dict.fromkeys(name.strip() for name in keep.split(",") if name.strip()))
    summary = add_texts(open_project(root), AddRequest(keep=columns, **options), say)
    echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_addition(summary)))


@labels.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@reading
@click.option("--document-column", help="The field that names the document that a passage is of.")
@click.option("--language-column", help="The field that names the language.")
@click.option("--split-column", help="The field that says train, validation or test; without one `split`, if there is one.")
@click.option("--new-splits", is_flag=True, help="Deal documents out, whatever split the data or a file's name says.")
@click.option("--as-labels", is_flag=True, help="Take answers of a model as labels: marked, and never tested on.")
@click.option("--into", metavar="NAME", help="Write to labels/NAME.jsonl.")
@click.option("--by", default="", metavar="NAME", help="Who read the texts of a field sample, where FILES do not say.")
@click.option("--accept-good", is_flag=True, help="Import the good records and put the bad ones into a file.")
@click.option("--dry-run", is_flag=True, help="Show what would be done and write nothing.")
@JSON
@click.pass_obj
def import_command(root: Path, /, as_json: bool, **options: Any) -> None:
    """Import fresh labels: JSONL, CSV, Label Studio, doccano, Prodigy, Argilla, Hugging Face datasets, SemEval.

    A label is a narrative's id or title, perhaps with a stance (toll:reports); (none) says that nothing is carried. What
    is there already is dropped; the same text with other labels goes to a file of conflicts: write a side's number or
    the right labels into "decision" and import that file. --empty says what no label means where a tool can't tell. An
    annotation that is not understood is never taken for none: it is refused, and set aside with --accept-good.

    Exit code 2: bad records, nothing was written. 1: something needs a decision, the rest was imported.

    \b
    Examples:
      narratives labels import answers.json --dry-run
      narratives labels import table.csv --text-column body --map 'fares=toll' --into march
    """
    from narratives.annotation import describe_import, import_labels

    try:
        summary = import_labels(open_project(root), to_request(options), say)
    except UserError as error:
        lines = gather(error.problems)
        if len(lines) <= _SHOWN:
            raise
        for line in lines[:_SHOWN]:
            echo(line, err=True)
        echo(f"{error.count} problems; the first {_SHOWN} are shown", err=True)
        raise SystemExit(2) from None
    echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_import(summary)))
    if summary.conflicts or summary.rejected:
        raise SystemExit(1)


@labels.command()
@click.option("--format", "form", type=click.Choice(_WRITTEN), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A file; for hf a folder.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Only the passages of this split.")
@click.option("--unlabelled", is_flag=True, help="Only the passages that nobody has labelled.")
@click.option("--review", type=click.Path(path_type=Path), help="Instead: what waits for a decision in this file of reviews.")
@click.pass_obj
def export(root: Path, form: str, output: Path, split: str | None, unlabelled: bool, review: Path | None) -> None:
    """Write the passages in another tool's format; `labels import` reads it back without loss.

    --review sends out conflicts, an audit or a migration's review (labels/conflicts/*, labels/review/*) as tasks or rows.
    Choose a side or give the right labels there; `labels import` takes the decisions, and notes them in that file too.

    \b
    Examples:
      narratives labels export --format label-studio -o tasks.json
      narratives labels export --format csv --review labels/review/audit.jsonl -o sheet.csv
    """
    from narratives.annotation import export_labels, export_review

    if review and (split or unlabelled):
        raise click.UsageError("--review sends out what waits in that file; give it without --split and --unlabelled")
    if review:
        count, files = export_review(open_project(root), review, form, output)
    else:
        count, files = export_labels(open_project(root), form, output, split, unlabelled)
    echo(f"{count} passages: {', '.join(map(str, files))}")
    if unlabelled and form == "csv":
        echo("write ids into the column 'narratives', with ; between (toll:reports;school), or (none); then: labels import")


@labels.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@reading
@click.option("--sample", default="", help="Only this field sample.")
@click.option("--notes", is_flag=True, help="List what readers wrote beside hard cases of field samples.")
@JSON
@click.pass_obj
def agreement(root: Path, /, sample: str, notes: bool, as_json: bool, **options: Any) -> None:
    """How far readers agree: kappa and F1 by narrative, for any two who have read the same texts.

    FILES are exports as `labels import` takes them, and read as its options say, with several annotators; without FILES
    the project's field samples.

    \b
    Examples:
      narratives labels agreement
      narratives labels agreement project-1.json --json
      narratives labels agreement --notes
    """
    from narratives.annotation import compare_readers, describe_agreement, read_notes

    if notes:
        for note in read_notes(open_project(root), sample):
            echo(f"{note.sample}: {note.id}: {note.by}: {note.note}")
        return
    pairs = compare_readers(open_project(root), to_request(options), sample, say)
    if as_json:
        echo(json.dumps([pair.to_json() for pair in pairs], indent=1, ensure_ascii=False))
        return
    for pair in pairs:
        for line in describe_agreement(pair):
            echo(line)


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
        result = audit_labels(open_project(root), review, progress, lot, say)
    echo(json.dumps(result.to_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(describe_audit(result)))
    if result.records:
        raise SystemExit(1)
