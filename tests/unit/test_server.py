"""The database's life: up, down, after a crash, twice at once, and on a server that is not ours."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from loaders.database import connect
from loaders.errors import UnusableInputError, UserError
from sluss import embedded, programs, server
from sluss.settings import Home
from tests.conftest import Database, RunSluss


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home of the test's own, not yet created; whatever runs in it is stopped afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="sluss-"))
    place = Home(directory / "home")
    monkeypatch.setenv("SLUSS_HOME", str(place.path))
    yield place
    monkeypatch.setenv("SLUSS_HOME", str(place.path))
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    server.down()
    shutil.rmtree(directory)


def value(query: str) -> object:
    with closing(connect("sluss tests")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row[0] if row else None


def postmaster(place: Home) -> int:
    pid = embedded.server_pid(place)
    assert pid is not None
    return pid


def test_up_creates_everything_and_a_second_up_changes_nothing(own_home: Home) -> None:
    first = server.up()
    assert first.embedded
    assert first.created_database
    assert not first.was_running
    pid = postmaster(own_home)

    second = server.up()
    assert second.was_running
    assert not second.created_database
    assert second.applied_migrations == []
    assert postmaster(own_home) == pid


def test_down_stops_in_an_orderly_way_and_keeps_the_data(own_home: Home) -> None:
    server.up()
    with (
        closing(psycopg2.connect(server.status().dsn)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("create table kept as select 42 as answer")
        connection.commit()

    assert server.down() is True
    assert server.down() is False
    assert server.status().running is False

    remarks: list[str] = []
    server.up(remarks.append)
    assert remarks == []  # nothing to recover
    assert value("select answer from kept") == 42


def test_the_server_survives_the_command_that_started_it(
    own_home: Home, run_sluss: RunSluss
) -> None:
    run_sluss("up")
    assert value("select 1") == 1


def test_up_recovers_after_the_postmaster_was_killed(own_home: Home) -> None:
    server.up()
    with closing(connect("sluss tests")) as connection, connection.cursor() as cursor:
        cursor.execute("create table committed as select 1 as one")
        connection.commit()
        os.kill(postmaster(own_home), signal.SIGKILL)

    remarks: list[str] = []
    server.up(remarks.append)
    assert any("recovers" in remark for remark in remarks)
    assert value("select one from committed") == 1


def test_up_recovers_while_a_query_of_the_killed_server_still_runs(own_home: Home) -> None:
    server.up()
    query = "select count(*) from generate_series(1, 3000000000)"
    code = f"from loaders.database import connect; connect('busy').cursor().execute('{query}')"
    client = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        busy = "application_name = 'busy' and query like '%generate_series%' and state = 'active'"
        while not value(f"select count(*) from pg_stat_activity where {busy}"):  # noqa: S608
            time.sleep(0.05)
        os.kill(postmaster(own_home), signal.SIGKILL)
        server.up()
        assert value("select 1") == 1
    finally:
        client.kill()
        client.wait()


def test_lock_files_whose_process_id_went_to_someone_else_do_not_matter(own_home: Home) -> None:
    server.up()
    lock = Path(f"{own_home.socket}.lock")
    files = [own_home.data_directory / "postmaster.pid", lock]
    texts = [file.read_text() for file in files]
    server.down()
    # A process of the server's user that is no server: Postgres by itself would refuse to start.
    identity = own_home.data_directory.stat()
    kwargs = {"user": identity.st_uid, "group": identity.st_gid} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["sleep", "60"], **kwargs)  # type: ignore[call-overload]
    try:
        for file, text in zip(files, texts, strict=True):
            file.write_text(f"{stranger.pid}\n{text.split(chr(10), 1)[1]}")
        assert server.status().running is False
        server.up()
        assert value("select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_creation_is_begun_again(own_home: Home) -> None:
    half = own_home.path / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server.up()
    assert value("select 1") == 1
    assert not half.exists()


def test_two_ups_at_once_both_succeed_and_one_server_runs(own_home: Home) -> None:
    results: list[server.UpResult] = []
    threads = [threading.Thread(target=lambda: results.append(server.up())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.was_running for result in results) == [False, True]
    assert sum(result.created_database for result in results) == 1


def test_two_homes_do_not_disturb_each_other(
    own_home: Home, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `database` points the environment at the session's server; this test's own is beside it.
    other = postmaster(database.home)
    monkeypatch.setenv("SLUSS_HOME", str(own_home.path))
    server.up()
    assert postmaster(own_home) != other
    server.down()
    assert postmaster(database.home) == other


def test_only_the_owner_can_reach_the_socket(home: Home) -> None:
    directory, socket = home.socket_directory.stat(), home.socket.stat()
    assert stat.S_IMODE(directory.st_mode) == 0o700
    assert stat.S_IMODE(socket.st_mode) == 0o700
    assert stat.S_IMODE(home.data_directory.stat().st_mode) == 0o700
    # Started by root, the server is another user's, and root gets in all the same.
    assert (directory.st_uid == os.geteuid()) == (os.geteuid() != 0)


def test_nothing_listens_on_the_network(database: Database) -> None:
    assert value("show listen_addresses") == ""


@pytest.mark.parametrize(
    "setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"]
)
def test_durability_is_never_traded_for_speed(database: Database, setting: str) -> None:
    assert value(f"show {setting}") == "on"


def test_every_setting_of_the_file_is_in_force(database: Database) -> None:
    """A misspelt or overruled line of sluss.conf would otherwise pass unnoticed."""
    ignored = value(
        """
        select string_agg(name || coalesce(': ' || error, ''), ', ')
        from pg_file_settings
        where sourcefile like '%sluss.conf' and (not applied or error is not null)
        """
    )
    assert ignored is None
    assert value("select count(*) > 30 from pg_file_settings where sourcefile like '%sluss.conf'")


def test_every_connection_has_a_timeout_and_utc(database: Database) -> None:
    """Whatever connects, in whatever role: nothing is set by the client here."""
    with closing(psycopg2.connect(database.dsn)) as connection, connection.cursor() as cursor:
        for setting, expected in [("statement_timeout", "4h"), ("timezone", "UTC"), ("jit", "off")]:
            cursor.execute("select current_setting(%s)", (setting,))
            assert cursor.fetchone() == (expected,)
        cursor.execute(
            "select count(*) from pg_db_role_setting, unnest(setconfig) as setting "
            "where setting = 'statement_timeout=4h' "
            "and setdatabase = (select oid from pg_database where datname = current_database())"
        )
        assert cursor.fetchone() == (1,)


def test_a_setting_of_the_administrator_is_left_alone(database: Database) -> None:
    with closing(psycopg2.connect(database.dsn)) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            f"alter database {database.name} set statement_timeout = '7min'"
        )
    server.up()
    with closing(psycopg2.connect(database.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchone() == ("7min",)


def test_no_personal_data_reaches_the_log(database: Database) -> None:
    personnummer = "850709-9805"
    failing = [
        ("select cast(%s as integer)", "InvalidTextRepresentation"),
        ("insert into person values (%s)", "UniqueViolation"),
        (f"table no_such_table -- {personnummer}", "UndefinedTable"),
        (f"select ''{personnummer}", "SyntaxError"),
    ]
    with closing(psycopg2.connect(database.dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("create table person (personnummer text primary key)")
        cursor.execute("insert into person values (%s)", (personnummer,))
        for statement, name in failing:
            parameters = (personnummer,) if "%s" in statement else None
            with pytest.raises(getattr(psycopg2.errors, name)):
                cursor.execute(statement, parameters)
    logs = list((database.home.data_directory / "log").iterdir())
    text = "".join(log.read_text() for log in logs)
    assert "ready to accept connections" in text  # the log is where we look
    assert personnummer not in text


def test_a_home_too_long_for_a_socket_is_refused_and_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    monkeypatch.setenv("SLUSS_HOME", str(long))
    with pytest.raises(UnusableInputError, match="too long for a Unix socket"):
        server.up()
    assert not long.exists()


def test_data_of_another_major_version_is_not_touched(own_home: Home) -> None:
    server.up()
    server.down()
    version = own_home.data_directory / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(UserError, match="written by Postgres 17"):
            server.up()
    finally:
        version.write_text("18\n")


def test_status_json_has_an_address_that_any_client_takes(
    database: Database, run_sluss: RunSluss
) -> None:
    found = json.loads(run_sluss("status", "--json").stdout)
    assert found["running"] is True
    assert found["embedded"] is True
    assert found["server_version"].startswith("18")
    assert found["data_directory"] == str(database.home.data_directory)
    assert found["disk_bytes"] > 10_000_000
    assert found["pending_migrations"] == []
    assert found["migration_revision"] is not None
    assert found["loads"] == {}
    psql = programs.binaries() / "psql"
    command = [psql, found["dsn"], "-Atc", "select current_database()"]
    assert subprocess.check_output(command, text=True).strip() == database.name


def test_status_of_a_home_without_a_server_creates_nothing(
    own_home: Home, run_sluss: RunSluss
) -> None:
    found = json.loads(run_sluss("status", "--json").stdout)
    assert found["running"] is False
    assert "sluss up" in found["problem"]
    assert run_sluss("down").stdout == "was not running\n"
    assert not own_home.path.exists()


class TestAnotherServer:
    """PGHOST and DATABASE_URL: here the session's embedded server plays the bank's own."""

    @pytest.fixture(params=["PGHOST", "DATABASE_URL"])
    def external(
        self, request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> str:
        """Names a database that does not exist yet on a server that is not Sluss's own."""
        name = f"{database.name}_new"
        if request.param == "PGHOST":
            monkeypatch.setenv("PGHOST", str(database.home.socket_directory))
            monkeypatch.setenv("PGUSER", "postgres")
            monkeypatch.setenv("PGDATABASE", name)
        else:
            monkeypatch.delenv("PGDATABASE")
            host = str(database.home.socket_directory).replace("/", "%2F")
            monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/{name}?host={host}")
        return name

    def test_it_is_made_ready_and_never_stopped(
        self, external: str, home: Home, run_sluss: RunSluss
    ) -> None:
        try:
            result = server.up()
            assert (result.embedded, result.created_database) == (False, True)
            assert value("select current_database()") == external
            assert server.up().created_database is False
            assert server.status().pending_migrations == []

            assert server.down() is False
            assert "left running" in run_sluss("down").stdout
            assert value("select 1") == 1
        finally:
            with closing(
                psycopg2.connect(f"host={home.socket_directory} user=postgres dbname=postgres")
            ) as admin:
                admin.autocommit = True
                admin.cursor().execute(f"drop database if exists {external} with (force)")

    def test_nothing_there_is_an_error_that_says_so(
        self, monkeypatch: pytest.MonkeyPatch, run_sluss: RunSluss
    ) -> None:
        monkeypatch.setenv("PGHOST", "/nonexistent")
        done = run_sluss("up", check=1)
        assert done.stderr.startswith("error: No Postgres at sluss on /nonexistent")
        assert "Traceback" not in done.stderr
        assert run_sluss("status").stdout
