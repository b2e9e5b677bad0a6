"""Every dbt model, seed and snapshot as an asset, every dbt test as a check of one."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration import partitions
from orchestration.build import Build, build
from orchestration.notifications import NotifierResource
from orchestration.translator import OWNERS, Translator

# Unit tests prove code, not data; they belong to `make test`.
EXCLUDED = "resource_type:unit_test"


class BuildConfig(dg.Config):
    """What a build does beyond building what is new."""

    # Every table anew, from all loads. The result is the same, unless a rule changed.
    full_refresh: bool = False
    # The loads of the run's business dates are judged again. A backfill always does.
    judge_again: bool = False


def source_assets(project: DbtProject, made: set[dg.AssetKey]) -> list[dg.AssetSpec]:
    """Returns dbt's sources that no asset here makes: the loader's own tables."""
    manifest = json.loads(project.manifest_path.read_text())
    translator = Translator()
    specs = [
        dg.AssetSpec(
            translator.get_asset_key(source),
            group_name="operations",
            kinds={"postgres", "table"},
            owners=OWNERS,
            description=source["description"],
        )
        for source in manifest["sources"].values()
    ]
    return [spec for spec in specs if spec.key not in made]


def models_asset(project: DbtProject) -> dg.AssetsDefinition:
    """Returns the assets of the dbt project; one step runs them all, with one start of dbt."""

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="models",
        dagster_dbt_translator=Translator(),
        exclude=EXCLUDED,
        # One build of a database at a time, whichever job it belongs to; see dagster.yaml.
        pool="build",
    )
    def models(
        context: dg.AssetExecutionContext,
        config: BuildConfig,
        dbt: DbtCliResource,
        notifier: NotifierResource,
    ) -> Iterator[Any]:
        tags = context.run.tags
        judge_again = config.judge_again or partitions.is_backfill(tags)
        days = partitions.days_of(tags) if judge_again else None
        yield from build(context, dbt, project, notifier, Build(config.full_refresh, days))

    return models
