"""The tags of a run by which it is found again."""

from __future__ import annotations

import dagster as dg

FEED = "sluss/feed"
# The file's key in its landing folder, and the hash of its content, which is the run's key.
FILE = "sluss/file"
CONTENT = "sluss/sha256"
# What the run loaded, and what became of it in the marts.
LOAD = "sluss/load_id"
GATE = "sluss/gate"


def add(context: dg.AssetExecutionContext | dg.OpExecutionContext, **tags: str) -> None:
    """Adds tags to the run that is under way."""
    context.instance.add_run_tags(context.run.run_id, tags)


def of(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> dict[str, str]:
    """Returns the run's tags as they are now, with those that its steps added."""
    run = context.instance.get_run_by_id(context.run.run_id)
    return dict(run.tags) if run else {}
