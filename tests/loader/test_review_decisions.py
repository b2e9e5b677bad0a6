"""Four eyes on a rejected line, in the database itself: whoever calls it, from wherever."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from loaders import database as db
from loaders import ledger, migrate
from loaders.errors import UserError
from loaders.load import load_file
from tests.conftest import Database
from tests.loader.conftest import DAY, lines, query, text

INVESTIGATOR = "sluss_investigator"
# Logins of the tests' server; the second is what a second account of one person could look like.
ANNA, OTHER_ANNA, BO, READER = "test_anna", "Test_Anna", "test_bo", "test_reader"
TABLES = ("review_proposals", "review_decisions")

Line = tuple[int, int]


@pytest.fixture(scope="module")
def logins(home: object) -> Iterator[None]:
    """People's logins; roles belong to the server, so they go again."""
    grants = {ANNA: INVESTIGATOR, OTHER_ANNA: INVESTIGATOR, BO: INVESTIGATOR}
    grants[READER] = "sluss_reader"
    with _administrator() as connection, connection.cursor() as cursor:
        for name, role in grants.items():
            cursor.execute(
                sql.SQL("create role {} login in role {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )
    yield
    with _administrator() as connection, connection.cursor() as cursor:
        for name in grants:
            cursor.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def day(
    module_database: Database, logins: None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], int]:
    """Returns ``day()``, which loads a new file of 300 lines and returns its load id."""
    folder = tmp_path_factory.mktemp("days")
    numbers = itertools.count()

    def load() -> int:
        number = next(numbers)
        path = folder / f"{number}.csv"
        path.write_bytes(text(*lines(300, start=1 + 1000 * number)))
        return load_file("bank_transactions", path, business_date=DAY).load_id

    return load


@pytest.fixture(scope="module")
def fresh_lines(day: Callable[[], int]) -> Iterator[Line]:
    load_id = day()
    return ((load_id, line_no) for line_no in range(2, 302, 2))


@pytest.fixture
def line(fresh_lines: Iterator[Line]) -> Line:
    """Load id and number of a line that nobody said anything about."""
    return next(fresh_lines)


@contextmanager
def _administrator() -> Iterator[Connection]:
    with closing(db.connect("sluss tests", address=_address("postgres", "postgres"))) as connection:
        connection.autocommit = True
        yield connection


def _address(login: str, name: str | None = None) -> str:
    parts = {"host": str(db.socket_dir()), "user": login}
    with closing(db.connect("sluss tests")) as connection:
        here = connection.get_dsn_parameters()["dbname"]
    return str(psycopg2.extensions.make_dsn(**parts, dbname=name or here))


def decide(
    login: str,
    line: Line,
    verdict: str | None = "accept",
    values: Any = None,
    why: str | None = "as the sender says",
    person: str | None = None,
) -> tuple[str, str, str | None]:
    """What ``ops.decide_review`` answers to somebody: outcome, speaker, other."""
    with closing(db.connect("sluss tests", address=_address(login))) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "select outcome, speaker, other from ops.decide_review(%s, %s, %s, %s, %s, %s)",
                (*line, verdict, Json(values or {}), why, person),
            )
            (answer,) = cursor.fetchall()
        connection.commit()
        return answer


def decisions(line: Line) -> list[tuple[Any, ...]]:
    return query(
        "select verdict, set_values, why, proposed_by, decided_why, decided_by "
        "from ops.review_decisions where (load_id, line_no) = (%s, %s) order by decision_id",
        line,
    )


def proposals(line: Line) -> list[tuple[Any, ...]]:
    return query(
        "select proposed_by, verdict, set_values from ops.review_open_proposals "
        "where (load_id, line_no) = (%s, %s)",
        line,
    )


# --- four eyes ------------------------------------------------------------------------------------


