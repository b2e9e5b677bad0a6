"""The raw tables of the bank's feeds: transactions and customers.

Down: drops them; refuses if they hold lines, unless the caller allows the loss.
"""

from __future__ import annotations

from loaders.migrations.steps import create_raw_table, drop_raw_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_raw_table(
        "bank_transactions",
        [
            "transaction_id",
            "timestamp",
            "amount",
            "currency",
            "sender_account",
            "receiver_account",
            "sender_country",
            "sender_municipality",
            "receiver_country",
            "receiver_municipality",
            "transaction_type",
            "notes",
        ],
        "One row a readable line of a bank day's transactions, as it stands in the file",
    )
    create_raw_table(
        "bank_customers",
        ["customer", "address", "phone", "personnummer", "bank_account"],
        "One row a readable line of the bank's register of own accounts, as it stands in the file",
    )


def downgrade() -> None:
    drop_raw_table("bank_customers")
    drop_raw_table("bank_transactions")
