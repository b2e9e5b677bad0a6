"""What dbt did to a table, with what a person in the morning wants to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_shared import record
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from orchestration.columns import Columns
from orchestration.database import connection, rows
from sluss.build import HELD_TEST

# Counting a larger table line by line would cost more every night; its size says as much.
_COUNTED_BYTES = 64 * 1024 * 1024


def told(events: Iterable[Any], manifest: Mapping[str, Any], columns: Columns) -> Iterator[Any]:
    """Yields dbt's ``events``: tables with their rows and columns, failed tests with words."""
    nodes = manifest["nodes"]
    for event in events:
        if isinstance(event, dg.Output | dg.AssetMaterialization):
            unique_id = str(event.metadata["unique_id"].value)
            with connection("columns") as opened:
                added = columns.metadata(opened, unique_id) | row_counts(opened, nodes[unique_id])
            yield event.with_metadata({**event.metadata, **added})
        elif isinstance(event, dg.AssetCheckResult | dg.AssetCheckEvaluation):
            yield event if event.passed else _failed(event, nodes)
        else:
            yield event
    columns.save()


def row_counts(opened: Connection, node: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the size of a table in bytes, and its rows; nothing for a view.

    The rows are counted, or for a large table estimated by the planner, and said to be.
    """
    found = rows(
        opened,
        """
        select
            cast(sum(pg_total_relation_size(parts.oid)) as bigint) as bytes,
            -- -1 where nobody has counted yet.
            cast(sum(parts.reltuples) filter (where parts.reltuples >= 0) as bigint) as estimate
        from pg_class as whole
        cross join lateral (
            select whole.oid as relid where whole.relkind = 'r'
            union all
            select relid from pg_partition_tree(whole.oid) where isleaf
        ) as leaves
        inner join pg_class as parts on leaves.relid = parts.oid
        where
            whole.relnamespace = to_regnamespace(quote_ident(%(schema)s))
            and whole.relname = %(name)s
            and whole.relkind in ('r', 'p')
        having count(*) > 0
        """,
        schema=node["schema"],
        name=node["alias"],
    )
    if not found:
        return {}
    size = {"size (bytes)": dg.MetadataValue.int(found[0]["bytes"])}
    if found[0]["bytes"] > _COUNTED_BYTES and found[0]["estimate"] is not None:
        return size | {"rows (estimated)": dg.MetadataValue.int(found[0]["estimate"])}
    table = sql.Identifier(node["schema"], node["alias"])
    with opened, opened.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(table))
        (count,) = cursor.fetchone() or (0,)
    return size | {"dagster/row_count": dg.MetadataValue.int(count)}


def held_loads_in_words() -> str:
    """Returns a sentence for each load that is held now."""
    with connection("held loads") as opened:
        held = rows(
            opened,
            """
            select _load_id, feed, file_name, gate_reason from marts.rpt_load_reconciliation
            where gate = 'held' order by _load_id
            """,
        )
    return "\n".join(
        f"Load {load['_load_id']} ({load['feed']}, {load['file_name']}): {load['gate_reason']}"
        for load in held
    )


def _failed(check: Any, nodes: Mapping[str, Any]) -> Any:
    node = nodes[check.metadata["unique_id"].value]
    if node["name"] == HELD_TEST:
        return _described(check, held_loads_in_words())
    count = check.metadata.get("dagster_dbt/failed_row_count")
    words = f"{count.value:,} rows should not be there." if count else "The test failed."
    if node["config"]["store_failures"]:
        words += f" They are kept in {node['schema']}.{node['alias']}."
    return _described(check, words)


def _described(check: Any, words: str) -> Any:
    """In an asset, what dbt's test said is a named tuple; in an op, one of Dagster's records."""
    if isinstance(check, dg.AssetCheckResult):
        return check._replace(description=words)
    return record.copy(check, description=words)
