"""A landed file is never lost, whoever is killed, fails, or writes at the same time."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from loaders import landing, ledger
from loaders.landing import LandedFile
from loaders.landing.local import LocalStorage
from loaders.landing.remote import RemoteStorage
from tests.conftest import Database
from tests.loader.conftest import lines, query, text
from tests.loader.landings import (
    ARCHIVED,
    DAY,
    FEED,
    GOOD,
    NAME,
    OTHER,
    content,
    deliver,
    disk,
    offer,
    root,
    unpacked,
    visible,
)

__all__ = ["disk", "root"]

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    "address", ["postgresql://nobody@127.0.0.1:1/sluss", "no address at all", None]
)
def test_a_file_stays_where_it_is_when_the_database_is_to_blame(
    database: Database, root: str, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(root, NAME, GOOD)
    deliver(root, NAME + ".done", b"")
    with monkeypatch.context() as patch:
        if address:
            patch.setenv("DATABASE_URL", address)
        else:
            # Gone after the loader has made sure that it is there.
            def lost(*_: object) -> None:
                query(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name like 'sluss load%%' and datname = current_database()"
                )

            patch.setattr("loaders.copier.fingerprint", _after(lost))
        result = offer()
    assert result.status == "failed"
    assert result.reason
    assert result.filed_as is None
    assert content() == {NAME: GOOD, NAME + ".done": b""}
    assert offer().status == "loaded"
    assert unpacked().keys() == {f"archive/{DAY}/load_{ledger.loads()[0].load_id}_{NAME}.gz"}


def _after(action: Any) -> Any:
    from loaders.copier import fingerprint

    def both(*arguments: Any, **options: Any) -> Any:
        found = fingerprint(*arguments, **options)
        action()
        return found

    return both


KILLED_AT = {
    "after the ledger's commit": ("LocalStorage", "put", 1, "before"),
    "in the middle of the archive copy": ("filing", "_keep_attributes", 1, "before"),
    "after the archive copy": ("LocalStorage", "put", 1, "after"),
    "before the original is removed": ("LocalStorage", "remove", 1, "before"),
    "between the original and its marker": ("LocalStorage", "remove", 2, "before"),
}


@pytest.mark.parametrize("step", KILLED_AT)
def test_killed_at_any_step_the_next_attempt_ends_right(disk: Path, step: str) -> None:
    owner, function, call, moment = KILLED_AT[step]
    program = textwrap.dedent(
        """
        import os, signal, sys
        from loaders import landing
        from loaders.contract import load_contract
        from loaders.landing import filing
        from loaders.landing.local import LocalStorage
        owner, name, call, moment, file = sys.argv[1:]
        owner = {"filing": filing, "LocalStorage": LocalStorage}[owner]
        usual, calls = getattr(owner, name), []
        def deadly(*arguments):
            calls.append(1)
            if len(calls) == int(call) and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            usual(*arguments)
            if len(calls) == int(call):
                os.kill(os.getpid(), signal.SIGKILL)
        setattr(owner, name, deadly)
        feed = load_contract("bank_transactions")
        landing.load_landed(landing.landed_file(feed, file))
        """
    )
    (disk / NAME).write_bytes(GOOD)
    (disk / f"{NAME}.done").touch()
    file = LandedFile(FEED, NAME)
    seen = landing.content_hash(file)
    arguments = [owner, function, str(call), moment, file.key]
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    assert ledger.loads()[0].status == "loaded"

    result = offer(sha256=seen)
    assert (result.status, result.problem) == ("loaded", None)
    assert result.load is not None
    assert (result.load.load_id, result.load.already_loaded) == (1, True)
    assert visible() == 20
    left = unpacked()
    # A marker without its file: told by every look, and no mark of any later file.
    left.pop(f"{NAME}.done", None)
    assert left == {ARCHIVED: GOOD}
    if "marker" not in step:
        assert not (disk / f"{NAME}.done").exists()


def test_a_removal_that_fails_is_told_and_done_by_the_next_attempt(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(root, NAME, GOOD)

    def fails(self: object, path: str) -> None:
        raise landing.StorageError(f"{path}: access denied")

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "remove", fails)
        patch.setattr(RemoteStorage, "remove", fails)
        result = offer()
    assert (result.status, result.filed_as) == ("loaded", None)
    assert "access denied" in (result.problem or "")
    assert unpacked() == {NAME: GOOD, ARCHIVED: GOOD}
    assert offer().problem is None
    assert unpacked() == {ARCHIVED: GOOD}


@pytest.mark.parametrize("when", ["_keep_attributes", "_is_still"])
def test_a_file_replaced_while_it_was_loaded_is_not_lost(
    root: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whether before the archive copy is complete, or after it."""
    from loaders.landing import filing

    deliver(root, NAME, GOOD)
    usual = getattr(filing, when)

    def replaced_meanwhile(*arguments: Any) -> Any:
        deliver(root, NAME, OTHER)
        if when == "_keep_attributes" and "://" not in root:
            # What was being copied is the new content by now.
            arguments[1].write_bytes(OTHER)
        return usual(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(filing, when, replaced_meanwhile)
        result = offer()
    assert result.status == "loaded"
    assert "was replaced or changed while it was loaded" in (result.problem or "")
    assert unpacked()[NAME] == OTHER
    second = offer()
    assert (second.status, second.problem) == ("loaded", None)
    found = unpacked()
    assert NAME not in found
    assert found[f"archive/{DAY}/load_2_{NAME}.gz"] == OTHER
    assert found.get(ARCHIVED, GOOD) == GOOD
    assert visible() == 25


def test_a_refused_file_replaced_meanwhile_is_judged_anew(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loaders.landing import filing

    (disk / NAME).write_bytes(b"")
    usual = filing._is_still

    def replaced_meanwhile(*arguments: Any) -> bool:
        (disk / NAME).write_bytes(GOOD)
        return usual(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(filing, "_is_still", replaced_meanwhile)
        result = offer()
    assert (result.status, result.filed_as) == ("refused", None)
    assert "was replaced or changed" in (result.problem or "")
    assert content() == {NAME: GOOD}
    assert offer().status == "loaded"


def test_a_file_that_was_only_touched_is_filed(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from loaders.landing import filing

    (disk / NAME).write_bytes(GOOD)
    usual = filing._is_still

    def touched(*arguments: Any) -> bool:
        time.sleep(0.02)
        (disk / NAME).touch()
        return usual(*arguments)

    monkeypatch.setattr(filing, "_is_still", touched)
    assert offer().problem is None
    assert unpacked() == {ARCHIVED: GOOD}


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def test_two_processes_offer_one_file_and_it_is_filed_once(disk: Path) -> None:
    (disk / NAME).write_bytes(text(*lines(20_000)))
    seen = landing.content_hash(LandedFile(FEED, NAME))
    program = (
        "import sys; from loaders import landing; from loaders.contract import load_contract; "
        "file = landing.landed_file(load_contract('bank_transactions'), sys.argv[1]); "
        "result = landing.load_landed(file, sha256=sys.argv[2]); "
        "print(result.status, result.load.load_id, result.problem)"
    )
    command = [sys.executable, "-c", program, NAME, seen]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate(timeout=60)[0] for one in both] == ["loaded 1 None\n"] * 2
    assert unpacked() == {ARCHIVED: text(*lines(20_000))}


def test_a_process_waits_while_another_files_away(disk: Path) -> None:
    (disk / NAME).write_bytes(GOOD)
    place = landing.place_of(FEED)
    program = (
        "import sys; from loaders import landing; from loaders.contract import load_contract; "
        "file = landing.landed_file(load_contract('bank_transactions'), sys.argv[1]); "
        "print('begun', flush=True); print(landing.load_landed(file).status)"
    )
    command = [sys.executable, "-c", program, NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        with place.storage.locked(place.incoming):
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)
            assert content() == {NAME: GOOD}
        assert process.stdout.readline() == "loaded\n"


def test_a_server_that_shows_files_while_they_are_written_shows_only_whole_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SFTP and FTP do; fsspec's own way to the disk stands for them."""
    fs = LocalFileSystem()
    storage = RemoteStorage(fs, str(tmp_path), "sftp://files.example/in")
    target = tmp_path / "archive" / "copy.csv"

    def broken(local: str, remote: str) -> None:
        Path(remote).parent.mkdir()
        Path(remote).write_bytes(GOOD[:100])
        raise OSError("connection reset")

    with monkeypatch.context() as patch:
        patch.setattr(fs, "put_file", broken)
        with pytest.raises(
            landing.StorageError, match=r"sftp://files\.example/in/archive/copy\.csv"
        ):
            storage.put(str(target), lambda local: _write(local, GOOD))
    assert not target.exists()
    storage.put(str(target), lambda local: _write(local, GOOD))
    assert [path.name for path in target.parent.iterdir()] == ["copy.csv"]
    assert target.read_bytes() == GOOD
    with pytest.raises(FileExistsError):
        storage.put(str(target), lambda local: _write(local, OTHER))
