"""The local dbt_expectations package against a table of edge values.

`expectations_project/models/_tests.yml` calls every test with the number of failures it must
report. The project is built once, and what dbt counted is compared with that. Every test of the
package is seen to pass and to fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from psycopg2.extensions import parse_dsn

from tests.conftest import REPOSITORY, Database

PROJECT = Path(__file__).parent / "expectations_project"
PACKAGE = REPOSITORY / "dbt_project" / "packages" / "dbt_expectations"

# The signatures that the published package and stack.md promise, as the independent answer.
PROMISED = {
    "expect_table_row_count_to_be_between": "min_value max_value group_by row_condition strictly",
    "expect_table_row_count_to_equal_other_table": "compare_model group_by compare_group_by factor"
    " row_condition compare_row_condition",
    "expect_table_aggregation_to_equal_other_table": "expression compare_model compare_expression"
    " group_by compare_group_by row_condition compare_row_condition tolerance tolerance_percent",
    "expect_table_columns_to_match_set": "column_list transform",
    "expect_column_values_to_be_between": "min_value max_value row_condition strictly",
    "expect_column_values_to_be_in_set": "value_set quote_values row_condition",
    "expect_column_values_to_not_be_in_set": "value_set quote_values row_condition",
    "expect_column_values_to_match_regex": "regex row_condition is_raw flags",
    "expect_column_values_to_not_match_regex": "regex row_condition is_raw flags",
    "expect_column_value_lengths_to_equal": "value row_condition",
    "expect_column_value_lengths_to_be_between": "min_value max_value row_condition strictly",
    "expect_column_pair_values_A_to_be_greater_than_B": "column_A column_B or_equal row_condition",
    "expect_compound_columns_to_be_unique": "column_list quote_columns ignore_row_if row_condition",
    "expect_multicolumn_sum_to_equal": "column_list sum_total group_by row_condition",
    "expect_row_values_to_have_recent_data": "datepart interval row_condition",
    "expect_column_proportion_of_unique_values_to_be_between": "min_value max_value group_by"
    " row_condition strictly",
}


@dataclass(frozen=True)
class Project:
    """A copy of the mini project that was built, and how to run dbt in it."""

    folder: Path
    environment: dict[str, str]

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs dbt in the project and returns what it said."""
        return subprocess.run(
            [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def artifact(self, name: str) -> Any:
        """One of dbt's result files, parsed."""
        return json.loads((self.folder / "target" / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Outcome:
    """What one test call was expected to report, and what it reported."""

    call: str
    test: str
    expected: int
    reported: int | None
    message: str


@pytest.fixture(scope="module")
def project(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("expectations") / "project"
    shutil.copytree(PROJECT, folder)
    address = parse_dsn(module_database.dsn)
    environment = {
        "DBT_EXPECTATIONS_DIR": str(PACKAGE),
        "DBT_PROFILES_DIR": str(folder),
        "EXPECTATIONS_HOST": address["host"],
        "EXPECTATIONS_PORT": address.get("port", "5432"),
        "EXPECTATIONS_USER": address.get("user", "postgres"),
        "EXPECTATIONS_PASSWORD": address.get("password", ""),
        "EXPECTATIONS_DBNAME": address["dbname"],
    }
    built = Project(folder, environment)
    for command in ("deps", "build"):
        done = built.dbt(command)
        assert done.returncode == 0, f"dbt {command}:\n{done.stdout}{done.stderr}"
    return built


@pytest.fixture(scope="module")
def outcomes(project: Project) -> list[Outcome]:
    """Every test call of the built project."""
    nodes = project.artifact("manifest")["nodes"]
    results = {each["unique_id"]: each for each in project.artifact("run_results")["results"]}
    return [
        Outcome(
            call=f"{node['name']} {node['test_metadata']['kwargs']} {node['config']['where']}",
            test=node["test_metadata"]["name"],
            expected=node["config"]["meta"]["expected_failures"],
            reported=results[name]["failures"],
            message=results[name]["message"] or "",
        )
        for name, node in nodes.items()
        if node["resource_type"] == "test"
    ]


def test_every_call_reports_the_expected_number_of_failures(outcomes: list[Outcome]) -> None:
    wrong = [
        f"{each.call}: expected {each.expected}, reported {each.reported} {each.message}"
        for each in outcomes
        if each.reported != each.expected
    ]
    assert not wrong, "\n".join(wrong)
    assert len(outcomes) > 150


def test_every_promised_test_is_seen_to_pass_and_to_fail(outcomes: list[Outcome]) -> None:
    assert {each.test for each in outcomes} == set(PROMISED)
    for test in PROMISED:
        expected = {each.expected > 0 for each in outcomes if each.test == test}
        assert expected == {False, True}, test


def test_arguments_are_those_of_the_published_package(project: Project) -> None:
    macros = project.artifact("manifest")["macros"]
    signatures = {
        macro["name"].removeprefix("test_"): macro["macro_sql"].split("(", 1)[1].split(") %}")[0]
        for macro in macros.values()
        if macro["package_name"] == "dbt_expectations" and macro["name"].startswith("test_")
    }
    actual = {
        name: [argument.split("=")[0].strip() for argument in text.split(",")]
        for name, text in signatures.items()
    }
    assert set(actual) == set(PROMISED)
    for name, promised in PROMISED.items():
        own = [argument for argument in actual[name] if argument not in ("model", "column_name")]
        assert own == promised.split(), name


def test_package_needs_no_other_package(project: Project) -> None:
    assert not (PACKAGE / "packages.yml").exists()
    packages = {macro["package_name"] for macro in project.artifact("manifest")["macros"].values()}
    assert packages == {"dbt", "dbt_postgres", "dbt_expectations"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("test_expect_column_values_to_be_between('t', 'c')", "without a bound"),
        ("test_expect_table_row_count_to_be_between('t', strictly=true)", "without a bound"),
        ("test_expect_column_values_to_be_in_set('t', 'c', [])", "value_set is empty"),
        ("test_expect_column_values_to_not_be_in_set('t', 'c', ['a', none])", "holds a null"),
        (
            "test_expect_column_values_to_match_regex('t', 'c', 'a', flags='z')",
            "no regular expression flag",
        ),
        ("test_expect_compound_columns_to_be_unique('t', [])", "column_list is empty"),
        (
            "test_expect_compound_columns_to_be_unique('t', ['a'], ignore_row_if='x')",
            "ignore_row_if is 'x'",
        ),
        (
            "test_expect_table_row_count_to_equal_other_table('t', 'u', ['a'], ['a', 'b'])",
            "equally many columns",
        ),
    ],
)
def test_a_call_that_could_not_fail_or_makes_no_sense_is_refused(
    project: Project,
    call: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    # In this process: eight starts of dbt would take longer than everything else here.
    folder = str(project.folder)
    options = ["--project-dir", folder, "--no-introspect", "--no-populate-cache", "--no-write-json"]
    inline = f"{{{{ dbt_expectations.{call} }}}}"
    done = dbtRunner().invoke(["--quiet", "compile", *options, "--inline", inline])
    assert not done.success
    assert message in " ".join(capfd.readouterr().out.split())
