"""A codebook that changes: labels, checks and splits follow, and what a reader must settle is listed."""

from narratives.migration.migrate import describe_migration, migrate_codebook

__all__ = [
    "describe_migration",
    "migrate_codebook",
]
