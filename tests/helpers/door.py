"""The project that the examples of the public names are about."""

from pathlib import Path

from narratives.batch.job import Workers, classify_files
from narratives.batch.plan import Options
from narratives.project.project import Project
from narratives.project.start import init_project
from narratives.runs.train import train_run

TRAMS = ("tram_ruins_high_street", "council_hides_costs", "tram_pays_for_itself", "cars_choke_town")
TEXTS = (
    "The fare rises again in May.",
    "They have the real number and will not tell.",
    "The High Street will be shutters.",
    "A tram every six minutes, and full.",
    "The library lends umbrellas.",
)


def start_trams(root: Path) -> Path:
    """The starter project with its first run trained, a folder of new texts, and the answers to them."""
    init_project(root)
    train_run(Project(root), "tfidf", lambda _: None)
    (root / "feeds").mkdir()
    (root / "feeds" / "monday.txt").write_text("".join(line + "\n" for line in TEXTS), encoding="utf-8")
    feeds, answers = str(root / "feeds"), str(root / "answers")
    classify_files([feeds], root / "models" / "tfidf", answers, Options(texts=True), Workers(jobs=1))
    return root
