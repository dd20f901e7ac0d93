"""`narratives serve`: the page and the HTTP interface."""

from dataclasses import replace
from pathlib import Path

import click

from narratives.commands.options import FOLDER, TRUST, find_model, open_project, say


@click.command()
@click.option(
    "--model", "names", multiple=True, metavar="RUN", help="A run of this project or a model's folder; by default all."
)
@click.option(
    "--answers", multiple=True, type=FOLDER, help="A folder of Parquet that `classify` wrote; may be given several times."
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of tasks to label, such as `suggest` writes.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; another address needs --token.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--token", envvar="NARRATIVES_TOKEN", default="", help="A secret that everybody must give; or NARRATIVES_TOKEN.")
@click.option("--name", "hosts", multiple=True, metavar="HOST", help="A further name under which browsers reach this machine.")
@click.option("--cache", type=FOLDER, help="Where indexes of answers lie; by default in the user's cache.")
@click.option("--date-format", default="", metavar="FORM", help="How dates stand in answers, if not 2024-05-31: '%m/%d/%Y'.")
@TRUST
@click.pass_obj
def serve(
    root: Path,
    names: tuple[str, ...],
    answers: tuple[Path, ...],
    queues: tuple[Path, ...],
    host: str,
    port: int,
    token: str,
    hosts: tuple[str, ...],
    cache: Path | None,
    date_format: str,
    trust: tuple[str, ...],
) -> None:
    """Serve pages to try texts, browse answers, label and watch models, and an HTTP interface; on this machine alone.

    Needs the extra `serve`. Nothing is fetched from outside.

    \b
    Examples:
      narratives serve
      narratives serve --model tfidf --answers answers --queue tasks.json
      narratives serve --host 0.0.0.0 --name desk.example.org --token 3f9a1c62e07b4d58
    """
    from narratives.field import check_date_format
    from narratives.serve import Settings, check_settings
    from narratives.serve import serve as run_server

    project = replace(open_project(root), trust=trust)
    models = tuple(find_model(root, name) for name in names) if names else None
    settings = Settings(
        project=project,
        models=models,
        answers=answers,
        queues=queues,
        dates=date_format,
        cache=cache,
        host=host,
        port=port,
        token=token,
        names=hosts,
    )
    check_settings(settings)
    check_date_format(date_format)
    run_server(settings, say)
