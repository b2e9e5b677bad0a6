"""What several migrations do in the same way.

A migration must do tomorrow what it did when it was written: these functions are never changed in
what they create, only added to.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text


def create_raw_table(feed: str, columns: Sequence[str], description: str) -> None:
    """Creates ``staging.raw_<feed>``: every column text, one partition a load.

    The table itself holds no rows and has no key: ``(_load_id, _line_no)`` is unique because the
    loader numbers the lines of a file, and an index on it would slow every COPY down for nobody.
    """
    typed = ",\n    ".join(f'"{column}" text' for column in columns)
    op.execute("set local role sluss_owner")
    op.execute(
        f"""
        create table staging.raw_{feed} (
            _load_id integer not null,
            _line_no integer not null,
            {typed},
            _extra jsonb
        ) partition by list (_load_id)
        """
    )
    quoted = description.replace("'", "''")
    op.execute(f"comment on table staging.raw_{feed} is '{quoted}'")
    op.execute("reset role")


def drop_raw_table(feed: str) -> None:
    """Drops ``staging.raw_<feed>`` with its partitions, if :func:`refuse_data_loss` allows it."""
    refuse_data_loss(f"staging.raw_{feed}")
    op.execute(f"drop table staging.raw_{feed} cascade")


def refuse_data_loss(table: str) -> None:
    """Raises DataWouldBeLostError if ``table`` has a row, unless the caller allows the loss."""
    from loaders.migrate import DataWouldBeLostError

    config = op.get_context().config
    if config is not None and config.attributes.get("allow_data_loss"):
        return
    if op.get_bind().execute(text(f"select exists (select from {table})")).scalar_one():  # noqa: S608
        raise DataWouldBeLostError(
            f"{table} holds rows that this down-migration would drop; nothing was changed. Take a "
            "backup (pg_dump), then call loaders.migrate.downgrade(…, allow_data_loss=True)."
        )
