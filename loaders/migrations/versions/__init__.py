"""One module a migration, applied in the order of their ``down_revision``."""
