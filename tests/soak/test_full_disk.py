"""A disk that runs full under the server, in a load and in a build, and is given room again.

The disk is one in memory, whose size is changed while it is mounted: what Postgres meets is the
operating system's own "No space left on device", in its data and in its log alike.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from loaders import ledger
from loaders.generators.bank import generate_bank
from loaders.load import load_file
from sluss import dbt, server
from sluss.build import build
from tests.conftest import RunSluss
from tests.soak.story import MONDAY, Step, assert_in_order, in_home, own_server, quickly
from tests.support import row

MB = 1024**2
ROOMY = 2_000 * MB
BUILD = Step("full disk", [], with_seeds=True)


class Disk:
    """A file system in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def leave(self, free: int) -> None:
        """Makes the disk so small that this many bytes are free."""
        found = os.statvfs(self.path)
        self.resize((found.f_blocks - found.f_bfree) * found.f_frsize + free)


@pytest.fixture(scope="module")
def disk(clean_environment: None) -> Iterator[Disk]:
    folder = Path(tempfile.mkdtemp(prefix="sluss-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False)
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("only root may mount a disk that is small enough to fill")
    try:
        with own_server(folder) as home, in_home(home):
            yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        with suppress(OSError):
            folder.rmdir()


@pytest.mark.soak
def test_a_full_disk_stops_a_load_and_a_build_and_no_more(
    disk: Disk, tmp_path: Path, run_sluss: RunSluss
) -> None:
    generate_bank(20_000, 5, tmp_path, day=MONDAY, accounts=500)
    day = tmp_path / "transactions.csv"
    load_file("fx_rates", None)
    load_file("bank_customers", tmp_path / "customers.csv", business_date=MONDAY)

    disk.leave(2 * MB)
    failed = run_sluss(
        "load", "bank_transactions", day, "--business-date", MONDAY.isoformat(), check=1
    )
    assert "The database's disk is full. Nothing of the file is visible" in failed.stderr
    assert row("select count(*) as many from staging.raw_bank_transactions")["many"] == 0
    assert [each.status for each in ledger.loads("bank_transactions")] == ["failed"]

    disk.resize(ROOMY)
    assert load_file("bank_transactions", day, business_date=MONDAY).status == "loaded"

    dbt.install_packages()
    disk.leave(4 * MB)
    with quickly(BUILD):
        stopped = run_sluss("build", check=1)
        assert "Traceback" not in stopped.stderr
        # The log of Postgres itself may be what finds no room: then all connections are lost.
        said = stopped.stdout + stopped.stderr
        assert "No space left on device" in said or "server closed the connection" in said

        disk.resize(ROOMY)
        server.up()
        assert build().status == "published"
    assert_in_order()
    accepted = row("select count(*) as many from marts.fct_transactions")["many"]
    assert accepted == json.loads((tmp_path / "key.json").read_text())["counts"]["accepted"]
