"""`narratives classify`: new texts in, answers out."""

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratives.commands.options import JSON, find_model, say, show

if TYPE_CHECKING:
    from narratives.classify import Summary
    from narratives.plan import Options

_FORMATS = ["parquet", "jsonl", "csv"]


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("--model", "name", help="A run of this project, or the folder of a model.")
@click.option("--output", help="Folder for the answers: part-*.parquet and the like.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="parquet", show_default=True)
@click.option("--text-column", default="text", show_default=True, help="Where JSONL, CSV and Parquet hold the text.")
@click.option("--id-column", default="id", show_default=True, help="Where they hold the id; without one, file and line.")
@click.option("--keep", help="Columns of the input to carry over, with commas between; or: all (in one column `record`).")
@click.option("--unit", type=click.Choice(["text", "passage"]), default="text", help="passage: a row for each window.")
@click.option(
    "--explain", is_flag=True, help="Also the words that carry each narrative: 3 (tfidf) to 50 (transformer) times the work."
)
@click.option("--jobs", type=click.IntRange(1), help="Processes; by default one for each processor.")
@click.option(
    "--part-size", default=2.0, show_default=True, type=click.FloatRange(0, 1024, min_open=True), help="MiB of input."
)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--address", help="An existing Ray cluster: auto on one of its machines, or HOST:PORT.")
@click.option("--restart", is_flag=True, help="Throw away what another run left in the output folder.")
@click.option("--status", metavar="DIR", help="Say what is done in this output folder.")
@JSON
@click.pass_obj
def classify(
    root: Path,
    inputs: tuple[str, ...],
    name: str | None,
    output: str | None,
    form: str,
    text_column: str,
    id_column: str,
    keep: str | None,
    unit: str,
    explain: bool,
    jobs: int | None,
    part_size: float,
    engine: str,
    address: str | None,
    restart: bool,
    status: str | None,
    as_json: bool,
) -> None:
    """Classify new texts: files, folders, patterns or URLs of JSONL, CSV, TSV, Parquet or TXT (a text a line), also .gz, .zst.

    The answers stand in OUTPUT/part-*; bad records in OUTPUT/rejects.jsonl. A run that was stopped, however often, goes on
    where it was when the same command is given again. INPUT - reads JSONL from standard input and answers on standard
    output, line by line.
    """
    from narratives.classify import classify_files, report_status
    from narratives.items import Columns
    from narratives.plan import Options

    if status:
        _tell(report_status(status), as_json, status)
        return
    if not inputs or not name or not (output or inputs == ("-",)):
        raise click.UsageError("name an INPUT, a --model and an --output; or --status DIR")
    folder = find_model(root, name)
    if math.isnan(part_size):
        raise click.BadParameter("nan is no size", param_hint="'--part-size'")
    kept = tuple(dict.fromkeys(column.strip() for column in (keep or "").split(",") if column.strip()))
    options = Options(form, Columns(text_column, id_column, kept), unit, max(1, int(part_size * 2**20)), explain)
    if "-" in inputs:
        if len(inputs) > 1 or output:
            raise click.UsageError("INPUT - stands alone: it is answered on standard output, without --output")
        if form == "csv":
            raise click.UsageError("INPUT - is answered in JSONL; give --format csv with files")
        _answer_lines(folder, options)
        return
    if address and engine != "ray":
        raise click.UsageError("--address goes with --engine ray")
    run = None
    if engine == "ray":
        from narratives.distributed import use_ray

        run = use_ray(address)
    start, seen = time.monotonic(), 0
    try:
        with show("classify") as progress:

            def watch(done: int, total: int, note: str) -> None:
                nonlocal seen
                seen = done
                progress(done, total, note)

            summary = classify_files(
                inputs, folder, str(output), options, jobs, engine=run, restart=restart, progress=watch, say=say
            )
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        raise SystemExit(130) from None
    _tell(summary, as_json, str(output), seen, time.monotonic() - start)


def _answer_lines(folder: Path, options: "Options") -> None:
    from narratives.pipe import classify_stream

    try:
        with click.open_file("-", "w", "utf-8") as out:
            classify_stream(sys.stdin.buffer, out, folder, options, say)
    except KeyboardInterrupt:
        say("stopped; every line before was answered")
        raise SystemExit(130) from None


def _tell(summary: "Summary", as_json: bool, output: str, now: int = 0, seconds: float = 0.0) -> None:
    if as_json:
        click.echo(json.dumps(summary.to_json(), indent=1))
        return
    for id_, count in summary.narratives.items():
        click.echo(f"{count:8}  {id_}")
    passages = summary.rows != summary.texts
    what = f"{summary.texts} texts in {summary.rows} passages" if passages else f"{summary.texts} texts"
    click.echo(f"{what}, nothing raised in {summary.none}: {output}")
    if summary.empty:
        click.echo(f"empty texts: {summary.empty}; nothing is raised in them, and they are noted as such")
    if summary.foreign:
        which = ", ".join(f"{code} {count}" for code, count in summary.foreign.items())
        told = f"texts in languages that this model cannot read: {sum(summary.foreign.values())} ({which})"
        click.echo(f"{told}; their answers mean little")
    if summary.unsure and summary.finder:
        click.echo(f"texts whose language is unsure: {summary.unsure}; they are noted as such")
    elif summary.unsure:
        fix = "to have languages found, install narratives with its extra: pip install '.[multilingual]'"
        click.echo(f"texts that do not name their language: {summary.unsure}; {fix}")
    if summary.done < summary.parts:
        click.echo(f"{summary.done} of {summary.parts} parts are done; the same command as before goes on from here")
    elif summary.rejects:
        click.echo(f"{summary.rejects} records could not be read: {output}/rejects.jsonl says which and why")
    if now:
        click.echo(f"{now} records read in {seconds:.1f} s: {now / max(seconds, 1e-9):.0f} texts/s")
