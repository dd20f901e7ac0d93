"""What several commands share: option types, the project, progress and notices."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratives.commands.terminal import echo
from narratives.errors import show_controls

if TYPE_CHECKING:
    from narratives.project import Project

TRUST = click.option(
    "--trust", multiple=True, metavar="MODULE:CLASS", help="A class of another package that may read the model; runs its code."
)
FOLDER = click.Path(path_type=Path, file_okay=False)
SPLIT = click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Score this split, not test.")


def _check_encoding(_: click.Context, __: click.Parameter, value: str) -> str:
    from narratives.files import find_codec

    try:
        return find_codec(value) if value else ""
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


ENCODING = click.option(
    "--encoding",
    default="",
    metavar="NAME",
    callback=_check_encoding,
    help="Of text files that are neither UTF-8 nor marked as UTF-16: cp1252 and the like.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


class RunName(click.ParamType[str]):
    """A run's name; of a path, such as a shell completes, the last part."""

    name = "run"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The last part of a path."""
        return Path(value).name or self.fail("name a run", param, ctx)


def open_project(root: Path) -> "Project":
    """The project in a folder; a change of several files that was stopped half-way is completed first."""
    from narratives.files import finish_changes
    from narratives.project import Project

    finish_changes(root, say)
    return Project(root)


def show(title: str) -> AbstractContextManager[Callable[[int, int, str], None]]:
    """Progress on standard error."""
    from narratives.progress import show_progress

    return show_progress(show_controls(title))


def say(line: str) -> None:
    """A notice on standard error."""
    with suppress(OSError):  # nobody may be there to read it; the work goes on
        echo(line, err=True)


def find_model(root: Path, name: str) -> Path:
    """The folder of a model: a run of this project, or a path. Says where the model speaks an older codebook."""
    from narratives.commands.spoken import find_difference
    from narratives.project import Project

    folder = Path(name).parent if Path(name).name == "model.json" else Path(name)
    folder = folder if (folder / "model.json").is_file() else open_project(root).model(name)
    if notice := find_difference(Project(root), folder):
        say(notice)
    return folder
