"""`narratives field`: how much of a feed carries each narrative, whether it changed, and what the model is worth there."""

import json
from pathlib import Path
from typing import Any

import click

from narratives.commands.menu import Menu
from narratives.commands.options import ENCODING, FOLDER, JSON, open_project, say
from narratives.commands.terminal import echo


@click.group(cls=Menu)
def field() -> None:
    """Measure a feed: how much of it carries each narrative, did it change, what is the model worth there.

    \b
    Examples:
      narratives field draw feed/ --answers answers --by month,source -n 400 -o tasks.json
      narratives field report
    """


@field.command()
@click.argument("feed", nargs=-1, metavar="[FEED]...")
@click.option("--answers", required=True, type=FOLDER, help="The --output of narratives classify.")
@click.option("--by", default="", help="Strata: year, month, week or day, and columns of the answers; with commas between.")
@click.option("-n", "count", default=400, show_default=True, type=click.IntRange(1), help="How many texts.")
@click.option(
    "--precision",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="So many more of what is raised for each narrative.",
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="For the readers: .json, .csv or .jsonl.")
@click.option("--name", default="", help="The sample's name; by default the run's, with a digest.")
@click.option("--seed", default=0, show_default=True, help="Draws the lots.")
@click.option("--second", default=0, show_default=True, type=click.IntRange(0), help="So many of them for a second reader too.")
@click.option("--equal", is_flag=True, help="The same number from every stratum, not its share of the feed.")
@click.option(
    "--whole", default="", metavar="COLUMN", help="Draw whole documents, named by this column; single texts tell more."
)
@click.option("--date-column", default="date", show_default=True, help="The column of the answers that holds dates.")
@click.option("--date-format", default="", metavar="FORM", help="How they are written, if not 2024-05-31: '%m/%d/%Y'.")
@click.option("--text-column", default="text", show_default=True, help="Where the feed's records hold the text.")
@click.option("--id-column", default="id", show_default=True, help="Where they hold the id.")
@ENCODING
@JSON
@click.pass_obj
def draw(root: Path, /, feed: tuple[str, ...], answers: Path, output: Path, as_json: bool, **given: Any) -> None:
    """Draw a sample of FEED by lot, for people to read; seed and ids are written down before anybody does.

    FEED is what `narratives classify` read, perhaps a part of it; it may be left out where the answers hold the texts
    (classify --text) and all are to be drawn from. What the model said is not in OUTPUT. Read, the texts come back with
    `narratives labels import`, into a set of their own in labels/field/: it measures, and no model learns from it before
    `narratives field retire`.

    \b
    Examples:
      narratives field draw feed/ --answers answers --by month,source -n 400 -o tasks.json
      narratives field draw feed/week2.jsonl --answers answers -n 200 --precision 10 --second 40 -o sheet.csv --name week2
    """
    from narratives.batch import Columns
    from narratives.field import Design, describe_sample
    from narratives.field import draw as draw_sample

    columns = Columns(given.pop("text_column"), given.pop("id_column"), encoding=given.pop("encoding"))
    by = tuple(dict.fromkeys(name.strip() for name in given.pop("by").split(",") if name.strip()))
    design = Design(n=given.pop("count"), by=by, date=given.pop("date_column"), **given)
    sample = draw_sample(open_project(root), answers, feed, design, output=output, columns=columns, say=say)
    if as_json:
        echo(json.dumps(sample.to_plan(), indent=1, ensure_ascii=False))
        return
    for line in describe_sample(sample):
        echo(line)
    echo(f"to be read: {output}; then: narratives labels import FILE, and narratives field report {sample.name}")


@field.command()
@click.argument("sample", required=False, default="")
@click.option(
    "--answers", type=FOLDER, help="The answers it was drawn from, where they have moved; without a sample: to count."
)
@click.option("-o", "--output", type=FOLDER, help="A folder for the page; by default experiments/field/SAMPLE.")
@click.option(
    "--width", default=1.0, show_default=True, type=click.FloatRange(0.01, 50), help="Tell the labels for so many points."
)
@click.option(
    "--apply", "applied", is_flag=True, help="Move thresholds that are surely better elsewhere: a new version of the model."
)
@JSON
@click.pass_obj
def report(
    root: Path, sample: str, answers: Path | None, output: Path | None, width: float, applied: bool, as_json: bool
) -> None:
    """How much of the feed carries each narrative, and what the model is worth there, each with its interval.

    By stance, and by the periods and sources that SAMPLE was drawn by. Beside it what counting answers would say, the
    smallest change that could be noticed, and how many labels more would tell. Without labels: counts, and no interval.

    \b
    Examples:
      narratives field report week2
      narratives field report week2 --width 0.5 --apply
    """
    from narratives.field import apply_moves, describe_report
    from narratives.field import report as measure

    project = open_project(root)
    result = measure(project, sample, answers=answers, width=width / 100)
    folder = output or root / "experiments" / "field" / (result.sample or "counted")
    page = result.write(folder, project.read_codebook())
    if as_json:
        echo(json.dumps(result.to_json(), indent=1, ensure_ascii=False))
    else:
        for line in describe_report(result):
            echo(line)
        echo(f"report: {page}")
    if applied:
        sure = [move for move in result.moves if move.is_sure]
        if not sure:
            say("no threshold is surely better elsewhere; nothing was changed")
            return
        version = apply_moves(project, result.sample, sure, say)
        back = f"narratives models rollback {result.run}"
        say(f"{result.run}: version {version} stands, with {len(sure)} thresholds of the field; the way back: {back}")


@field.command()
@click.argument("samples", nargs=-1, metavar="[SAMPLE]...")
@click.option("--answers", type=FOLDER, help="The answers that they were drawn from, where they have moved.")
@click.option("-o", "--output", type=FOLDER, help="A folder for the page; by default experiments/field/SAMPLE.")
@JSON
@click.pass_obj
def trends(root: Path, samples: tuple[str, ...], answers: Path | None, output: Path | None, as_json: bool) -> None:
    """How the level of each narrative moved, over time and by source: up, down, or nobody can tell.

    The periods are those that SAMPLE was drawn by; several samples without periods, such as one a week, are the periods
    themselves, in the order in which you name them. Verdicts are corrected for their number.

    \b
    Examples:
      narratives field trends spring
      narratives field trends week1 week2 week3 -o trends
    """
    from narratives.field import describe_trends
    from narratives.field import trends as follow

    project = open_project(root)
    result = follow(project, samples, answers=answers)
    folder = output or root / "experiments" / "field" / "-".join(result.samples)
    page = result.write(folder, project.read_codebook())
    if as_json:
        echo(json.dumps(result.to_json(), indent=1, ensure_ascii=False))
        return
    for line in describe_trends(result):
        echo(line)
    echo(f"page: {page}")


@field.command()
@click.argument("sample", required=False, default="")
@click.pass_obj
def retire(root: Path, sample: str) -> None:
    """Hand the labels of SAMPLE to training: from then on models learn from it, and it measures none of them.

    \b
    Examples:
      narratives field retire week1
      narratives field retire
    """
    from narratives.field import retire as hand_over

    done = hand_over(open_project(root), sample, say)
    where = done.files.get("passages", "no file")
    echo(f"sample '{done.sample}': {done.passages} passages to {where}; {done.dropped} were there already")
    if done.conflicts:
        echo(f"conflicts: {done.conflicts} in {done.files['conflicts']}; decide them and import that file")
        raise SystemExit(1)
