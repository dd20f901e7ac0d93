"""Labels as people make them: read from and written for other tools, merged, checked, audited; and what to label next."""

from narratives.annotation.adding import AddRequest, add_texts, describe_addition
from narratives.annotation.agreement import Agreement, Note, compare_readers, describe_agreement, read_notes
from narratives.annotation.audit import audit_labels, describe_audit
from narratives.annotation.check import check_labels, describe_labels
from narratives.annotation.export import export_labels
from narratives.annotation.field_labels import SAMPLE_KEY, FieldLabel, list_samples, read_field_labels, sample_folder
from narratives.annotation.field_tasks import check_task_file, write_tasks
from narratives.annotation.handout import export_review
from narratives.annotation.importing import ImportRequest, import_labels
from narratives.annotation.incoming import fold_text, name_by_text
from narratives.annotation.merge import READERS
from narratives.annotation.outcome import describe_import
from narratives.annotation.review import HINT, make_form, read_open
from narratives.annotation.suggest import describe_suggestions, suggest_texts
from narratives.annotation.tasks import Suggestion, check_output, choose_format, write_suggestions
from narratives.annotation.waiting import (
    Waiting,
    make_answer,
    make_return,
    read_reviews,
    read_sample_texts,
    read_tasks,
    to_task,
)

__all__ = [
    "HINT",
    "READERS",
    "SAMPLE_KEY",
    "AddRequest",
    "Agreement",
    "FieldLabel",
    "ImportRequest",
    "Note",
    "Suggestion",
    "Waiting",
    "add_texts",
    "audit_labels",
    "check_labels",
    "check_output",
    "check_task_file",
    "choose_format",
    "compare_readers",
    "describe_addition",
    "describe_agreement",
    "describe_audit",
    "describe_import",
    "describe_labels",
    "describe_suggestions",
    "export_labels",
    "export_review",
    "fold_text",
    "import_labels",
    "list_samples",
    "make_answer",
    "make_form",
    "make_return",
    "name_by_text",
    "read_field_labels",
    "read_notes",
    "read_open",
    "read_reviews",
    "read_sample_texts",
    "read_tasks",
    "sample_folder",
    "suggest_texts",
    "to_task",
    "write_suggestions",
    "write_tasks",
]
