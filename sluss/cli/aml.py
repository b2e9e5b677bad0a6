"""``sluss aml``: alerts of suspicious payments, what is decided on them, and how rules fare."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from sluss.cli.evaluate import fit
from sluss.cli.output import console, print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]


def register(app: typer.Typer) -> None:
    """Adds ``aml`` with its commands."""
    group = typer.Typer(
        help="Suspicious payments: alerts, decisions on them, and how the rules fare.",
        no_args_is_help=True,
    )
    for command in (alerts, show, decide, suppress, rules, compare):
        group.command(command.__name__)(command)
    group.command("fit")(fit)
    app.add_typer(group, name="aml")


def alerts(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only those first known on this bank day."),
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule's.")] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="What rules in shadow would have opened.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 40,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest and weightiest first, each with the sentence that explains it."""
    from sluss.aml import decisions

    found = decisions.alerts(day.date() if day else None, rule, shadow, limit)
    if as_json:
        print_json(found)
        return
    for each in found:
        state = each["disposition"] or ("suppressed" if each["is_suppressed"] else "open")
        console().print(
            f"{each['alert_id'][:10]}  {each['known_date']}  {each['subject_account']}  "
            f"{each['points']} points, {state}\n  {each['reason']}",
            markup=False,
        )
    if not found:
        console().print("No alerts. `sluss build` looks for them in what it publishes.")


def show(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="Its id or how it begins.")],
    as_json: AsJson = False,
) -> None:
    """Show an alert with every payment of its evidence."""
    from sluss.aml import decisions

    found = decisions.alert(alert_id)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(f"{found['alert_id']} ({found['standing']}, {found['parameters']})", markup=False)
    out.print(found["reason"], markup=False)
    for each in found["transactions"]:
        out.print(
            f"  {each['booked_at']:%Y-%m-%d %H:%M:%S}  {each['role']} {each['hop']}  "
            f"{each['amount']:,.2f} {each['currency']}  {each['sender_account']} -> "
            f"{each['receiver_account']}{_why_to_look(each)}",
            markup=False,
        )


def _why_to_look(payment: dict[str, Any]) -> str:
    """Returns the points of a payment and what gave them; nothing where there are none."""
    if not payment["points"] and not payment["modifiers"]:
        return ""
    told = [f"{payment['points'] + payment['modifier_points']} points", *payment["modifiers"]]
    if "unusual_size" in payment["modifiers"]:
        told.append(
            f"median of the {payment['earlier_count']} before: "
            f"{payment['median_amount_sek']:,.2f} SEK"
        )
    return f"  ({', '.join(told)})"


def decide(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="Its id or how it begins.")],
    outcome: Annotated[str, typer.Argument(help="confirmed, valuable or false_positive.")],
    reason: Annotated[
        str | None,
        typer.Option(
            help="Of a false positive: known_business, salary_or_rent, own_accounts, "
            "family_or_friends, one_off_purchase, wrong_data, rule_too_wide."
        ),
    ] = None,
) -> None:
    """Record what came of an alert. The newest decision holds; none is ever removed."""
    from sluss.aml import decisions

    made = decisions.decide(alert_id, outcome, reason)
    console().print(f"Decision {made.number}: alert {made.about} is {outcome}.", markup=False)


def suppress(
    rule: Annotated[str, typer.Argument(help="A rule, as `sluss aml rules` lists them.")],
    account: Annotated[str, typer.Argument(help="One of the bank's own accounts.")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last bank day of the silence.")
    ],
    why: Annotated[str, typer.Option(help="The reason; it is kept.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First bank day of it.  [default: today]"),
    ] = None,
) -> None:
    """Keep a rule silent for an account until a day. Its alerts are logged all the same."""
    from sluss.aml import decisions

    first = since.date() if since else date.today()
    made = decisions.suppress(rule, account, until.date(), why, first)
    console().print(
        f"Decision {made.number}: {rule} is silent for the account from {first} to "
        f"{until.date()}. Its alerts are logged as suppressed.",
        markup=False,
    )


def rules(as_json: AsJson = False) -> None:
    """List the rules with the precision that investigators' decisions give them."""
    from rich.table import Table

    from sluss.aml import decisions

    found = decisions.rules()
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("rule", "role", "status", "threshold", "decided", "precision", "measured"):
        table.add_column(heading)
    for each in found:
        table.add_row(f"{each['rule_id']}@v{each['version']}", *_cells(each))
    console().print(table)


def _cells(rule: dict[str, Any]) -> list[str]:
    decided = rule["confirmed_count"] + rule["valuable_count"] + rule["false_positive_count"]
    precision = rule["precision_share"]
    return [
        rule["role"],
        rule["status"],
        f"{rule['threshold']:f}".rstrip("0").rstrip("."),
        str(decided),
        "" if precision is None else f"{precision:.0%}",
        rule["measured"] or "",
    ]


def compare(
    before: Annotated[str, typer.Argument(metavar="RULE@V1", help="The version that stands.")],
    after: Annotated[str, typer.Argument(metavar="RULE@V2", help="The one that may replace it.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First bank day.")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last bank day.")],
    as_json: AsJson = False,
) -> None:
    """Show the alerts that one version of a rule gains and loses against another.

    Example: sluss aml compare smurfing@v1 smurfing@v2 --from 2025-05-01 --to 2025-05-31
    """
    from sluss.aml.comparison import compare as compared

    found = compared(before, after, first.date(), last.date())
    if as_json:
        print_json({"gained": found.gained, "lost": found.lost, "kept_count": found.kept_count})
        return
    out = console()
    for what, listed in (("gained", found.gained), ("lost", found.lost)):
        out.print(f"{len(listed)} {what}")
        for each in listed:
            out.print(
                f"  {each['alert_id'][:10]}  {each['known_date']}  {each['reason']}", markup=False
            )
    out.print(f"{found.kept_count} in both")
