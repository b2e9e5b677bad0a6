"""dbt's own unit tests, which a nightly `dbt build` leaves out, and rounding."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from tests.conftest import Database, RunDbt

AMOUNTS = (
    *("0.125", "0.135", "0.145", "2.675", "-0.125", "-0.135", "-2.675", "0.005", "0.015", "-0.005"),
    *("0.1250000000000001", "0.1249999999999999", "-0.1250000000000001", "1", "0", "12345678.905"),
)


def test_every_unit_test_of_the_project_passes(
    sample_day: Database, run_dbt: RunDbt, tmp_path: Path
) -> None:
    # A target of its own: the results are read. dbt asks the built tables for their columns.
    run_dbt("test", "--select", "test_type:unit", target=tmp_path)
    results = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert {each["status"] for each in results if each["unique_id"].startswith("unit")} == {"pass"}
    assert {each["unique_id"] for each in results} >= manifest["unit_tests"].keys()
    assert len(manifest["unit_tests"]) > 45


def test_halves_are_rounded_to_the_even_neighbour(sample_day: Database, run_dbt: RunDbt) -> None:
    rounded = ", ".join(
        f"{{{{ round_half_even('cast({amount} as numeric)') }}}} as amount_{place}"
        for place, amount in enumerate(AMOUNTS)
    )
    shown = run_dbt("--quiet", "show", "--output", "json", "--inline", f"select {rounded}")
    (found,) = json.loads(shown.stdout, parse_float=Decimal, parse_int=Decimal)["show"]
    assert {AMOUNTS[int(name.split("_")[1])]: value for name, value in found.items()} == {
        amount: Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_EVEN) for amount in AMOUNTS
    }
