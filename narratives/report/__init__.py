"""Evaluations and comparisons as pages and figures for people to read."""

from narratives.report.page import embed_look, headline, make_environment, outcome, read_asset, write_report

__all__ = [
    "embed_look",
    "headline",
    "make_environment",
    "outcome",
    "read_asset",
    "write_report",
]
