"""`narratives field`: how much of a feed carries each narrative, whether it changed, and what the model is worth there."""

import json
from pathlib import Path
from typing import Any

import click

from narratives.commands.menu import Menu
from narratives.commands.options import FOLDER, JSON, open_project, say
from narratives.commands.terminal import echo


@click.group(cls=Menu)
def field() -> None:
    """Measure a feed: how much of it carries each narrative, did it change, what is the model worth there.

    \b
    Examples:
      narratives classify feed/ --model tfidf --output answers --keep date,source
      narratives field draw feed/ --answers answers --by month,source -n 400 -o tasks.json
      narratives labels import read.json
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
@click.option("--date-column", default="date", show_default=True, help="The column of the answers that holds ISO dates.")
@click.option("--text-column", default="text", show_default=True, help="Where the feed's records hold the text.")
@click.option("--id-column", default="id", show_default=True, help="Where they hold the id.")
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

    columns = Columns(given.pop("text_column"), given.pop("id_column"))
    by = tuple(dict.fromkeys(name.strip() for name in given.pop("by").split(",") if name.strip()))
    design = Design(n=given.pop("count"), by=by, date=given.pop("date_column"), **given)
    sample = draw_sample(open_project(root), answers, feed, design, output=output, columns=columns, say=say)
    if as_json:
        echo(json.dumps(sample.to_plan(), indent=1, ensure_ascii=False))
        return
    for line in describe_sample(sample):
        echo(line)
    echo(f"to be read: {output}; then: narratives labels import FILE, and narratives field report {sample.name}")
