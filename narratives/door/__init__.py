"""The door for Python: a project with its jobs, and evaluations of anybody's predictions as results that show themselves."""

from narratives.door.project import Project
from narratives.door.result import Result, compare, evaluate

__all__ = [
    "Project",
    "Result",
    "compare",
    "evaluate",
]