def test_a_second_person_decides_what_a_first_one_proposed(line: Line) -> None:
    values = {"amount": "22179.15"}
    assert decide(ANNA, line, values=values, why="a") == ("proposed", ANNA, None)
    assert decisions(line) == []
    assert proposals(line) == [(ANNA, "accept", values)]
    assert decide(BO, line, values=values, why="b") == ("decided", BO, ANNA)
    assert decisions(line) == [("accept", values, "a", ANNA, "b", BO)]
    assert proposals(line) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((ANNA, None), (ANNA, None)),
        ((ANNA, None), (OTHER_ANNA, None)),
        # A name that is only claimed does not make a login somebody else.
        ((ANNA, None), (ANNA, "somebody")),
        (("postgres", "bo"), ("postgres", "bo")),
        (("postgres", "bo"), ("postgres", " BO\n")),
        (("postgres", "bo ek"), ("postgres", "Bo  Ek")),
        (("postgres", "bo"), ("postgres", "\uff42\uff4f")),  # bo, in letters of double width
        (("postgres", ANNA), (ANNA, None)),
        ((ANNA, None), ("postgres", ANNA)),
    ],
)
def test_nobody_is_two_persons(
    line: Line, first: tuple[str, str | None], second: tuple[str, str | None]
) -> None:
    for login, person in (first, second, first):
        outcome, _, _ = decide(login, line, person=person)
        assert outcome == "proposed"
    assert decisions(line) == []


@pytest.mark.parametrize(
    "person", [None, "", "  ", "bo\u200b", "bo\u0301\u0302", "bo as anna", "b" * 101]
)
def test_a_superuser_stands_for_nobody(line: Line, person: str | None) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="stands for nobody"):
        decide("postgres", line, person=person)


def test_people_of_a_superuser_login_are_told_apart(line: Line) -> None:
    assert decide("postgres", line, person="anna")[1] == "anna as postgres"
    assert decide("postgres", line, person="uid 1000") == (
        "decided",
        "uid 1000 as postgres",
        "anna as postgres",
    )


def test_other_words_take_the_place_of_a_proposal(line: Line) -> None:
    decide(ANNA, line, values={"amount": "1.00"})
    assert decide(BO, line, values={"amount": "2.00"}) == ("proposed", BO, ANNA)
    assert proposals(line) == [(BO, "accept", {"amount": "2.00"})]
    # Bo's own words again, and Anna's first ones, decide nothing.
    assert decide(BO, line, values={"amount": "2.00"})[0] == "proposed"
    assert decide(ANNA, line, values={"amount": "1.00"})[0] == "proposed"
    assert decide(BO, line, "reject")[0] == "proposed"
    assert decide(ANNA, line, "accept")[0] == "proposed"
    assert decisions(line) == []
    assert decide(BO, line)[0] == "decided"


def test_lines_are_decided_each_for_itself(line: Line, day: Callable[[], int]) -> None:
    load_id, line_no = line
    others = [(load_id, line_no + 1), (day(), line_no)]
    decide(ANNA, line)
    for other in others:
        assert decide(BO, other)[0] == "proposed"
    assert all(decisions(each) == [] for each in (line, *others))


def test_the_newest_decision_counts(line: Line) -> None:
    for verdict, values in [("accept", {"amount": "1.00"}), ("accept", {}), ("reject", {})]:
        decide(ANNA, line, verdict, values)
        assert decide(BO, line, verdict, values)[0] == "decided"
        standing = query(
            "select verdict, set_values from ops.review_standing "
            "where (load_id, line_no) = (%s, %s)",
            line,
        )
        assert standing == [(verdict, values)]
        # Once more the same has nothing to add.
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="decided already"):
            decide(BO, line, verdict, values)
    assert len(decisions(line)) == 3


@pytest.mark.parametrize("later", ["same", "different"])
def test_two_at_once_wait_for_each_other(line: Line, later: str) -> None:
    """Two confirm, or one confirms what another one replaces, in transactions that overlap."""
    decide(ANNA, line, values={"amount": "1.00"})
    answers: list[Any] = []

    def second() -> None:
        try:
            values = {"amount": "1.00" if later == "same" else "2.00"}
            answers.append(decide("postgres", line, values=values, person="cecilia"))
        except errors.ObjectNotInPrerequisiteState as error:
            answers.append(str(error.diag.message_primary))

    with closing(db.connect("sluss tests", address=_address(BO))) as first:
        with first.cursor() as cursor:
            cursor.execute(
                "select outcome from ops.decide_review(%s, %s, 'accept', %s, 'x')",
                (*line, Json({"amount": "1.00"})),
            )
            assert cursor.fetchall() == [("decided",)]
        thread = threading.Thread(target=second)
        thread.start()
        _until_somebody_waits()
        assert answers == []
        first.commit()
    thread.join(30)
    assert [row[-1] for row in decisions(line)] == [BO]
    if later == "same":
        assert answers == [f"that was decided already, by {ANNA} and {BO}"]
    else:
        assert answers == [("proposed", "cecilia as postgres", None)]


