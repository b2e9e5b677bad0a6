"""All that detection holds, to compare what builds led to with what a full refresh makes."""

from __future__ import annotations

from collections import Counter

from psycopg2 import sql

from tests.support import rows

# All that detection holds, but for when and in which version a load was taken in.
HELD = {
    "marts": [
        "fct_alerts",
        "fct_shadow_alerts",
        "bridge_alert_transactions",
        "rpt_alert_day",
        "fct_transaction_scores",
    ],
    "intermediate": [
        "int_aml_edges__keyed",
        "int_aml_edges__large",
        "int_aml_edges__dense",
        "int_aml_edges__small_foreign",
        "int_aml_account_days__counted",
        "int_aml_account_days__heavy",
        "int_aml_load_sizes__measured",
        "int_aml_pairs__met",
        "int_aml_pairs__new",
        "int_aml_features__of_pairs",
        "int_aml_pairs__scored",
        "int_aml_payments__listed",
        "int_aml_hits__united",
    ],
}
Held = dict[str, Counter[str]]


def holdings() -> Held:
    found = {}
    for schema, names in HELD.items():
        for name in names:
            table = sql.SQL("select to_jsonb(one)::text as text from {} as one")
            texts = rows(table.format(sql.Identifier(schema, name)))
            found[name] = Counter(each["text"] for each in texts)
    return found


def assert_same(built: Held, anew: Held) -> None:
    """Fails with the table, how many rows are gone and came, and the first of them."""
    for name, standing in anew.items():
        gone, come = built[name] - standing, standing - built[name]
        assert (name, gone.total(), come.total(), [*gone, *come][:2]) == (name, 0, 0, [])
