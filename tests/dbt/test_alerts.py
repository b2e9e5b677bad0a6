"""Alerts on the real database, held against what the generator planted, through a life of loads.

The days come out of order, one is withdrawn and comes again; after each build the hits stand as a
full refresh would make them, and an alert keeps its id.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from psycopg2 import errors

from loaders import ledger
from loaders.database import connect
from loaders.generators.bank import generate_bank_days
from loaders.generators.bank.lines import HEADER
from loaders.generators.bank.patterns import read_attempts
from tests.conftest import REPOSITORY, Database, RunDbt, RunSluss
from tests.support import Row, loaded, rows

FIRST = date(2025, 5, 19)
DAYS = 5
# Which rule finds which pattern.
RULE_OF = {
    "burst": "velocity_burst",
    "smurfing": "smurfing",
    "chain": "layering_chain",
    "cycle": "round_trip",
    "structuring": "structuring_10000",
    "pass_through": "rapid_movement",
    "dormant": "dormant_reactivated",
}
DETECTION = ("+fct_alerts", "+fct_shadow_alerts", "+bridge_alert_transactions", "+rpt_alert_day")
HITS = (
    "select rule_id, version, subject_key, alert_date, known_date, alert_at, transaction_id::text,"
    " window_start_at, value, amount_in_sek, amount_out_sek, transaction_count,"
    " counterparty_count, finding, evidence from intermediate.int_aml_hits__united"
)


@dataclass
class Life:
    """What stood after each step."""

    hits: dict[str, set[str]] = field(default_factory=dict)
    alerts: dict[str, dict[str, Row]] = field(default_factory=dict)
    evidence: dict[str, set[str]] = field(default_factory=dict)
    attempts: dict[str, set[str]] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)

    def look(self, step: str) -> None:
        self.hits[step] = {repr(sorted(hit.items())) for hit in rows(HITS)}
        self.alerts[step] = {
            alert["alert_id"]: alert for alert in rows("select * from marts.fct_alerts")
        }


def listed_lines(customers: Path, out: Path) -> dict[str, str]:
    """Writes a payment for every known way to write a black-listed country; returns id -> name."""
    with customers.open(encoding="utf-8", newline="") as file:
        own = [record[4] for record in csv.reader(file)][1]
    with (REPOSITORY / "seeds" / "country_aliases.csv").open(encoding="utf-8", newline="") as file:
        names = [
            form
            for row in csv.DictReader(file)
            if row["country_code"] in ("IR", "KP", "MM")
            for form in (row["alias"], f" {row['alias'].upper()}  ")
        ]
    abroad = "DE89370400440532013000"
    lines, ids = [], {}
    for number, name in enumerate(names):
        ids[transaction_id := str(uuid.UUID(int=(4 << 76) + (2 << 62) + number))] = name
        sides = [own, abroad, "Sweden", "", name, ""]
        if number % 2:
            sides = [abroad, own, name, "", "Sweden", ""]
        lines.append([transaction_id, "2025-05-19 12:00:00", "1.00", "SEK", *sides, "outgoing", ""])
    # Told by the account alone.
    ids[transaction_id := str(uuid.UUID(int=(4 << 76) + (2 << 62) + 10_000))] = "an IBAN of Iran"
    iban = "IR580540105180021273113007"
    sides = [own, iban, "Sweden", "", "France", ""]
    lines.append([transaction_id, "2025-05-19 12:00:00", "1.00", "SEK", *sides, "outgoing", ""])
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER.split(","), *lines])
    return ids


@pytest.fixture(scope="module")
def life(
    make_database: Callable[[], AbstractContextManager[Database]],
    run_dbt: RunDbt,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Life]:
    told = Life()
    folder = tmp_path_factory.mktemp("run")
    plant = read_attempts(["all=3", "burst=4", "smurfing=5"])
    made = generate_bank_days(4_000, 21, folder, DAYS, plant, FIRST, accounts=1_500)
    days = [each.business_date for each in made]
    attempts = defaultdict(set)
    for day in days:
        key = json.loads((folder / day.isoformat() / "key.json").read_text(encoding="utf-8"))
        for label in key["planted"]:
            if label["role"] != "before":
                attempts[label["attempt"]].add(label["transaction_id"])
    told.attempts = dict(attempts)

    def load(day: date, again: bool = False) -> int:
        path = folder / day.isoformat() / "transactions.csv"
        return loaded("bank_transactions", path, day, again=again)

    def build(*without: str) -> None:
        skipped = ("test", "unit_test", *without)
        run_dbt("build", "--exclude-resource-type", *skipped, "--select", *DETECTION)

    with make_database():
        customers = folder / FIRST.isoformat() / "customers.csv"
        loaded("bank_customers", customers, FIRST)
        loaded("fx_rates", None)
        load(days[0])
        load(days[2])
        withdrawn = load(days[3])
        build()
        told.look("three days")
        load(days[1])
        ledger.withdraw(withdrawn, "a test")
        build("seed")
        told.look("one withdrawn")
        run_dbt("run", "--full-refresh", "--select", "models/intermediate/aml_rules")
        told.look("one withdrawn, all anew")
        load(days[3], again=True)
        load(days[4])
        listed_file = folder / "listed.csv"
        told.listed = listed_lines(customers, listed_file)
        loaded("bank_transactions", listed_file, days[4])
        build("seed")
        told.look("all")
        for each in rows(
            "select alert_id, transaction_id::text from marts.bridge_alert_transactions"
        ):
            told.evidence.setdefault(each["alert_id"], set()).add(each["transaction_id"])
        yield told


def test_the_hits_of_a_life_of_loads_are_those_of_a_full_refresh(life: Life) -> None:
    built, anew = life.hits["one withdrawn"], life.hits["one withdrawn, all anew"]
    assert len(anew) > 20
    assert built - anew == set()
    assert anew - built == set()
    # Withdrawing changed something: the comparison above is about something.
    assert life.hits["three days"] - built


def test_alerts_keep_their_id_through_rebuilds(life: Life) -> None:
    built, anew = life.alerts["one withdrawn"], life.alerts["one withdrawn, all anew"]
    assert built == anew
    # Of the first day nothing earlier came since: its alerts stand under their ids to the end.
    first = {
        each for each, alert in life.alerts["three days"].items() if alert["alert_date"] == FIRST
    }
    assert len(first) > 5
    assert first <= life.alerts["all"].keys()


@pytest.mark.parametrize("pattern", RULE_OF)
def test_every_planted_attempt_is_found_with_its_payments(life: Life, pattern: str) -> None:
    alerts = life.alerts["all"]
    attempts = {name: ids for name, ids in life.attempts.items() if name.startswith(f"{pattern}-")}
    assert attempts
    missed = {
        name
        for name, ids in attempts.items()
        if not any(
            alerts[alert]["rule_id"] == RULE_OF[pattern] and evidence >= ids
            for alert, evidence in life.evidence.items()
            if alert in alerts
        )
    }
    assert missed == set()


@pytest.mark.parametrize("rule_id", ["velocity_burst", "smurfing"])
def test_normal_lines_raise_no_alert_of_the_two_rules(life: Life, rule_id: str) -> None:
    planted = set().union(*life.attempts.values())
    found = [alert for alert in life.alerts["all"].values() if alert["rule_id"] == rule_id]
    assert found
    assert [a["reason"] for a in found if not life.evidence[a["alert_id"]] & planted] == []


def test_every_way_to_write_a_black_listed_country_alerts(life: Life) -> None:
    raised = {
        str(alert["transaction_id"])
        for alert in life.alerts["all"].values()
        if alert["rule_id"] == "black_list"
    }
    assert len(life.listed) > 60
    assert {name for each, name in life.listed.items() if each not in raised} == set()


def test_an_alert_explains_itself(life: Life) -> None:
    for alert in life.alerts["all"].values():
        assert alert["value"] >= alert["threshold"]
        assert alert["subject_account"]
        assert alert["window_start_at"] <= alert["alert_at"] <= alert["last_hit_at"]
        assert alert["transaction_count"] <= len(life.evidence[alert["alert_id"]])
        assert f"threshold={alert['threshold']:f}".rstrip("0").rstrip(".") in alert["parameters"]
        assert alert["reason"].endswith("of 100 accounts stay below this.")
    burst = next(a for a in life.alerts["all"].values() if a["rule_id"] == "velocity_burst")
    assert "100 payments to 100 different receivers within 4 min 59 s" in burst["reason"]
    assert "The rule asks for 10 receivers in 5 minutes" in burst["reason"]


# --- what people decide ---------------------------------------------------------------------------


def execute(statement: str) -> None:
    with closing(connect("sluss tests")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def one_alert(rule_id: str, number: int = 0) -> Row:
    return rows(
        "select * from marts.fct_alerts where rule_id = %s order by alert_id offset %s limit 1",
        (rule_id, number),
    )[0]


def test_the_newest_decision_holds_and_gives_a_rule_its_precision(
    life: Life, run_sluss: RunSluss
) -> None:
    first, second = one_alert("velocity_burst"), one_alert("velocity_burst", 1)
    refused = run_sluss("aml", "decide", first["alert_id"], "false_positive", check=2)
    assert "needs one of these reasons: known_business" in refused.stderr
    run_sluss("aml", "decide", first["alert_id"][:12], "false_positive", "--reason", "wrong_data")
    run_sluss("aml", "decide", first["alert_id"], "confirmed")
    run_sluss("aml", "decide", second["alert_id"], "false_positive", "--reason", "known_business")
    assert one_alert("velocity_burst")["disposition"] == "confirmed"
    (rule,) = [
        rule
        for rule in json.loads(run_sluss("aml", "rules", "--json").stdout)
        if rule["rule_id"] == "velocity_burst"
    ]
    assert (rule["confirmed_count"], rule["false_positive_count"]) == (1, 1)
    assert float(rule["precision_share"]) == 0.5
    assert rule["main_false_positive_reason"] == "known_business"
    assert len(rows("select * from ops.alert_dispositions")) == 3


@pytest.mark.parametrize("statement", ["update ops.{} set rule_id = 'x'", "delete from ops.{}"])
@pytest.mark.parametrize("table", ["alert_dispositions", "rule_suppressions"])
def test_decisions_are_never_changed(life: Life, statement: str, table: str) -> None:
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="append-only"):
        rows(statement.format(table))


def test_a_suppressed_alert_is_logged_all_the_same(life: Life, run_sluss: RunSluss) -> None:
    alert = one_alert("smurfing")
    about = ("aml", "suppress", "smurfing", alert["subject_account"], "--why", "a known charity")
    run_sluss(*about, "--since", "2025-05-01", "--until", "2025-05-31")
    after = one_alert("smurfing")
    assert (after["is_suppressed"], after["suppressed_until"]) == (True, date(2025, 5, 31))
    listed = json.loads(run_sluss("aml", "alerts", "--rule", "smurfing", "--json").stdout)
    assert listed[-1]["alert_id"] == alert["alert_id"]
    assert {**after, "is_suppressed": False, "suppressed_until": None} == alert
    # The newest word on a rule and an account holds.
    run_sluss(*about, "--since", "2025-05-01", "--until", "2025-05-01")
    assert one_alert("smurfing") == alert
    nobody = ("SE8902ABCD00000000000000", "--until", "2025-05-31", "--why", "x")
    assert "in no register" in run_sluss("aml", "suppress", "smurfing", *nobody, check=2).stderr


def test_an_alert_is_shown_with_its_payments(life: Life, run_sluss: RunSluss) -> None:
    alert = one_alert("velocity_burst")
    shown = json.loads(run_sluss("aml", "show", alert["alert_id"][:10], "--json").stdout)
    assert {each["transaction_id"] for each in shown["transactions"]} == life.evidence[
        alert["alert_id"]
    ]
    first = min(each["booked_at"] for each in shown["transactions"])
    assert first == shown["window_start_at"]


# Last, for they change the rules of the module's database.


def test_two_versions_of_a_rule_are_compared(
    life: Life, run_sluss: RunSluss, run_dbt: RunDbt
) -> None:
    days = ("--from", "2025-05-19", "--to", "2025-05-31")
    pair = ("aml", "compare", "smurfing@v1", "smurfing@v2", *days)
    assert "There is no smurfing@v2" in run_sluss(*pair, check=2).stderr
    before = {alert["alert_id"] for alert in life.alerts["all"].values()}
    execute(
        "insert into reference.aml_rules select rule_id, 2, role, 'shadow', live_from, live_to, "
        "typology, title, unit, 11, 6, window_minutes, floor_sek, low_share, high_share, "
        "companion_threshold, points, source, reason, measured "
        "from reference.aml_rules where rule_id = 'smurfing'"
    )
    # A new version is a setting that changed: the rule starts anew by itself.
    run_dbt("run", "--select", "int_aml_hits__smurfing")
    compared = json.loads(run_sluss(*pair, "--json").stdout)
    assert (len(compared["gained"]), len(compared["lost"]), compared["kept_count"]) == (0, 5, 0)
    # The threshold moves within what is stored, and nothing runs.
    execute("update reference.aml_rules set threshold = 7 where version = 2")
    compared = json.loads(run_sluss(*pair, "--json").stdout)
    assert (len(compared["gained"]), len(compared["lost"]), compared["kept_count"]) == (0, 0, 5)
    assert {alert["alert_id"] for alert in rows("select alert_id from marts.fct_alerts")} == before
    assert {a["version"] for a in rows("select version from marts.fct_shadow_alerts")} == {1, 2}


def test_a_retired_rule_keeps_the_alerts_of_its_time(life: Life) -> None:
    before = {alert["alert_id"]: alert["known_date"] for alert in life.alerts["all"].values()}
    execute(
        "update reference.aml_rules set status = 'retired', live_to = '2025-05-21' "
        "where rule_id = 'velocity_burst'"
    )
    after = {alert["alert_id"] for alert in rows("select alert_id from marts.fct_alerts")}
    gone = {each for each in before if each not in after}
    bursts = {each for each in before if life.alerts["all"][each]["rule_id"] == "velocity_burst"}
    assert gone == {each for each in bursts if before[each] >= date(2025, 5, 21)}
