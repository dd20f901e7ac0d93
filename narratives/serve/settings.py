"""What a server is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from narratives.project import Project


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may ask for; more is refused with a reason."""

    body: int = 8 << 20  # bytes
    texts: int = 1000
    seconds: float = 30.0
    waiting: int = 20_000  # texts of all requests that wait to be classified


@dataclass(frozen=True, slots=True)
class Settings:
    """Which project, which models, which answers, and who may ask."""

    project: Project
    models: tuple[Path, ...] | None = None  # folders; `None` for all of the project that can be read
    answers: tuple[Path, ...] = ()  # folders of Parquet
    queues: tuple[Path, ...] = ()  # files of tasks to label
    dates: str = ""  # how their dates are written; empty: 2024-05-31
    cache: Path | None = None  # where indexes of answers lie; by default the user's own cache
    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    names: tuple[str, ...] = ()  # further names of this machine
    limits: Limits = field(default_factory=Limits)
