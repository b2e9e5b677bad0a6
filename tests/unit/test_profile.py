"""profiles.yml sends dbt to the database that `loaders.database.dsn` names."""

from __future__ import annotations

import getpass
import os
from typing import Any

import pytest
import yaml
from psycopg2.extensions import parse_dsn

from loaders.database import dsn
from tests.conftest import REPOSITORY


def rendered_profile() -> dict[str, Any]:
    """Returns the profile as dbt reads it in the environment at hand."""
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    set_invocation_context(dict(os.environ))
    raw = yaml.safe_load((REPOSITORY / "profiles.yml").read_text())
    return dict(ProfileRenderer({}).render_data(raw)["sluss"]["outputs"]["main"])


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SLUSS_HOME": "/srv/a home"},
        {"SLUSS_HOME": "~/elsewhere"},
        {"PGDATABASE": "other", "PGPORT": "6000", "PGUSER": "ignored"},
        {"PGHOST": "db.bank.example", "PGUSER": "etl", "PGDATABASE": "bank", "PGPORT": "6432"},
        {"PGHOST": "/run/postgresql", "PGUSER": "etl"},
        {"DATABASE_URL": "postgresql://etl@db.bank.example/bank"},
        {"DATABASE_URL": "postgres://etl:secret@db.bank.example:6432/bank?sslmode=require"},
        {"DATABASE_URL": "postgresql+psycopg2://etl:p%40ss%3Aw%25rd@localhost:6432/bank"},
        {"DATABASE_URL": "postgresql://etl@/bank?host=/run/postgresql"},
        {"DATABASE_URL": "postgresql://postgres@/bank?host=%2Fsrv%2Fa%20home%2Fsocket&port=5433"},
        {
            "DATABASE_URL": "postgresql://etl@db.bank.example/bank",
            "PGHOST": "unused",
            "PGDATABASE": "x",
        },
    ],
    ids=lambda environment: " ".join(environment) or "nothing set",
)
def test_dbt_connects_where_the_loaders_connect(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "SLUSS_HOME",
        "DATABASE_URL",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGPASSWORD",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    expected = {"port": "5432", "password": "", "user": getpass.getuser(), **parse_dsn(dsn())}
    profile = rendered_profile()
    for dbt_name in ("host", "port", "user", "password", "dbname"):
        assert str(profile[dbt_name]) == expected[dbt_name], dbt_name
    assert profile["sslmode"] == expected.get("sslmode", "prefer")
    assert isinstance(profile["port"], int)


def test_dbt_works_as_the_transformer_under_a_name_of_its_own() -> None:
    profile = rendered_profile()
    assert profile["role"] == "sluss_transformer"
    assert profile["application_name"] == "sluss dbt"
