"""The dbt docs site as an asset: one static file beside the day reports."""

import os
import shutil

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.translator import OWNERS
from sluss.dbt import home_directory
from sluss.settings import home

KEY = dg.AssetKey(["site", "dbt_docs"])


def docs_asset(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """Returns the asset of the dbt docs, downstream of the marts that they describe."""

    @dg.asset(
        key=KEY,
        deps=marts,
        group_name="site",
        kinds={"dbt", "html"},
        owners=OWNERS,
        description="Every table and column described, with lineage and exposures. One file: "
        "`sluss site` serves it, `make docs` writes the same.",
    )
    def dbt_docs(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> dg.MaterializeResult:
        # Not the target of the builds: a build may run meanwhile.
        target = home_directory() / "docs"
        invocation = dbt.cli(
            ["docs", "generate", "--static", "--quiet"], target_path=target, raise_on_error=False
        ).wait()
        made = target / "static_index.html"
        if invocation.process.returncode != 0 or not made.exists():
            raise dg.Failure(
                f"dbt wrote no documentation. Its log says why: {target / 'dbt.log'}",
                allow_retries=False,
            )
        folder = home().site / "docs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(made, folder / "index.html.new")
        os.replace(folder / "index.html.new", folder / "index.html")
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(str(folder / "index.html")),
                "size (bytes)": made.stat().st_size,
            }
        )

    return dbt_docs
