"""A project's folder: where everything lies, the configs of its runs, and how one is started."""

from narratives.project.config import RunConfig
from narratives.project.project import Project
from narratives.project.start import init_project

__all__ = [
    "Project",
    "RunConfig",
    "init_project",
]
