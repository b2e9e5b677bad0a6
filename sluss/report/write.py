"""Executes the notebook for one load and writes it as one HTML file.

Nothing of Jupyter's is left behind, and nothing of the user's Jupyter is used: the kernel is this
interpreter, and its files are in a folder that goes with it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders import database
from loaders.errors import UnusableInputError, UserError
from sluss.dbt import REPOSITORY
from sluss.report.load import find_load

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = REPOSITORY / "notebooks" / "bank_day.ipynb"

# A cell that takes longer waits for something that will not come: queries end before it.
_CELL_SECONDS = 10 * 60

# How often the day is looked at again where a build changed it meanwhile.
_ATTEMPTS = 2

# Errors whose message is written for people and quotes no data; of others only the kind is told.
_SPEAKING = ("UserError", "UnusableInputError", "DatabaseUnavailableError")


@dataclass(frozen=True)
class ReportResult:
    """A report that was written, and the version of the load's rows that it shows."""

    path: Path
    load_id: int
    version: str
    seconds: float


def write_report(load_id: int, out: Path) -> ReportResult:
    """Writes the day report of a load to ``out``, whole or not at all, readable by its owner only.

    Raises UnusableInputError if the load has no report (not built, of another feed, not there) or
    ``out`` cannot be written, and UserError if a part of the notebook fails.
    """
    from sluss.report.render import render

    started = time.monotonic()
    target = check_target(out)
    load = find_load(load_id)
    for _ in range(_ATTEMPTS):
        page = render(execute(load_id), load)
        after = find_load(load_id)
        if after == load:
            break
        load = after
    else:
        raise UserError(
            f"Load {load_id} was built anew while its report was written: nothing was written. "
            "Ask for the report again when the build is done."
        )
    replace_page(target, page)
    return ReportResult(target, load_id, load.version, round(time.monotonic() - started, 1))


def execute(load_id: int, notebook: Path = NOTEBOOK) -> NotebookNode:
    """Returns the notebook of a load with the outputs of its cells; raises as below."""
    return execute_notebook(notebook, {"load_id": load_id})


def execute_notebook(notebook: Path, parameters: Mapping[str, object]) -> NotebookNode:
    """Returns a notebook, run with ``parameters``, with the outputs of its cells.

    Raises UserError, which names the part that failed and quotes no data.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    directory = Path(tempfile.mkdtemp(prefix="sluss-report-"))
    try:
        return papermill.execute_notebook(
            str(notebook),
            None,
            parameters=dict(parameters),
            kernel_name="sluss",
            kernel_manager_class=_kernel_manager(directory),
            execution_timeout=_CELL_SECONDS,
            progress_bar=False,
            # Where the kernel works, without changing where this process does.
            resources={"metadata": {"path": str(REPOSITORY)}},
        )
    except PapermillExecutionError as error:
        raise UserError(_failure(notebook, error)) from None
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _kernel_manager(directory: Path) -> type[Any]:
    """Returns a manager of kernels that are this interpreter, with all their files in a folder."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(
        argv=[
            sys.executable,
            # Otherwise the debugger, which nobody attaches, warns on every start.
            "-Xfrozen_modules=off",
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
            "--HistoryManager.hist_file=:memory:",
            # It calls its own end an error where the machine is busy; cells speak for themselves.
            "--log-level=50",
        ],
        display_name="Sluss",
        language="python",
        env={
            "IPYTHONDIR": str(directory / "ipython"),
            "JUPYTER_CONFIG_DIR": str(directory / "config"),
            "JUPYTER_DATA_DIR": str(directory / "data"),
            "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
            # A relative one is meant from where this process stands; the kernel stands elsewhere.
            "SLUSS_HOME": str(database.sluss_home()),
            # Figures come as data; the report draws them itself.
            "PLOTLY_RENDERER": "plotly_mimetype",
        },
    )

    class ThisInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            # Sockets in a folder that nobody else may enter: no network port, so none that two
            # reports at once, or somebody else, could take.
            self.transport = "ipc"
            self.connection_file = str(directory / "kernel.json")
            self.ip = str(directory / "k")

    return ThisInterpreter


def _failure(notebook: Path, error: Any) -> str:
    import nbformat

    from sluss.report.render import heading_before

    # What was executed holds one cell more than what is on disk: the parameters.
    cells = nbformat.read(notebook, as_version=4).cells
    title = heading_before(cells, max(error.cell_index - 1, 0))
    if error.ename in _SPEAKING:
        what = error.evalue
    else:
        what = f"{error.ename}; what it said is not repeated here, for it may quote the data."
    return (
        f"The report failed in its part “{title}”: {what} To look into it, open "
        f"{notebook.relative_to(REPOSITORY) if notebook.is_relative_to(REPOSITORY) else notebook} "
        "in Jupyter, set its parameters, and run its cells."
    )


def check_target(out: Path) -> Path:
    target = Path(os.path.abspath(out.expanduser()))
    if target.is_dir():
        raise UnusableInputError(
            f"{out} is a folder: name the file, for example {out / 'day.html'}."
        )
    if not target.parent.is_dir():
        raise UnusableInputError(f"There is no folder {target.parent}: make it first.")
    if not os.access(target.parent, os.W_OK):
        raise UnusableInputError(f"The folder {target.parent} cannot be written to.")
    return target


def replace_page(target: Path, page: str) -> None:
    """Puts the page in place at once: a reader sees the old report or the new one."""
    # Made with mode 0600, and it keeps it.
    handle, temporary = tempfile.mkstemp(
        prefix=f".{target.name}.", suffix=".tmp", dir=target.parent
    )
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
