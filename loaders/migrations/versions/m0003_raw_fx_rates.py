"""The raw table of exchange rates: a date, and every currency column of the file in ``_extra``.

Down: drops it; refuses if it holds lines, unless the caller allows the loss.
"""

from __future__ import annotations

from loaders.migrations.steps import create_raw_table, drop_raw_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_raw_table(
        "fx_rates",
        ["date"],
        "One row a day of the European Central Bank's reference rates against the euro",
    )


def downgrade() -> None:
    drop_raw_table("fx_rates")
