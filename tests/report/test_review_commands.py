"""``sluss review`` on the loads that the reports are about: what is listed, shown and refused.

The database is the reports' own: a build takes long, and nothing said in review changes a table
that was built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from psycopg2 import sql
from psycopg2.extensions import make_dsn

from loaders import database as db
from loaders.generators.bank.lines import FIELDS
from sluss.cli import main
from sluss.review.decisions import operating_system_person
from tests.conftest import Database
from tests.report.conftest import MARKUP, STRAY, Reports
from tests.support import rows

CECILIA, DAVID = "test_cecilia", "test_david"
ALL = ("--limit", "100000", "--json")

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module", autouse=True)
def logins(reports: Reports) -> Iterator[None]:
    def administrate(statement: str) -> None:
        with closing(db.connect("sluss tests")) as connection:
            connection.autocommit = True
            for name in (CECILIA, DAVID):
                connection.cursor().execute(sql.SQL(statement).format(sql.Identifier(name)))

    administrate("create role {} login in role sluss_investigator")
    yield
    administrate("drop role {}")


@pytest.fixture
def say(
    reports: Reports, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Say:
    """Returns ``say(*arguments, login=…)``: ``sluss review …``; exit code, output, errors."""

    def run(*arguments: object, login: str = CECILIA) -> tuple[int, str, str]:
        address = make_dsn(
            host=str(reports.database.home.socket_directory),
            user=login,
            dbname=reports.database.name,
        )
        monkeypatch.setenv("DATABASE_URL", address)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["review", *map(str, arguments)])
        monkeypatch.delenv("DATABASE_URL")
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def listed(say: Say, *arguments: object) -> list[dict[str, Any]]:
    code, out, err = say("list", *ALL, *arguments)
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def line_of(reports: Reports, rule_id: str, number: int = 0) -> int:
    """The number of a line of the sample day that fails this rule and no other."""
    fitting = [no for no, rules in rejected(reports).items() if rules == {rule_id}]
    return fitting[number]


def rejected(reports: Reports) -> dict[int, set[str]]:
    """The rejected lines of the sample day and the rules they fail, as the answer key has them."""
    return {
        number: set(entry["rule_ids"])
        for number, entry in reports.sample.entries.items()
        if entry["outcome"] == "rejected"
    }


# --- the list -------------------------------------------------------------------------------------


def test_all_rejected_lines_of_a_published_load_are_listed(say: Say, reports: Reports) -> None:
    found = listed(say, "--load", reports.loads["sample"])
    assert {line["line_no"]: set(line["rule_ids"]) for line in found} == rejected(reports)
    assert {line["gate"] for line in found} == {"published"}


def test_so_are_those_of_a_held_load(say: Say, reports: Reports) -> None:
    found = listed(say, "--load", reports.loads["held"])
    (counted,) = rows(
        "select rejected_count, gate from marts.rpt_load_reconciliation where _load_id = %s",
        (reports.loads["held"],),
    )
    assert counted == {"rejected_count": len(found), "gate": "held"}
    assert {line["gate"] for line in found} == {"held"}
    assert len(found) > 300


def test_amounts_above_the_ceiling_come_first_then_the_newest_load(
    say: Say, reports: Reports
) -> None:
    found = listed(say)
    assert len({line["load_id"] for line in found}) >= 3
    order = [
        ("amount.implausible" not in line["rule_ids"], -line["load_id"], line["line_no"])
        for line in found
    ]
    assert order == sorted(order)
    assert not order[0][0]
    assert order[-1][0]
    code, out, _ = say("list", "--limit", 2, "--json")
    assert (code, json.loads(out)) == (0, found[:2])
    assert "The first 2; --limit shows more." in say("list", "--limit", 2)[1]


def test_of_a_line_only_what_its_rules_are_about_is_shown(say: Say, reports: Reports) -> None:
    about = {
        "id": {"transaction_id"},
        "ts": {"timestamp"},
        "amount": {"amount", "currency"},
        "currency": {"currency"},
        "account": {"sender_account", "receiver_account"},
    }
    raw = {
        number: dict(zip(FIELDS, line, strict=True))
        for number, line in reports.sample.records.items()
    }
    seen = set()
    for line in listed(say, "--load", reports.loads["sample"]):
        subjects = {rule_id.split(".")[0] for rule_id in line["rule_ids"]}
        assert set(line["fields"]) == set().union(*(about[subject] for subject in subjects))
        for column, text in line["fields"].items():
            if "…" not in text and not text.startswith("("):
                assert text == raw[line["line_no"]][column]
        seen |= subjects
    assert seen == set(about)


def test_a_value_that_may_be_about_a_person_is_not_shown(say: Say, reports: Reports) -> None:
    lines = listed(say, "--load", reports.loads["odd"])
    assert {"amount", "timestamp", "sender_account"} <= {
        name for line in lines for name in line["fields"]
    }
    printed = json.dumps(lines, ensure_ascii=False)
    printed += say("list", "--load", reports.loads["odd"], "--limit", 1000)[1]
    for word in ("Maja", "Sandelin", "0701", "19640823", MARKUP, *STRAY.values()):
        assert word not in printed


def test_nothing_is_listed_of_feeds_without_review(say: Say, reports: Reports) -> None:
    assert {line["feed"] for line in listed(say, "--all")} == {"bank_transactions"}
    with closing(db.connect("sluss tests", role="sluss_owner")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("update ops.reviewable_feeds set feed = 'bank_customers'")
        connection.commit()
        try:
            code, out, _ = say("list", "--all")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("update ops.reviewable_feeds set feed = 'bank_transactions'")
            connection.commit()
    assert (code, out) == (0, "No rejected line waits for review.\n")


# --- deciding -------------------------------------------------------------------------------------


def test_two_persons_settle_a_line(say: Say, reports: Reports) -> None:
    load_id, line_no = reports.loads["sample"], line_of(reports, "amount.implausible")
    decide = ("decide", load_id, line_no, "--accept", "--set", "amount=22179.15", "--why")

    def state() -> tuple[str, str | None, str | None]:
        (line,) = [
            each for each in listed(say, "--load", load_id, "--all") if each["line_no"] == line_no
        ]
        proposal, decision = line["proposal"] or {}, line["decision"] or {}
        return line["state"], proposal.get("proposed_by"), decision.get("decided_by")

    code, out, _ = say(*decide, "confirmed by the sender")
    assert code == 0
    assert out.startswith(f"Proposed by {CECILIA}.\n")
    confirm = f"sluss review decide {load_id} {line_no} --accept --set amount=22179.15 --why …"
    assert out.endswith(f"A second person confirms it with: {confirm}\n")
    assert state() == ("proposed", CECILIA, None)
    assert "in place of their own" in say(*decide, "once more")[1]
    assert state() == ("proposed", CECILIA, None)
    table = say("list", "--load", load_id)[1]
    assert f"proposed by {CECILIA}" in table
    assert "accept with amount=22179.15 (once more)" in table

    code, out, _ = say(*decide, "seen the letter", login=DAVID)
    assert code == 0
    assert out.startswith(f"Decided by {DAVID}, proposed by {CECILIA}: the next `sluss build`")
    assert state() == ("accepted", None, DAVID)
    # No build took it yet: it is the last of those that wait.
    last = listed(say, "--load", load_id)[-1]
    assert (last["line_no"], last["state"]) == (line_no, "accepted")
    assert last["decision"]["set_values"] == {"amount": "22179.15"}

    say("decide", load_id, line_no, "--reject", "--why", "another letter", login=DAVID)
    assert state() == ("proposed", DAVID, DAVID)
    say("decide", load_id, line_no, "--reject", "--why", "indeed")
    assert state() == ("settled", None, CECILIA)
    assert line_no not in [each["line_no"] for each in listed(say, "--load", load_id)]


def test_a_line_of_a_held_load_is_settled_like_any_other(say: Say, reports: Reports) -> None:
    line = listed(say, "--load", reports.loads["held"])[-1]
    decide = ("decide", line["load_id"], line["line_no"], "--reject", "--why", "x", "--json")
    code, out, _ = say(*decide)
    assert (code, json.loads(out)["outcome"]) == (0, "proposed")
    code, out, _ = say(*decide, login=DAVID)
    assert json.loads(out) == {
        "load_id": line["load_id"],
        "line_no": line["line_no"],
        "outcome": "decided",
        "speaker": DAVID,
        "other": CECILIA,
    }


@pytest.mark.parametrize(
    ("rule_id", "settings", "needed"),
    [
        ("amount.missing", [], "the amount with --set amount=…"),
        ("amount.missing", ["currency=SEK"], "the amount with --set amount=…"),
        ("ts.future", [], "the timestamp with --set timestamp=…"),
        ("ts.no_such_day", ["amount=1.00"], "the timestamp with --set timestamp=…"),
        ("id.not_uuid", [], "the transaction id with --set transaction_id=…"),
        ("id.conflict", [], "the transaction id with --set transaction_id=…"),
        ("currency.unknown", [], "the currency with --set currency=…"),
        (
            "account.unknown_own",
            [],
            "the account with --set sender_account=… or --set receiver_account=…",
        ),
    ],
)
def test_what_has_no_usable_value_needs_one(
    say: Say, reports: Reports, rule_id: str, settings: list[str], needed: str
) -> None:
    load_id, line_no = reports.loads["sample"], line_of(reports, rule_id)
    sets = [part for setting in settings for part in ("--set", setting)]
    code, out, err = say("decide", load_id, line_no, "--accept", *sets, "--why", "x")
    assert (code, out) == (2, "")
    assert f"{rule_id} cannot be waived: give {needed}." in err
    assert say("decide", load_id, line_no, "--reject", "--why", "x")[0] == 0


@pytest.mark.parametrize("rule_id", ["amount.implausible", "account.checksum", "account.malformed"])
def test_what_can_be_used_as_it_stands_may_be_waived(
    say: Say, reports: Reports, rule_id: str
) -> None:
    line_no = line_of(reports, rule_id, number=1)
    code, out, err = say(
        "decide", reports.loads["sample"], line_no, "--accept", "--why", "as it stands"
    )
    assert (code, err) == (0, "")
    assert "Proposed by" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "amout=1.00"], "Did you mean amount? Its columns: transaction_id, timestamp"),
        (["--set", "640823-3234"], "--set number 1 cannot be read: write it as COLUMN=VALUE"),
        (["--set", "amount=1", "--set", "amount=2"], "names amount twice"),
        (["--set", "amount={raw}"], "--set amount changes nothing"),
        (["--reject", "--set", "amount=1.00"], "has no values to set"),
        (["--why", " "], "a decision needs a reason"),
    ],
)
def test_unusable_words_are_refused(
    say: Say, reports: Reports, arguments: list[str], said: str
) -> None:
    line_no = line_of(reports, "amount.implausible", number=2)
    raw = dict(zip(FIELDS, reports.sample.records[line_no], strict=True))["amount"]
    words = [argument.format(raw=raw) for argument in arguments]
    usual = ("decide", reports.loads["sample"], line_no, "--accept", "--why", "x")
    code, _, err = say(*usual, *words)
    assert code == 2
    assert said in err
    assert "640823" not in err


def test_what_is_not_rejected_is_not_reviewed(say: Say, reports: Reports) -> None:
    sample, entries = reports.loads["sample"], reports.sample.entries
    duplicate = next(no for no, each in entries.items() if each["outcome"] == "duplicate")
    malformed = next(no for no, each in entries.items() if each["outcome"] == "malformed")
    accepted = next(iter(reports.sample.clean))
    for load_id, line_no, said in [
        (sample, accepted, "is accepted: there is nothing to decide"),
        (sample, duplicate, "is a duplicate of an accepted line"),
        (sample, malformed, "not among the rejected lines of the last build"),
        (sample, 999_999, "not among the rejected lines of the last build"),
        (reports.loads["not built"], 2, "is not judged yet: run `sluss build` first"),
        (reports.loads["register"], 2, "has no lines to review"),
        (999, 2, "Load 999 has no lines to review"),
    ]:
        code, out, err = say("decide", load_id, line_no, "--accept", "--why", "x")
        assert (code, out) == (2, "")
        assert said in err


def test_a_verdict_is_asked_for(say: Say, reports: Reports) -> None:
    code, _, err = say("decide", reports.loads["sample"], 2, "--why", "x")
    assert code == 2
    assert "--accept" in err


def test_a_login_without_the_role_is_told(say: Say) -> None:
    with closing(db.connect("sluss tests")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("create role test_erik login in role sluss_reader")
        try:
            code, _, err = say("list", login="test_erik")
        finally:
            cursor.execute("drop role test_erik")
    assert code == 1
    assert "sluss_investigator" in err
    assert "granted to your login" in err


def test_before_the_first_build_there_is_nothing(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["list"], ["decide", "1", "2", "--accept", "--why", "x"]):
        with pytest.raises(SystemExit) as left:
            main(["review", *arguments])
        assert left.value.code == 1
        assert "run `sluss up`, which makes it ready, then `sluss build`" in capsys.readouterr().err


def test_the_environment_makes_nobody_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = operating_system_person()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert operating_system_person() == before != "somebody"
