"""Evaluations and comparisons as pages and figures for people to read."""

from narratives.report.page import headline, outcome, read_asset, write_report

__all__ = [
    "headline",
    "outcome",
    "read_asset",
    "write_report",
]