def test_an_old_snapshot_decides_nothing(line: Line) -> None:
    with closing(db.connect("sluss tests", address=_address(ANNA))) as connection:
        connection.set_session(isolation_level="REPEATABLE READ")
        with pytest.raises(errors.InvalidTransactionState), connection.cursor() as cursor:
            cursor.execute(
                "select ops.decide_review(%s, %s, 'accept', '{}', 'x')",
                line,
            )


def _until_somebody_waits(kind: str = "advisory") -> None:
    for _ in range(500):
        if query("select pid from pg_locks where locktype = %s and not granted", (kind,)):
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the line")


# --- what can be decided about --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "perhaps"}, "accept or reject"),
        ({"verdict": None}, "accept or reject"),
        ({"why": " "}, "needs a reason"),
        ({"why": None}, "needs a reason"),
        ({"verdict": "reject", "values": {"amount": "1.00"}}, "has no values to set"),
        ({"values": {"amout": "1.00"}}, "no column of that name; it has transaction_id, timestamp"),
        ({"values": {"_load_id": "1"}}, "no column of that name"),
        ({"values": {"_extra": "1"}}, "no column of that name"),
        ({"values": {"amount": 1}}, "is a text"),
        ({"values": {"amount": None}}, "is a text"),
        ({"values": ["amount"]}, "an object of column names"),
        ({"line_no": 9999}, "has no line 9999"),
        ({"load_id": 9999}, "there is no load 9999"),
    ],
)
def test_what_makes_no_sense_is_refused(line: Line, changed: dict[str, Any], said: str) -> None:
    where = {"load_id": line[0], "line_no": line[1]}
    where.update({name: changed.pop(name) for name in where if name in changed})
    with pytest.raises(psycopg2.Error, match=said):
        decide(ANNA, (where["load_id"], where["line_no"]), **changed)


def test_an_error_quotes_no_value(line: Line) -> None:
    for values in ({"amount": 640823}, {"640823": "x"}):
        with pytest.raises(psycopg2.Error) as caught:
            decide(ANNA, line, values=values)
        assert "640823" not in str(caught.value)


def test_lines_of_a_withdrawn_load_are_left_alone(day: Callable[[], int]) -> None:
    load_id = day()
    decide(ANNA, (load_id, 2))
    ledger.withdraw(load_id, "wrong day")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is withdrawn"):
        decide(BO, (load_id, 2))
    assert decisions((load_id, 2)) == []
    assert query("select feed from ops.reviewable_loads where load_id = %s", (load_id,)) == []


def test_a_load_that_is_withdrawn_meanwhile_is_not_reviewed(day: Callable[[], int]) -> None:
    load_id = day()
    decide(ANNA, (load_id, 2))
    said: list[str] = []

    def confirm() -> None:
        try:
            decide(BO, (load_id, 2))
        except errors.ObjectNotInPrerequisiteState as error:
            said.append(str(error.diag.message_primary))

    with closing(ledger.connect("sluss tests")) as connection, connection.cursor() as cursor:
        cursor.execute("select ops.withdraw_load(%s, 'wrong day')", (load_id,))
        thread = threading.Thread(target=confirm)
        thread.start()
        _until_somebody_waits("transactionid")
        connection.commit()
    thread.join(30)
    assert said == [f"load {load_id} is withdrawn: only lines of a loaded one can be reviewed"]
    assert decisions((load_id, 2)) == []


