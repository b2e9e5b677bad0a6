"""dbt in this process, for tests that build many times: the project is parsed once a worker.

What dbt parses names the database in every node. A copy of it, with the name replaced, serves the
next database: a twentieth of a second, where parsing takes five.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

from sluss.build import HOLDER_VARIABLE
from sluss.dbt import PROJECT, REPOSITORY, install_packages
from sluss.idle import DETECTION, selection
from tests.conftest import Database
from tests.support import BANK_ONLY

# Seeds never change in these tests; the snapshots see only what is newest when dbt runs.
MODELS_AND_SEEDS_ONLY = ("test", "unit_test", "snapshot")
ALL_BUT_MODELS = ("seed", *MODELS_AND_SEEDS_ONLY)


class Builder:
    """Builds the models of one database; what dbt writes goes to ``folder``.

    ``bank_only``: after the first build, which makes their tables, the models of other feeds are
    left out, but for a full refresh. ``with_detection``: those of detection, which no other mart
    depends on, are built too.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        bank_only: bool = False,
        with_detection: bool = False,
    ) -> None:
        self._excluded = [] if with_detection else selection(DETECTION)
        self._folder = folder
        self._places = _places(folder)
        self._bank_only, self._has_built = bank_only, False
        # How the last build ended for whoever called it: False is what dbt's exit code says.
        self.succeeded = False
        parsed, name = _parsed(folder)
        assert len(name) == len(database.name), "or the copy is not what dbt would have parsed"
        self._manifest = Manifest.from_msgpack(
            parsed.replace(name.encode(), database.name.encode()),
            decoder=extended_mashumuro_decoder,
        )

    def __call__(self, *options: str, leave_out: tuple[str, ...] = ALL_BUT_MODELS) -> set[str]:
        """Runs ``dbt build``; returns the names of the tests that failed. A model must not."""
        # A plain dbt: whatever held the lock of a build in this process holds it no more.
        os.environ.pop(HOLDER_VARIABLE, None)
        arguments = ["build", *self._places, "--exclude-resource-type", *leave_out]
        excluded = [*self._excluded]
        if self._bank_only and self._has_built and "--full-refresh" not in options:
            excluded += BANK_ONLY
        self._has_built = True
        arguments += [*(["--exclude", *excluded] if excluded else []), *options]
        outcome = dbtRunner(manifest=self._manifest).invoke(arguments)
        assert outcome.exception is None, outcome.exception
        self.succeeded = outcome.success
        failed: set[str] = set()
        for each in outcome.result.results:  # type: ignore[union-attr]
            if str(each.status) in ("success", "pass", "no-op", "warn"):
                continue
            assert str(each.status) == "fail", f"{each.node.name}: {each.status}: {each.message}"
            failed.add(each.node.name)
        return failed


def _places(folder: Path) -> list[str]:
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(REPOSITORY)]
    places += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    places += ["--log-level", "none", "--log-level-file", "none", "--no-print"]
    return [*places, "--no-write-json"]


_cache: dict[str, Any] = {}


def _parsed(folder: Path) -> tuple[bytes, str]:
    """The parsed project, and the name of the database that it was parsed for."""
    if not _cache:
        install_packages()
        outcome = dbtRunner().invoke(["parse", *_places(folder)])
        assert outcome.exception is None, outcome.exception
        assert isinstance(outcome.result, Manifest)
        _cache["parsed"] = outcome.result.to_msgpack(extended_mashumaro_encoder)
        _cache["name"] = os.environ["PGDATABASE"]
    return _cache["parsed"], _cache["name"]
