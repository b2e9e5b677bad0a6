"""The columns of a table as Dagster shows them: types, descriptions, and what they are made from.

dagster-dbt can find the lineage of columns, but does so after each build for each model, which
takes longer than a quiet night's build itself. Here what was found is kept, and found again only
when a model's SQL has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject
from dagster_dbt.core import dbt_cli_event
from psycopg2.extensions import connection as Connection

from orchestration.database import rows

_SCHEMA, _LINEAGE = "dagster/column_schema", "dagster/column_lineage"

# dbt type of a column by its name, in the order of the table.
Types = dict[str, str]


class Columns:
    """Says what the columns of a node are; guards the file in which lineage is kept."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        project: DbtProject,
        translator: DagsterDbtTranslator,
        target: Path,
    ) -> None:
        self._manifest = manifest
        self._project = project
        self._translator = translator
        self._target = target
        self._types: dict[str, Types] = {}
        self._kept = _Kept(target / "column_lineage.json")

    def metadata(self, opened: Connection, unique_id: str) -> dict[str, Any]:
        """Returns the column schema and lineage of a node that stands in the database."""
        node = _node(self._manifest, unique_id)
        types = self._types_of(opened, unique_id)
        described = {
            name: column.get("description") or None for name, column in node["columns"].items()
        }
        schema = dg.TableSchema(
            [
                dg.TableColumn(name, type_, description=described.get(name))
                for name, type_ in types.items()
            ]
        )
        return {_SCHEMA: schema} | self._lineage(opened, node, types)

    def save(self) -> None:
        """Writes what was found for the next build."""
        self._kept.save()

    def _lineage(self, opened: Connection, node: Mapping[str, Any], types: Types) -> dict[str, Any]:
        # dbt 1.11 writes no compiled SQL of snapshots, and a seed is made from a file.
        compiled = self._target / "compiled" / node["package_name"] / node["original_file_path"]
        if node["resource_type"] != "model" or not compiled.is_file():
            return {}
        state = hashlib.sha256(compiled.read_bytes() + repr(types).encode()).hexdigest()
        deps = self._kept.get(node["unique_id"], state)
        if deps is None:
            deps = self._found(opened, node, types)
            self._kept.put(node["unique_id"], state, deps)
        return (
            {
                _LINEAGE: dg.TableColumnLineage(
                    {
                        column: [
                            dg.TableColumnDep(dg.AssetKey.from_user_string(key), name)
                            for key, name in made_from
                        ]
                        for column, made_from in deps.items()
                    }
                )
            }
            if deps
            else {}
        )

    def _found(
        self, opened: Connection, node: Mapping[str, Any], types: Types
    ) -> dict[str, list[tuple[str, str]]]:
        try:
            # In the compiled SQL are the names of the database that this run is of.
            manifest = self._manifest_of_run
            parents = {}
            for parent in manifest["parent_map"][node["unique_id"]]:
                name = _node(manifest, parent)["relation_name"]
                parents[name] = {
                    column: {"data_type": type_}
                    for column, type_ in self._types_of(opened, parent).items()
                }
            found = dbt_cli_event._build_column_lineage_metadata(
                event_history_metadata=dbt_cli_event.EventHistoryMetadata(
                    columns={column: {"data_type": type_} for column, type_ in types.items()},
                    parents=parents,
                ),
                dbt_resource_props=_node(manifest, node["unique_id"]),
                manifest=manifest,
                dagster_dbt_translator=self._translator,
                target_path=self._target,
                project=self._project,
            )
        except Exception:
            # SQL that sqlglot cannot read has no lineage; it has all the rest.
            return {}
        lineage = found.get(_LINEAGE)
        if lineage is None:
            return {}
        return {
            column: sorted((dep.asset_key.to_user_string(), dep.column_name) for dep in made_from)
            for column, made_from in lineage.deps_by_column.items()
        }

    def _types_of(self, opened: Connection, unique_id: str) -> Types:
        if unique_id not in self._types:
            node = _node(self._manifest, unique_id)
            self._types[unique_id] = {
                row["name"]: row["type"]
                for row in rows(
                    opened,
                    """
                    select attname as name, format_type(atttypid, atttypmod) as type
                    from pg_attribute
                    where
                        attrelid = to_regclass(
                            quote_ident(%(schema)s) || '.' || quote_ident(%(name)s)
                        )
                        and attnum > 0
                        and not attisdropped
                    order by attnum
                    """,
                    schema=node["schema"],
                    name=node.get("alias") or node["name"],
                )
            }
        return self._types[unique_id]

    @cached_property
    def _manifest_of_run(self) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads((self._target / "manifest.json").read_text())
        return found


def _node(manifest: Mapping[str, Any], unique_id: str) -> dict[str, Any]:
    return dict(manifest["nodes"].get(unique_id) or manifest["sources"][unique_id])


class _Kept:
    """What was found out before, by node and by the state of its SQL. A lost file is made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_changed = False
        try:
            self._found: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._found = {}

    def get(self, unique_id: str, state: str) -> dict[str, list[tuple[str, str]]] | None:
        kept = self._found.get(unique_id)
        return kept["deps"] if kept and kept["state"] == state else None

    def put(self, unique_id: str, state: str, deps: dict[str, list[tuple[str, str]]]) -> None:
        self._found[unique_id] = {"state": state, "deps": deps}
        self._is_changed = True

    def save(self) -> None:
        if not self._is_changed:
            return
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(self._found))
        os.replace(written, self._path)
