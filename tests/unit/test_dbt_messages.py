"""What of dbt's messages may be shown: what went wrong and where, and nothing of the data."""

from __future__ import annotations

import pytest

from sluss.dbt import without_data

SECRET = "Ebba Ek, 19121212-1212"


@pytest.mark.parametrize(
    "message",
    [
        "Database Error in model dim_customer (models/marts/bank/dim_customer.sql)\n"
        '  duplicate key value violates unique constraint "dim_customer_pkey"\n'
        f"  DETAIL:  Key (name)=({SECRET}\n  continued {SECRET}) already exists.\n"
        "  compiled code at target/run/dim_customer.sql",
        # A Swedish server, and a row that dbt quotes without any such word.
        "Database Error in model dim_customer (models/marts/bank/dim_customer.sql)\n"
        '  duplicate key value violates unique constraint "dim_customer_pkey"\n'
        f"  DETALJ:  Nyckeln ({SECRET}) finns redan.\n"
        "  compiled code at target/run/dim_customer.sql",
    ],
)
def test_a_database_error_keeps_its_first_line_and_the_place_of_the_sql(message: str) -> None:
    assert without_data(message) == (
        "Database Error in model dim_customer (models/marts/bank/dim_customer.sql)\n"
        '  duplicate key value violates unique constraint "dim_customer_pkey"\n'
        "  compiled code at target/run/dim_customer.sql"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f'invalid input syntax for type numeric: "{SECRET}"', "for type numeric: "),
        (f'date/time field value out of range: "{SECRET}\n  and more"', "out of range: "),
        (f'value "{SECRET}" is out of range for type integer', "out of range for type integer"),
        (f'value too long: "{SECRET}" and "{SECRET}"', "value too long: "),
    ],
)
def test_values_that_an_error_quotes_are_left_out(said: str, shown: str) -> None:
    message = without_data(f"Database Error in model x (x.sql)\n  {said}\n  LINE 3: '{SECRET}'")
    assert shown in message
    assert "Ebba" not in message
    assert "more" not in message


def test_other_errors_are_shown_whole_but_for_quoted_rows() -> None:
    contract = (
        "Compilation Error in model fct_x (models/fct_x.sql)\n"
        "  This model has an enforced contract that failed.\n"
        "  | column_name | definition_type | contract_type |"
    )
    assert without_data(contract) == contract
    assert without_data(f"{contract}\n  DETAIL: {SECRET}") == contract
    assert len(without_data("line\n" * 100).splitlines()) == 16
    assert without_data("") == ""
