"""``sluss report`` and ``sluss site``: a load as a page to read, and the pages to browse."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sluss.cli.output import console, is_watched, print_json


def register(app: typer.Typer) -> None:
    """Adds this module's commands to ``app``."""
    app.command("report")(report)
    app.command("company-report")(company_report)
    app.command("site")(site)


def report(
    load_id: Annotated[
        int, typer.Argument(metavar="LOAD_ID", help="A load of bank_transactions: `sluss loads`.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE.html", help="Where to write it; replaced if there."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts: one object.")
    ] = False,
) -> None:
    """Write the day report: one load, from its raw lines to the marts, as one HTML file.

    It shows what became of every line, the gates, the sums in every currency, what was corrected
    and rejected, and how the load compares with those of the thirty days before. A held load has a
    report too. Account numbers are masked; names and notes are not in it.

    The report is notebooks/bank_day.ipynb, run on the load and shown without its code. Needs no
    network to write, nor to read.

    Exit code 0: written. 2: the load is not built, not of bank_transactions, or not there; or the
    file cannot be written. 1: no database answers, or a part of the notebook failed.
    """
    import dataclasses

    from sluss.report import write_report

    if is_watched() and not as_json:
        with console(stderr=True).status(f"writing the report of load {load_id}"):
            result = write_report(load_id, out)
    else:
        result = write_report(load_id, out)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        console().print(
            f"{out}: the report of load {load_id}, in {result.seconds:.1f} s", markup=False
        )


def company_report(
    company_id: Annotated[
        int, typer.Argument(metavar="COMPANY_ID", help="Its number: marts.dim_company.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE.html", help="Where to write it; replaced if there."),
    ],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of the window.")
    ],
    end: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The first day after it.")
    ],
    currency: Annotated[str, typer.Option(help="The reporting currency: EUR or USD.")] = "EUR",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts: one object.")
    ] = False,
) -> None:
    """Write the report of a company over all its accounts, as one HTML file.

    Its balance, held and owed, day by day; what came in and went out; the countries on the other
    side; what was left out as dirty, and in which mode; the reference beside it; a projection.

    The report is notebooks/company.ipynb, run and shown without its code.

    Exit code 0: written. 2: no such company, a window without a day, or the file cannot be written.
    1: no database answers, or a part of the notebook failed.
    """
    import dataclasses

    from sluss.report.company import write_company_report

    result = write_company_report(company_id, first.date(), end.date(), currency.upper(), out)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        console().print(
            f"{out}: the report of company {company_id}, in {result.seconds:.1f} s", markup=False
        )


def site(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 3070,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Whoever reaches it reads the reports.")
    ] = "127.0.0.1",
) -> None:
    """Serve the day reports and the dbt docs to a browser, until Ctrl-C.

    Shows what lies in $SLUSS_HOME/site: `reports/load_<id>.html` and `docs/index.html`. Reads only,
    asks no password: keep it to this machine, or put something before it that does.
    """
    from sluss.settings import home
    from sluss.site import make_server

    server = make_server(home().site, port, host)
    console().print(f"{server.url}  Ctrl-C ends it.", markup=False)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
