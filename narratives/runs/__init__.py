"""The jobs of a run: train it, evaluate it, retrain it, keep its past."""

from narratives.runs.evaluate import evaluate_model, evaluate_run, read_answers
from narratives.runs.history import Version, list_versions, promote, roll_back
from narratives.runs.retrain import RetrainRequest, retrain_run
from narratives.runs.run import compare_runs, compare_scores, report_run, run_all
from narratives.runs.score import is_scored, score_files
from narratives.runs.train import train_run

__all__ = [
    "RetrainRequest",
    "Version",
    "compare_runs",
    "compare_scores",
    "evaluate_model",
    "evaluate_run",
    "is_scored",
    "list_versions",
    "promote",
    "read_answers",
    "report_run",
    "retrain_run",
    "roll_back",
    "run_all",
    "score_files",
    "train_run",
]
