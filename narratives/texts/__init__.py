"""What can be told of a text without any label: its windows, its language, its words, its near-duplicates."""

from narratives.texts.languages import (
    FAILED,
    FOREIGN,
    NONE,
    UNSURE,
    UNTESTED,
    count_languages,
    find_languages,
    find_taught,
    find_version,
    list_readable,
    normalise,
    note_language,
)
from narratives.texts.similarity import Pair, group, near_duplicates, restrict
from narratives.texts.tables import to_frame, to_html
from narratives.texts.windows import WINDOW, choose_window, find_sentence_ends, find_windows
from narratives.texts.words import Piece, choose_words, find_words, format_words, mark_words, parse_words, trim

__all__ = [
    "FAILED",
    "FOREIGN",
    "NONE",
    "UNSURE",
    "UNTESTED",
    "WINDOW",
    "Pair",
    "Piece",
    "choose_window",
    "choose_words",
    "count_languages",
    "find_languages",
    "find_sentence_ends",
    "find_taught",
    "find_version",
    "find_windows",
    "find_words",
    "format_words",
    "group",
    "list_readable",
    "mark_words",
    "near_duplicates",
    "normalise",
    "note_language",
    "parse_words",
    "restrict",
    "to_frame",
    "to_html",
    "trim",
]
