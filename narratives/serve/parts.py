"""What all pages share while the server runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from narratives.data import Codebook
from narratives.serve.answering.shelf import Shelf
from narratives.serve.answering.together import Together
from narratives.serve.archive.archive import Archive
from narratives.serve.counters import Counters
from narratives.serve.desk.desk import Desk
from narratives.serve.records.promotion import Promotions
from narratives.serve.settings import Settings
from narratives.serve.tryout.nearest import Neighbours


@dataclass(frozen=True, slots=True)
class Parts:
    """The settings, the models, and who works for whom."""

    settings: Settings
    shelf: Shelf
    together: Together
    counters: Counters
    neighbours: Neighbours
    archives: Sequence[Archive]
    desk: Desk
    promotions: Promotions

    @property
    def titles(self) -> dict[str, str]:
        """What the narratives of the models are called, by id."""
        return {entry.id: entry.title for served in self.shelf.all for entry in served.model.codebook.narratives}

    def read_codebook(self) -> Codebook:
        """The project's codebook as it stands; that of the first model where there is no project."""
        if (self.settings.project.labels / "codebook.toml").is_file() or not self.shelf.names:
            return self.settings.project.read_codebook()
        return self.shelf.get("").model.codebook


def find_parts(request: Request) -> Parts:
    """The parts of the server that answers a request."""
    parts: Parts = request.app.state.parts
    return parts
