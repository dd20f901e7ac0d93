"""Measure a feed: how much of it carries each narrative, did it change, and what is the model worth there."""

from narratives.field.design import Design
from narratives.field.draw import describe_sample, draw

__all__ = [
    "Design",
    "describe_sample",
    "draw",
]
