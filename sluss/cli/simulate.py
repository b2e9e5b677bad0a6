"""``sluss simulate``: stand-ins for the services that Sluss reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds ``simulate`` with one command a service."""
    group = typer.Typer(
        help="Serves generated files as the services do that Sluss reads.", no_args_is_help=True
    )
    group.callback()(_root)
    group.command("cdm")(cdm)
    app.add_typer(group, name="simulate")


def _root() -> None:
    # Keeps `cdm` a command of its own while it is the only one.
    pass


def cdm(
    data: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="A folder that `sluss generate cashflow` wrote."
        ),
    ],
    generation: Annotated[
        int, typer.Option(min=1, max=2, help="Of the service: they answer in different ways.")
    ] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    faults: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            help="Repeated pages, 500s, slow answers, hangs and cut bodies, drawn from this seed.",
        ),
    ] = None,
    lossy: Annotated[
        bool,
        typer.Option(
            "--lossy",
            help="With --faults: what generation 1 answered in vain is gone, as it is in reality.",
        ),
    ] = False,
) -> None:
    """Serves the CDM API on this machine, until Ctrl-C.

    Generation 1 keeps the cursor itself: each call of `/sepa` or `/swift` gives the next five days,
    and the end shows as a call that is never answered. Generation 2 takes `limit` and `after-id` or
    `after-timestamp`. Where SLUSS_CDM_TOKEN is set, it asks for that token.

    Example: sluss simulate cdm --data cash --generation 2 --port 8082 --faults 7
    """
    import os

    from loaders.simulators.cdm import Faults, build_app
    from loaders.simulators.serving import listening, server_of
    from sluss.cli.output import console

    app = build_app(
        data,
        generation,
        Faults(faults, lossy) if faults is not None else None,
        token=os.environ.get("SLUSS_CDM_TOKEN") or None,
    )
    listener = listening(host, port)
    console().print(
        f"http://{host}:{listener.getsockname()[1]}  generation {generation}. Ctrl-C ends it.",
        markup=False,
    )
    server_of(app).run(sockets=[listener])
