"""What a project's labels say: the codebook, the labelled passages, and which document is in which split."""

from narratives.labels.checks import Check, FamilyResult, pair_stances, read_checks, score_checks, score_stance_pairs
from narratives.labels.codebook import check_entries, describe_difference, read_codebook
from narratives.labels.corpus import SPLITS_FILE, Corpus, Part, find_codebook, read_corpus
from narratives.labels.folds import deal_folds, group_passages
from narratives.labels.hierarchy import close_ancestors, collapse, find_depths, find_families
from narratives.labels.notation import (
    NONE,
    STANCES,
    TICKS,
    Tell,
    has_control,
    is_yes,
    join_stance,
    read_labels,
    split_stance,
    split_text,
)
from narratives.labels.passages import digest_passages, gold_matrix, parse_passage, read_files, to_record
from narratives.labels.renames import find_renames
from narratives.labels.semeval import find_label, is_semeval, read_semeval, split_semeval
from narratives.labels.splits import (
    BY_LOT,
    SHARES,
    Splits,
    append_splits,
    assign_splits,
    extend_splits,
    leaks,
    read_splits,
)
from narratives.labels.titles import PATHS, fold_name, fold_names, list_endings

__all__ = [
    "BY_LOT",
    "NONE",
    "PATHS",
    "SHARES",
    "SPLITS_FILE",
    "STANCES",
    "TICKS",
    "Check",
    "Corpus",
    "FamilyResult",
    "Part",
    "Splits",
    "Tell",
    "append_splits",
    "assign_splits",
    "check_entries",
    "close_ancestors",
    "collapse",
    "deal_folds",
    "describe_difference",
    "digest_passages",
    "extend_splits",
    "find_codebook",
    "find_depths",
    "find_families",
    "find_label",
    "find_renames",
    "fold_name",
    "fold_names",
    "gold_matrix",
    "group_passages",
    "has_control",
    "is_semeval",
    "is_yes",
    "join_stance",
    "leaks",
    "list_endings",
    "pair_stances",
    "parse_passage",
    "read_checks",
    "read_codebook",
    "read_corpus",
    "read_files",
    "read_labels",
    "read_semeval",
    "read_splits",
    "score_checks",
    "score_stance_pairs",
    "split_semeval",
    "split_stance",
    "split_text",
    "to_record",
]
