"""What all pages share while the server runs."""

from dataclasses import dataclass

from starlette.requests import Request

from narratives.data import Codebook
from narratives.serve.answering.shelf import Shelf
from narratives.serve.answering.together import Together
from narratives.serve.counters import Counters
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

    def read_codebook(self) -> Codebook:
        """The project's codebook as it stands; that of the first model where there is no project."""
        if (self.settings.project.labels / "codebook.toml").is_file() or not self.shelf.names:
            return self.settings.project.read_codebook()
        return self.shelf.get("").model.codebook


def find_parts(request: Request) -> Parts:
    """The parts of the server that answers a request."""
    parts: Parts = request.app.state.parts
    return parts
