"""The raw tables of the cashflow feeds: companies, exchange rates, SEPA and SWIFT payments.

Down: drops them; refuses if one holds lines, unless the caller allows the loss.
"""

from __future__ import annotations

from loaders.migrations.steps import create_raw_table, drop_raw_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PAYMENT = ["id", "sender", "beneficiary", "amount", "currency", "time"]


def upgrade() -> None:
    create_raw_table(
        "cashflow_companies",
        ["company_id", "name", "owner", "address", "ibans", "balance"],
        "One row a line of a list of companies and their accounts",
    )
    create_raw_table(
        "cashflow_rates",
        ["currency", "usd_rate", "eur_rate"],
        "One row a line of a list of exchange rates",
    )
    create_raw_table("cashflow_sepa", _PAYMENT, "One row a line of a delivery of SEPA payments")
    create_raw_table("cashflow_swift", _PAYMENT, "One row a line of a delivery of SWIFT payments")


def downgrade() -> None:
    for feed in ("cashflow_swift", "cashflow_sepa", "cashflow_rates", "cashflow_companies"):
        drop_raw_table(feed)
