"""The page and the HTTP interface: try a text, browse answers, label, watch the models."""

from narratives.serve.settings import Settings
from narratives.serve.start import check_settings, serve

__all__ = [
    "Settings",
    "check_settings",
    "serve",
]
