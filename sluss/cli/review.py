"""``sluss review list`` and ``decide``: two persons settle a rejected line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluss.cli.output import console, print_json

if TYPE_CHECKING:
    from sluss.review.lines import Opinion, ReviewLine

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands to ``app``."""
    group = typer.Typer(
        help="Settle rejected lines: one person proposes, a second one decides.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    group.command("list")(list_lines)
    group.command("decide")(decide)
    app.add_typer(group, name="review")


def list_lines(
    with_settled: Annotated[
        bool, typer.Option("--all", help="Lines that are settled by a decision too.")
    ] = False,
    load_id: Annotated[
        int | None, typer.Option("--load", metavar="LOAD_ID", help="Only lines of this load.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the rejected lines that wait for somebody, as the last build left them.

    Amounts above the ceiling come first, then the newest loads. Of a line only those fields are
    shown that its rules are about.
    """
    from rich.table import Table

    from sluss.review import shown, waiting

    lines, rules = waiting(load_id, with_settled, limit)
    if as_json:
        print_json([shown.as_dict(line, rules) for line in lines])
        return
    out = console()
    if not lines:
        out.print("No rejected line waits for review.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("load", "line", "state", "rules", "the line says", "what was said of it"):
        table.add_column(heading, justify="right" if heading in ("load", "line") else "left")
    for line in lines:
        table.add_row(
            str(line.load_id),
            str(line.line_no),
            line.state if line.gate != "held" else f"{line.state}, load held",
            ", ".join(line.rule_ids),
            _escaped(
                ", ".join(f"{name}: {text}" for name, text in shown.fields(line, rules).items())
            ),
            _escaped(_said(line)),
        )
    out.print(table)
    if len(lines) == limit:
        out.print(f"The first {limit}; --limit shows more.")


def decide(
    load_id: Annotated[int, typer.Argument(metavar="LOAD_ID", help="As the list shows it.")],
    line_no: Annotated[int, typer.Argument(metavar="LINE_NO", help="As the list shows it.")],
    accept: Annotated[
        bool,
        typer.Option(
            "--accept/--reject",
            help="Take the line into the marts, or leave it rejected (which undoes an acceptance).",
        ),
    ],
    why: Annotated[
        str, typer.Option(help="The reason; it is kept for good, so name no person in it.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="COLUMN=VALUE",
            help="What stands in a column of the file in place of what the line says. Again for "
            "another column.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose what becomes of a rejected line, or decide what another person proposed.

    The first person's words are a proposal. They count once a second person says the same; other
    words of anybody take the proposal's place. The newest decision about a line counts.

    Example: sluss review decide 5 1746 --accept --set amount=22179.15 --why "confirmed by the
    sender, point lost"
    """
    from sluss.review import shown
    from sluss.review.decisions import decide as say
    from sluss.review.decisions import parse_settings

    verdict = "accept" if accept else "reject"
    set_values = parse_settings(settings or [])
    spoken = say(load_id, line_no, verdict, set_values, why)  # type: ignore[arg-type]
    confirm = shown.command(load_id, line_no, verdict, set_values)
    if as_json:
        print_json(
            {
                "load_id": load_id,
                "line_no": line_no,
                "outcome": spoken.outcome,
                "speaker": spoken.speaker,
                "other": spoken.other,
            }
        )
        return
    out = console()
    if spoken.outcome == "decided":
        effect = (
            "the next `sluss build` brings the line into the marts, if it fails no other rule"
            if accept
            else "the line is rejected, and the next `sluss build` takes it out if it was accepted"
        )
        out.print(
            f"Decided by {spoken.speaker}, proposed by {spoken.other}: {effect}.", markup=False
        )
        return
    if spoken.other:
        whose = "their own" if spoken.other == spoken.speaker else f"that of {spoken.other}"
        out.print(f"Proposed by {spoken.speaker}, in place of {whose}.", markup=False)
    else:
        out.print(f"Proposed by {spoken.speaker}.", markup=False)
    out.print(f"A second person confirms it with: {confirm}", markup=False)


def _said(line: ReviewLine) -> str:
    said = []
    if line.decision:
        said.append(
            f"decided by {line.decision.proposed_by} and {line.decision.decided_by}"
            f"{_when(line.decision.decided_at)}: {_verdict(line.decision)}"
        )
    if line.proposal:
        said.append(
            f"proposed by {line.proposal.proposed_by}{_when(line.proposal.proposed_at)}: "
            f"{_verdict(line.proposal)}"
        )
    return "; ".join(said)


def _verdict(opinion: Opinion) -> str:
    from sluss.review import shown

    sets = f" with {shown.set_values(opinion)}" if opinion.set_values else ""
    return f"{opinion.verdict}{sets} ({opinion.why})"


def _when(at: object) -> str:
    return f" {at:%Y-%m-%d %H:%M}" if at else ""


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
