"""Dagster in this process, on a real database: definitions read once, a desk for each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
import pytest

from tests.conftest import Database
from tests.orchestration.desk import Desk, clear_home

MakeDesk = Callable[[Path], AbstractContextManager[Desk]]


@pytest.fixture(scope="session", autouse=True)
def clean_orchestration(clean_environment: None) -> Iterator[None]:
    """No notice goes to the webhook of the person who runs the tests, no file is theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            *("SLUSS_LANDING", "SLUSS_WEBHOOK_URL", "SLUSS_FX_URL", "SLUSS_FIRST_BUSINESS_DATE"),
            *("SLUSS_DAGSTER_URL", "SLUSS_SITE_URL", "DAGSTER_HOME"),
        ):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def definitions(clean_orchestration: None) -> dg.Definitions:
    """The definitions as `dagster dev` loads them."""
    from orchestration.definitions import defs

    return defs


@pytest.fixture(scope="session")
def make_desk(definitions: dg.Definitions) -> MakeDesk:
    """Returns ``make(folder)``, a context in which a desk is there that keeps all in ``folder``."""

    @contextmanager
    def make(folder: Path) -> Iterator[Desk]:
        landing, kept = folder / "landing", folder / "dagster"
        landing.mkdir()
        kept.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLUSS_LANDING", str(landing))
            with dg.DagsterInstance.local_temp(str(kept)) as instance:
                yield Desk(definitions, instance, landing)

    return make


@pytest.fixture(scope="module")
def desk(
    module_database: Database, make_desk: MakeDesk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The desk of a module, on its database."""
    clear_home(module_database.home.path)
    with make_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made
