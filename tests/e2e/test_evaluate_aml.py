"""`sluss evaluate aml` and `sluss aml fit` on a small labelled set, through the whole pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from sluss.aml import labelled, scratch
from tests.conftest import REPOSITORY, Database, RunSluss
from tests.e2e.labelled_set import (
    accounts,
    payments,
    write_labels,
    write_payments,
    write_register,
)
from tests.support import rows

DAYS = 40
REAL_SET = REPOSITORY.parent / "shared" / "data" / "aml"


@pytest.fixture(scope="module")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    random = Random(60)
    own = accounts(200, random)
    lines = payments(own, DAYS, random)
    write_register(folder / "customers.csv", own)
    write_payments(folder / "transactions.csv", lines)
    write_labels(folder / "labels.csv", lines)
    return folder


def test_no_label_reaches_the_database(small_set: Path, database: Database) -> None:
    files = labelled.find(small_set)
    attempts = set(labelled.read_labels(files.labels)["attempt_id"]) - {""}
    assert all(each.endswith("-secret") for each in attempts)
    scratch.publish(files, ["+fct_transaction_scores"], lambda text: None)
    tables = rows(
        "select table_schema || '.' || table_name as name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema')"
    )
    assert {"marts.fct_transactions", "marts.fct_transaction_scores"} <= {t["name"] for t in tables}
    for each in tables:
        found = rows(
            f"select count(*) as n from {each['name']} as it"  # noqa: S608
            " where cast(it as text) like '%%-secret%%'"
        )
        assert found[0]["n"] == 0, each["name"]
    columns = rows(
        "select table_name, column_name from information_schema.columns"
        " where column_name in ('is_suspicious', 'attempt_id')"
    )
    assert columns == []


def test_an_evaluation_says_what_it_measured(
    small_set: Path, tmp_path: Path, home: object, run_sluss: RunSluss
) -> None:
    page, file = tmp_path / "aml.html", tmp_path / "aml.json"
    done = run_sluss(
        "evaluate", "aml", "--data", small_set, "--page", page, "--out", file, timeout=900
    )
    result = json.loads(file.read_text(encoding="utf-8"))
    assert set(result["rankings"]) == {
        "rules",
        "scorecard",
        "gradient_boosting",
        "shipped_scorecard",
    }
    card = result["rankings"]["scorecard"]
    # Attempts are squares among strangers: whoever misses them misses everything.
    assert card["average_precision"] > 0.5 > 10 * result["data"]["base_rate"] / 10
    assert card["attempts_touched_share"] > 0.5
    assert set(card["per_thousand_accounts"]) == {"1", "5", "10"}
    assert card["typologies"]["bipartite"]["attempts"] == card["attempts"]
    for said in ("AP", "95 % interval", "lead time", "lift", "Not testable", "clock times"):
        assert said in done.stdout
    assert "precision" in page.read_text(encoding="utf-8")
    left = rows("select datname from pg_database where datname like 'sluss_evaluate%%'")
    assert left == []


def test_a_folder_that_is_no_labelled_set_is_unusable(
    tmp_path: Path, home: object, run_sluss: RunSluss
) -> None:
    done = run_sluss("evaluate", "aml", "--data", tmp_path, check=2)
    assert "transactions.csv" in done.stderr


@pytest.mark.skipif(not REAL_SET.is_dir(), reason="the labelled set is not part of the repository")
def test_the_labelled_set_is_read_and_cut_as_it_was_described() -> None:
    files = labelled.find(REAL_SET)
    labels = labelled.read_labels(files.labels)
    assert len(labels) == 231_175
    assert labels["is_suspicious"].sum() == 1_752
    assert labels.loc[labels["is_suspicious"] == 1, "attempt_id"].nunique() == 175
