"""A trained model: what it learned, how it answers, and its folder on disk."""

from narratives.models.answers import Answers, join_answers
from narratives.models.calibration import fit_calibration
from narratives.models.cuts import Cuts, Examples, fit_cuts
from narratives.models.explanations import explain_raised, explain_text
from narratives.models.folder import load_model, save_model
from narratives.models.held_out import FOLDS, hold_out
from narratives.models.inference import read_texts
from narratives.models.lessons import (
    LESSONS_FILE,
    Changes,
    Lesson,
    describe_changes,
    digest_text,
    find_changes,
    read_lessons,
    remember,
    to_lines,
)
from narratives.models.manifest import TESTED_FILE, read_manifest
from narratives.models.model import Model
from narratives.models.predictions import digest_predictions, parse_labels, read_predictions, to_row, write_predictions
from narratives.models.purposes import Wishes
from narratives.models.sparing import fit_cascade
from narratives.models.stances import LEAST, can_learn, describe_stances, stance_matrix
from narratives.models.thresholds import decide, tune_thresholds
from narratives.models.twofold import Reading

__all__ = [
    "FOLDS",
    "LEAST",
    "LESSONS_FILE",
    "TESTED_FILE",
    "Answers",
    "Changes",
    "Cuts",
    "Examples",
    "Lesson",
    "Model",
    "Reading",
    "Wishes",
    "can_learn",
    "decide",
    "describe_changes",
    "describe_stances",
    "digest_predictions",
    "digest_text",
    "explain_raised",
    "explain_text",
    "find_changes",
    "fit_calibration",
    "fit_cascade",
    "fit_cuts",
    "hold_out",
    "join_answers",
    "load_model",
    "parse_labels",
    "read_lessons",
    "read_manifest",
    "read_predictions",
    "read_texts",
    "remember",
    "save_model",
    "stance_matrix",
    "to_lines",
    "to_row",
    "tune_thresholds",
    "write_predictions",
]
