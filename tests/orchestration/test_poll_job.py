"""The poll as Dagster runs it: asked, loaded, built, and red where the service lost something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cdm import Script, write_stretch
from tests.conftest import Database
from tests.loader.polls import asked, service
from tests.orchestration.desk import Desk
from tests.support import row, rows

pytestmark = pytest.mark.soak


def test_a_poll_is_loaded_and_built_and_red_where_something_is_lost(
    module_database: Database, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUSS_CDM_GENERATION", "1")
    write_stretch(tmp_path, seed=4, until="2025-01-24")
    lossy = Script(None, "hang", is_lossy=True, only="sepa")
    # The end shows as calls that are not answered; a proxy cuts them short.
    with asked(service(tmp_path, 1, lossy)):
        run = desk.run("poll_cashflow")
    assert not run.success
    said = run.failures()["missing_of_cashflow"]
    assert "cashflow_sepa: lines were lost or refused" in said
    # What did come is loaded and built all the same.
    assert row("select count(*) from ops.http_gaps")["count"] == 1
    gates = rows(
        "select loads.feed, gate from marts.rpt_load_reconciliation inner join ops.loads "
        "on _load_id = load_id where loads.feed like 'cashflow%'"
    )
    assert {each["feed"] for each in gates if each["gate"] == "published"} == {
        "cashflow_companies",
        "cashflow_rates",
        "cashflow_sepa",
        "cashflow_swift",
    }
    assert row("select count(*) from marts.fct_cash_movements")["count"] > 100

    with asked(service(tmp_path, 1)):
        run = desk.run("poll_cashflow")
    assert run.success, run.failures()
