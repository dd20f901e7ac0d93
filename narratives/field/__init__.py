"""Measure a feed: how much of it carries each narrative, did it change, and what is the model worth there.

`draw` writes down a sample that people read, `report` and `trends` say what it tells. The answers are a folder of
`narratives classify`, best with `--keep date,source`.

>>> sample = narratives.field.draw("trams", "trams/answers", design=narratives.field.Design(n=4, name="may"))
>>> len(sample.texts), sample.size
(4, 5)
>>> report = narratives.field.report("trams", "may")
>>> report.anything.prevalence is None  # nobody has read any of it
True
>>> report.anything.plan
'no text of it was read: no estimate; read at least 30'
"""

from narratives.field.answers import check_date_format
from narratives.field.changes import describe_trends, trends
from narratives.field.design import Design
from narratives.field.drawing import describe_sample, draw
from narratives.field.handover import retire
from narratives.field.measurement import describe_report, report
from narratives.field.thresholds import apply_moves

__all__ = [
    "Design",
    "apply_moves",
    "check_date_format",
    "describe_report",
    "describe_sample",
    "describe_trends",
    "draw",
    "report",
    "retire",
    "trends",
]
