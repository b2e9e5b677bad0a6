"""How a dbt node looks in Dagster: its key, group, kinds and description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetCheckSpec, AssetKey, AssetSpec
from dagster_dbt import DagsterDbtTranslator, DbtProject

from sluss.build import HELD_TEST

# Nobody by name: an instance of Sluss says in its own project who that is.
OWNERS = ["team:data-platform"]

# What a dbt node is in the database, as a badge on its asset.
_KINDS = {"view": "view", "seed": "seed", "snapshot": "snapshot"}


class Translator(DagsterDbtTranslator):
    """An asset is named as its table is: ``marts/fct_transactions`` is ``marts.fct_transactions``.

    A source has the key of the raw table that the loader's asset writes, so that the graph runs
    through from the file to the marts.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        return AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return group_of(dbt_resource_props)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        # Without the SQL that dagster-dbt appends: that is in the docs, a click away.
        return str(dbt_resource_props["description"]).strip()

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        props = self.get_resource_props(manifest, unique_id)
        kind = _KINDS.get(props.get("config", {}).get("materialized", ""), "table")
        return spec.replace_attributes(kinds={"dbt", "postgres", kind})

    def get_asset_check_spec(
        self,
        asset_spec: AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        props = self.get_resource_props(manifest, unique_id)
        return spec._replace(
            description=str(props.get("description") or "").strip() or None,
            # A held load is red and keeps nothing else from going on, its own report least of all.
            blocking=spec.blocking and spec.name != HELD_TEST,
        )


def group_of(props: Mapping[str, Any]) -> str:
    """Returns the group of a node: its layer, and its domain where the layer has several."""
    if props["resource_type"] == "seed":
        return "reference"
    if props["resource_type"] == "snapshot":
        return "snapshots"
    if props["resource_type"] == "source":
        return "raw" if props["name"].startswith("raw_") else str(props["schema"])
    # fqn: project, layer, domain, name
    return "_".join(props["fqn"][1:-1])
