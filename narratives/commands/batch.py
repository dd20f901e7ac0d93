"""`narratives classify`: new texts in, answers out."""

import json
import math
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narratives.commands.options import ENCODING, JSON, TRUST, find_model, say, show
from narratives.commands.terminal import echo
from narratives.errors import UserError

if TYPE_CHECKING:
    from narratives.batch import BatchSummary, Options

_FORMATS = ["parquet", "jsonl", "csv"]


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("--model", "name", help="A run of this project, or the folder of a model.")
@click.option("--output", help="Folder for the answers: part-*.parquet and the like.")
@click.option("--add", is_flag=True, help="Add INPUT to the answers that OUTPUT holds; what is answered is not read again.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="[default: parquet]")
@click.option("--excel", "mark", is_flag=True, help="CSV for a spreadsheet: with the mark by which it knows UTF-8.")
@click.option("--titles", is_flag=True, help="Also the titles of the narratives raised.")
@click.option("--text", "texts", is_flag=True, help="Also the text itself (with --unit passage: the window).")
@click.option("--text-column", default="text", show_default=True, help="Where records hold the text; with dots inside others.")
@click.option("--id-column", default="id", show_default=True, help="Where they hold the id; without one, file and line.")
@ENCODING
@click.option("--keep", help="Columns of the input to carry over, with commas between; or: all (in one column `record`).")
@click.option("--unit", type=click.Choice(["text", "passage"]), default="text", help="passage: a row for each window.")
@click.option(
    "--explain", is_flag=True, help="Also the words that carry each narrative: 3 (tfidf) to 50 (transformer) times the work."
)
@click.option("--all-languages", is_flag=True, help="Raise also in languages in which the model failed its test.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; by default one for each processor.")
@click.option(
    "--part-size", default=2.0, show_default=True, type=click.FloatRange(0, 1024, min_open=True), help="MiB of input."
)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--address", help="An existing Ray cluster: auto on one of its machines, or HOST:PORT.")
@click.option("--restart", is_flag=True, help="Throw away what another run left in the output folder.")
@click.option("--status", metavar="DIR", help="Say what is done in this output folder.")
@TRUST
@JSON
@click.pass_obj
def classify(root: Path, /, **values: Any) -> None:
    """Classify new texts: files, folders, patterns, URLs of JSONL, JSON, CSV, TSV, Parquet, TXT (a text a line); .gz, .zst.

    The answers stand in OUTPUT/part-*; plan and bad records beside it, in OUTPUT.run/. A run that was stopped, however often,
    goes on where it was when the same command is given again. INPUT - reads JSONL from standard input and answers on standard
    output, line by line. Next week's texts: the same command with the new INPUT and --add. Exit code 1: there were records,
    and none could be read.

    \b
    Examples:
      narratives classify feed/*.jsonl --model tfidf --output answers --format csv
      narratives classify week2.jsonl --model tfidf --output answers --format csv --add
    """
    from narratives.batch import report_status
    from narratives.project import Project

    wish = Wish(**values)
    if wish.status:
        if wish.inputs or wish.output:
            raise click.UsageError("--status tells how far a folder is and answers nothing; give it without INPUT and --output")
        summary = report_status(wish.status)
        trust = _weigh(summary, find_model(root, wish.name)) if wish.name else None
        _tell(summary, wish.as_json, wish.status, trust=trust)
        return
    if not wish.inputs or not wish.name or not (wish.output or wish.inputs == ("-",)):
        raise click.UsageError("name an INPUT, a --model and an --output; or --status DIR")
    if wish.add and wish.restart:
        raise click.UsageError("--add keeps what is in the folder, --restart throws it away; give one of them")
    folder = find_model(root, wish.name)
    options = _make_options(wish)
    if "-" not in wish.inputs:
        _answer_files(root, folder, options, wish)
    elif len(wish.inputs) > 1 or wish.output:
        raise click.UsageError("INPUT - stands alone: it is answered on standard output, without --output")
    elif options.form == "csv":
        raise click.UsageError("INPUT - is answered in JSONL; give --format csv with files")
    elif wish.add or wish.restart or wish.jobs is not None or wish.engine != "local" or wish.address:
        raise click.UsageError("INPUT - is answered line by line; --add, --restart, --jobs and --engine go with files")
    else:
        _answer_lines(folder, options, Project(root, wish.trust).trusted)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for, option by option."""

    inputs: tuple[str, ...]
    name: str | None
    output: str | None
    add: bool
    form: str | None
    mark: bool
    titles: bool
    texts: bool
    text_column: str
    id_column: str
    encoding: str
    keep: str | None
    unit: str
    explain: bool
    all_languages: bool
    jobs: int | None
    part_size: float
    engine: str
    address: str | None
    restart: bool
    status: str | None
    trust: tuple[str, ...]
    as_json: bool


def _make_options(wish: Wish) -> "Options":
    from narratives.batch import Columns, Options

    if math.isnan(wish.part_size):
        raise click.BadParameter("nan is no size", param_hint="'--part-size'")
    kept = tuple(dict.fromkeys(column.strip() for column in (wish.keep or "").split(",") if column.strip()))
    columns = Columns(wish.text_column, wish.id_column, kept, wish.encoding)
    if wish.mark and wish.form not in (None, "csv"):
        raise click.UsageError(f"--excel is for CSV; leave out --format {wish.form}")
    return Options(
        form=wish.form or ("csv" if wish.mark else "parquet"),
        columns=columns,
        unit=wish.unit,
        part_size=max(1, int(wish.part_size * 2**20)),
        explain=wish.explain,
        titles=wish.titles,
        texts=wish.texts,
        mark=wish.mark,
        all_languages=wish.all_languages,
    )


def _answer_files(root: Path, folder: Path, options: "Options", wish: Wish) -> None:
    from narratives.batch import Existing, Workers, classify_files, use_ray
    from narratives.project import Project

    if wish.address and wish.engine != "ray":
        raise click.UsageError("--address goes with --engine ray")
    engine = use_ray(wish.address) if wish.engine == "ray" else None
    workers = Workers(jobs=wish.jobs, engine=engine, trust=Project(root, wish.trust).trusted)
    output, start, records_read = str(wish.output), time.monotonic(), 0
    try:
        with show("classify") as progress:

            def watch(done: int, total: int, note: str) -> None:
                nonlocal records_read
                records_read = done
                progress(done, total, note)

            existing = Existing.ADD if wish.add else Existing.REPLACE if wish.restart else Existing.GO_ON
            summary = classify_files(wish.inputs, folder, output, options, workers, existing=existing, progress=watch, say=say)
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        raise SystemExit(130) from None
    _tell(summary, wish.as_json, output, records_read, time.monotonic() - start, _weigh(summary, folder))
    if summary.rejects and not summary.texts:
        raise SystemExit(1)


def _weigh(summary: "BatchSummary", folder: Path) -> list[str]:
    from narratives.batch import weigh_answers
    from narratives.evaluation import read_tested
    from narratives.models import TESTED_FILE, read_manifest

    manifest = read_manifest(folder, check_files=False)
    tested = read_tested(folder / TESTED_FILE, manifest["digest"])
    return weigh_answers(summary, tested, manifest["run"], manifest["training"])


def _answer_lines(folder: Path, options: "Options", trust: Collection[str]) -> None:
    from narratives.batch import classify_stream

    if sys.stdin is None or sys.stdin.closed:
        raise UserError("standard input is closed: give the texts to it, ... | narratives classify -, or name a file")
    try:
        with click.open_file("-", "w", "utf-8") as out:
            answered, refused = classify_stream(sys.stdin.buffer, out, folder, options, say, trust)
    except KeyboardInterrupt:
        say("stopped; every line before was answered")
        raise SystemExit(130) from None
    if refused and not answered:
        raise SystemExit(1)


def _tell(
    summary: "BatchSummary",
    as_json: bool,
    output: str,
    records: int = 0,
    seconds: float = 0.0,
    trust: list[str] | None = None,
) -> None:
    if as_json:
        value = summary.to_json() if trust is None else {**summary.to_json(), "trust": trust}
        echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    for id_, count in summary.narratives.items():
        echo(f"{count:8}  {id_}")
    passages = summary.rows != summary.texts
    subject = f"{summary.texts} texts in {summary.rows} passages" if passages else f"{summary.texts} texts"
    echo(f"{subject}, nothing raised in {summary.none}: {output}")
    if summary.first is not None:
        what = "passages" if passages else "texts"
        echo(f"TF-IDF alone answered {summary.first} of {summary.rows} {what}, nothing raised; the whole model read the others")
    if summary.empty:
        echo(f"empty texts: {summary.empty}; nothing is raised in them, and they are noted as such")
    _tell_languages(summary)
    for line in trust or ():
        echo(line)
    if summary.done < summary.parts:
        echo(f"{summary.done} of {summary.parts} parts are done; the same command as before goes on from here")
    elif summary.rejects:
        from narratives.batch import locate_rejects

        echo(f"{summary.rejects} records could not be read: {locate_rejects(output)} says which and why")
    if records:
        echo(f"{records} records read in {seconds:.1f} s: {records / max(seconds, 1e-9):.0f} texts/s")


def _tell_languages(summary: "BatchSummary") -> None:
    for counts, what, so in (
        (summary.foreign, "that this model cannot read", "their answers mean little"),
        (summary.untested, "in which this model has no test", "nobody knows how far to trust their answers"),
        (summary.failed, "in which it failed its test", "without --all-languages nothing is raised in them"),
    ):
        if counts:
            which = ", ".join(f"{code} {count}" for code, count in counts.items())
            echo(f"texts in languages {what}: {sum(counts.values())} ({which}); {so}")
    if summary.unsure and summary.finder:
        echo(f"texts whose language is unsure: {summary.unsure}; they are noted as such")
    elif summary.unsure:
        fix = "to have languages found, install narratives with its extra: pip install '.[languages]'"
        echo(f"texts that do not name their language: {summary.unsure}; {fix}")
