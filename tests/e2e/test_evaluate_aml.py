"""`sluss evaluate aml` and `sluss aml fit` on a small labelled set, through the whole pipeline."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection

from sluss.aml import evaluate, labelled, summary
from sluss.settings import Home
from tests.conftest import REPOSITORY, Database, RunSluss
from tests.e2e.labelled_set import (
    accounts,
    payments,
    write_labels,
    write_payments,
    write_register,
)
from tests.support import Row, rows

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


@dataclass
class Evaluation:
    """What an evaluation found, and what its database held while it was measured."""

    result: dict[str, Any] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    tables_with_labels: list[str] = field(default_factory=list)
    columns_of_labels: list[Row] = field(default_factory=list)


@pytest.fixture(scope="module")
def evaluation(small_set: Path, home: Home) -> Evaluation:
    found = Evaluation()
    facts = evaluate._facts

    def look_first(connection: Connection) -> dict[str, Any]:
        tables = rows(
            "select table_schema || '.' || table_name as name from information_schema.tables"
            " where table_schema not in ('pg_catalog', 'information_schema')"
        )
        found.tables = {each["name"] for each in tables}
        found.tables_with_labels = [
            name
            for name in found.tables
            if rows(f"select from {name} as it where cast(it as text) like '%-secret%' limit 1")
        ]
        found.columns_of_labels = rows(
            "select table_name, column_name from information_schema.columns"
            " where column_name in ('is_suspicious', 'attempt_id')"
        )
        return facts(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_HOME", str(home.path))
        patch.setattr(evaluate, "_facts", look_first)
        found.result = evaluate.evaluate(small_set)
    return found


def test_no_label_reaches_the_database(evaluation: Evaluation, small_set: Path) -> None:
    attempts = set(labelled.read_labels(labelled.find(small_set).labels)["attempt_id"]) - {""}
    assert attempts
    assert all(each.endswith("-secret") for each in attempts)
    assert {"marts.fct_transactions", "marts.fct_transaction_scores"} <= evaluation.tables
    assert evaluation.tables_with_labels == []
    assert evaluation.columns_of_labels == []


def test_an_evaluation_says_what_it_measured(evaluation: Evaluation, tmp_path: Path) -> None:
    result = evaluation.result
    assert set(result["rankings"]) == {
        "rules",
        "scorecard",
        "gradient_boosting",
        "shipped_scorecard",
    }
    card = result["rankings"]["scorecard"]
    # Attempts are squares among strangers: whoever misses them misses everything.
    assert card["average_precision"] > 0.5 > result["data"]["base_rate"]
    # 1 % of the last days' payments are five, and may all be of one attempt.
    assert card["precision"] > 0.5
    assert card["attempts_touched"] >= 1
    assert set(card["per_thousand_accounts"]) == {"1", "5", "10"}
    assert card["typologies"]["bipartite"]["attempts"] == card["attempts"]
    said = summary.text(result)
    for words in ("AP", "95 % interval", "lead time", "lift", "Not testable", "clock times"):
        assert words in said
    page, file = tmp_path / "aml.html", tmp_path / "aml.json"
    summary.write_page(result, page)
    evaluate.write_json(result, file)
    assert "precision" in page.read_text(encoding="utf-8")
    assert (
        json.loads(file.read_text(encoding="utf-8"))["rankings"].keys() == result["rankings"].keys()
    )


def test_an_evaluation_leaves_no_database_behind(
    evaluation: Evaluation, module_database: Database
) -> None:
    left = rows("select datname from pg_database where datname like 'sluss_evaluate%'")
    assert left == []


def test_a_folder_that_is_no_labelled_set_is_unusable(tmp_path: Path, run_sluss: RunSluss) -> None:
    done = run_sluss("evaluate", "aml", "--data", tmp_path, check=2)
    assert "transactions.csv" in done.stderr


@pytest.mark.skipif(not REAL_SET.is_dir(), reason="the labelled set is not part of the repository")
def test_the_labelled_set_is_read_and_cut_as_it_was_described() -> None:
    files = labelled.find(REAL_SET)
    labels = labelled.read_labels(files.labels)
    assert len(labels) == 231_175
    assert labels["is_suspicious"].sum() == 1_752
    assert labels.loc[labels["is_suspicious"] == 1, "attempt_id"].nunique() == 175
