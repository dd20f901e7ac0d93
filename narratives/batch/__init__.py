"""Many texts in, answers out: parts that appear whole, go on after a kill, and come out the same on one machine or many."""

from narratives.batch.answering import answer_items, take_items
from narratives.batch.cluster import use_ray
from narratives.batch.items import EVERYTHING, Columns, Item
from narratives.batch.job import BatchSummary, Workers, classify_files, locate_rejects, report_status
from narratives.batch.parts import Cursor
from narratives.batch.plan import Options, make_plan
from narratives.batch.record import Record, read_record
from narratives.batch.resume import Existing
from narratives.batch.sources import describe_left_out, find_sources
from narratives.batch.stream import classify_stream
from narratives.batch.trust import weigh_answers
from narratives.batch.work import classify_items, read_items

__all__ = [
    "EVERYTHING",
    "BatchSummary",
    "Columns",
    "Cursor",
    "Existing",
    "Item",
    "Options",
    "Record",
    "Workers",
    "answer_items",
    "classify_files",
    "classify_items",
    "classify_stream",
    "describe_left_out",
    "find_sources",
    "locate_rejects",
    "make_plan",
    "read_items",
    "read_record",
    "report_status",
    "take_items",
    "use_ray",
    "weigh_answers",
]
