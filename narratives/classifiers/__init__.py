"""What learns to score texts: arrays in, arrays out; no codebook, no threshold, no project."""

from narratives.classifiers.across import FoldedLesson, score_across
from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.foreign import is_place
from narratives.classifiers.interface import CLASSIFIERS, Classifier, check_settings, find_classifier, hyperparameters, setting
from narratives.classifiers.odds import EDGE, to_log_odds, to_share
from narratives.classifiers.sklearn import SklearnClassifier
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import ALWAYS, score_by_folds

__all__ = [
    "ALWAYS",
    "CLASSIFIERS",
    "EDGE",
    "BlendClassifier",
    "Classifier",
    "FoldedLesson",
    "SklearnClassifier",
    "TfidfClassifier",
    "check_settings",
    "find_classifier",
    "hyperparameters",
    "is_place",
    "score_across",
    "score_by_folds",
    "setting",
    "to_log_odds",
    "to_share",
]
