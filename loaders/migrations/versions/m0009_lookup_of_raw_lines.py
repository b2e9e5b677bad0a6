"""An index by which a raw line is found; without it, to look up one is to read all of its load.

A btree: one of block ranges takes no room, but each lookup then reads sixteen pages instead of one,
which is slower than reading whole files once they lie on disk. Down: drops the indexes; no data.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FEEDS = ("bank_transactions", "cashflow_sepa", "cashflow_swift")


def upgrade() -> None:
    op.execute("set local role sluss_owner")
    for feed in FEEDS:
        op.execute(f"create index raw_{feed}_lines on staging.raw_{feed} (_line_no)")
    op.execute("reset role")


def downgrade() -> None:
    for feed in FEEDS:
        op.execute(f"drop index staging.raw_{feed}_lines")
