"""``sluss purge``: retention. Lines of business dates that are over, removed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluss.cli.output import console, human_bytes, is_watched, print_json

if TYPE_CHECKING:
    from loaders.retention import Purge
    from sluss.purge import Plan


def register(app: typer.Typer) -> None:
    """Adds this module's command to ``app``."""
    app.command("purge")(purge)


def purge(
    feed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEED",
            help="Only this feed; may be given several times. Without, every feed whose contract "
            "names a retention.",
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="2y, 24m or 90d: keep business dates of that time. Without, as the contract says.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would go, and change nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts.")
    ] = False,
) -> None:
    """Remove old loads from every layer, for good: raw, intermediate, marts, stored failures.

    Their rows in the ledger stay, and the same content is not loaded again. What remains is not
    changed; registers that remaining loads are judged by stay. No build is needed afterwards.
    Killed at any point, the next purge goes on.

    Example: sluss purge --feed bank_transactions --older-than 2y --dry-run
    """
    from sluss import purge as purging

    wanted = purging.rules(feed or (), older_than)
    if dry_run:
        plans = purging.plan(wanted)
        if as_json:
            print_json([_plan_as_json(one) for one in plans])
        else:
            _print_plans(plans)
        return
    err = console(stderr=True)
    with err.status("purging") as status:
        done = purging.purge(
            wanted,
            on_message=lambda text: err.print(text, markup=False),
            on_progress=lambda what: status.update(f"purging: {what}") if is_watched() else None,
        )
    if as_json:
        print_json([one.model_dump(mode="json") for one in done])
    else:
        _print_purges(done)


def _plan_as_json(plan: Plan) -> dict[str, object]:
    return {
        "feed": plan.rule.feed,
        "rule": str(plan.rule),
        "through_date": plan.rule.through,
        "loads": [one.model_dump(mode="json") for one in plan.loads],
        "needed": [one.model_dump(mode="json") for one in plan.needed],
        "tables": [vars(one) for one in plan.shares],
        "rows": sum(one.rows for one in plan.shares),
        "bytes": sum(one.bytes for one in plan.shares),
    }


def _print_plans(plans: list[Plan]) -> None:
    out = console()
    if not plans:
        out.print("No feed has a retention in its contract.")
    for plan in plans:
        out.print(
            f"{plan.rule.feed}: {len(plan.loads):,} loads up to {plan.rule.through} would go "
            f"({plan.rule}).",
            markup=False,
        )
        for load in plan.loads:
            out.print(
                f"  load {load.load_id}, {load.business_date}: {load.line_count or 0:,} lines, "
                f"{load.status}",
                markup=False,
            )
        for load in plan.needed:
            out.print(
                f"  load {load.load_id}, {load.business_date}, stays: "
                + (
                    "it is withdrawn, and the next build takes it out first"
                    if load.status == "withdrawn"
                    else "remaining loads are judged by it"
                ),
                markup=False,
            )
        for share in plan.shares:
            out.print(f"  {share.table}: about {share.rows:,} rows, {human_bytes(share.bytes)}")
        if plan.shares:
            total = sum(share.bytes for share in plan.shares)
            out.print(f"  in all about {human_bytes(total)}; nothing was changed.")


def _print_purges(done: list[Purge]) -> None:
    out = console()
    if not done:
        out.print("No feed has a retention in its contract: nothing was purged.")
    for one in done:
        if not one.loads:
            out.print(
                f"{one.feed}: nothing to remove up to {one.through_date} ({one.rule}).",
                markup=False,
            )
            continue
        out.print(
            f"{one.feed}: purge {one.purge_id}, {one.rule}: {len(one.loads):,} loads up to "
            f"{one.through_date} are gone.",
            markup=False,
        )
        for table, removed in sorted(one.removed.items()):
            what = ", ".join(
                f"{count:,} {kind if count != 1 else kind[:-1]}" for kind, count in removed.items()
            )
            out.print(f"  {table}: {what}", markup=False)