def test_feeds_with_review_are_data(logins: None, day: object, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(
        text(
            "A,B,C,811218-9876,SE8902ABCD12345678901234",
            header="Customer,Address,Phone,Personnummer,BankAccount",
        )
    )
    line = (load_file("bank_customers", path, business_date=DAY).load_id, 2)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="bank_customers cannot be"):
        decide(ANNA, line)
    query("insert into ops.reviewable_feeds values ('bank_customers')", role="sluss_owner")
    try:
        assert decide(ANNA, line, values={"bank_account": "x"})[0] == "proposed"
    finally:
        query("delete from ops.reviewable_feeds where feed = 'bank_customers'", role="sluss_owner")


# --- tables that only grow ------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, "sluss_owner"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["update ops.{} set why = 'x'", "delete from ops.{}", "truncate ops.{} cascade"],
)
def test_nobody_changes_what_was_said(
    line: Line, role: str | None, table: str, statement: str
) -> None:
    decide(ANNA, line)
    decide(BO, line)
    for setting in ("origin", "replica"):
        # As a replica, ordinary triggers and foreign keys sleep; only a superuser can say so.
        sleep = f"set session_replication_role = {setting}; " if role is None else ""
        # A proposal that was decided is held by its decision, too.
        held = (errors.InsufficientPrivilege, errors.ForeignKeyViolation)
        with pytest.raises(held, match=r"only grows|still referenced"):
            query(sleep + statement.format(table), role=role)
    assert len(decisions(line)) == 1


@pytest.mark.parametrize("name", ["anna", "Anna", "anna as postgres"])
def test_one_person_is_no_decision_even_for_the_owner(line: Line, name: str) -> None:
    decide("postgres", line, person="anna")
    with pytest.raises(errors.CheckViolation, match="decisions_take_two"):
        query(
            "insert into ops.review_decisions (proposal_id, load_id, line_no, verdict, why, "
            "proposed_by, proposed_at, decided_why, decided_by) select proposal_id, load_id, "
            "line_no, verdict, why, proposed_by, proposed_at, 'x', %s from ops.review_proposals "
            "where (load_id, line_no) = (%s, %s)",
            (name, *line),
            role="sluss_owner",
        )


def test_a_downgrade_keeps_what_was_said(line: Line, module_database: Any) -> None:
    decide(ANNA, line)
    with pytest.raises(UserError, match="review_proposals holds rows"):
        migrate.downgrade(module_database.dsn, "0003")


# --- who may --------------------------------------------------------------------------------------

READ = {
    INVESTIGATOR: {*TABLES, "review_open_proposals", "review_standing", "reviewable_loads"},
    "sluss_transformer": {
        "review_decisions",
        "review_standing",
        "reviewable_loads",
        "reviewable_feeds",
    },
    "sluss_loader": set(),
    "sluss_reader": set(),
}


@pytest.mark.parametrize("role", READ)
def test_who_reads_what_was_said(line: Line, role: str) -> None:
    readable = set()
    for name in READ[INVESTIGATOR] | READ["sluss_transformer"]:
        try:
            query(f"select * from ops.{name}", role=role)  # noqa: S608
            readable.add(name)
        except errors.InsufficientPrivilege:
            pass
    assert readable == READ[role]


@pytest.mark.parametrize("role", READ)
@pytest.mark.parametrize("table", [*TABLES, "reviewable_feeds"])
def test_nobody_writes_past_the_function(line: Line, role: str, table: str) -> None:
    for statement in ("insert into ops.{} default values", "update ops.{} set load_id = 1"):
        if table == "reviewable_feeds":
            statement = statement.replace("load_id = 1", "feed = 'x'")
        with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
            query(statement.format(table), role=role)


@pytest.mark.parametrize("role", [*READ, "sluss_owner"])
def test_who_decides(line: Line, role: str) -> None:
    call = "select ops.decide_review(%s, %s, 'accept', '{}', 'x', 'anna')"
    if role in (INVESTIGATOR, "sluss_owner"):
        query(call, line, role=role)
        return
    with pytest.raises(errors.InsufficientPrivilege):
        query(call, line, role=role)


def test_a_reader_decides_nothing(line: Line) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        decide(READER, line)
    (open_to_all,) = query(
        "select count(*) from pg_proc where pronamespace = 'ops'::regnamespace "
        "and proacl::text ~ '[{,]=X'"
    )
    assert open_to_all == (0,)
