"""A codebook that changes: labels, checks and splits follow, and what a reader must settle is listed."""

from narratives.migration.migrate import describe_migration, migrate_codebook
from narratives.migration.sheet import describe_sheet, export_sheet, import_sheet

__all__ = [
    "describe_migration",
    "describe_sheet",
    "export_sheet",
    "import_sheet",
    "migrate_codebook",
]
