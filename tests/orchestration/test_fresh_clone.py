"""A fresh clone, before dbt ever ran and where no database is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REPOSITORY / ".git").exists(), reason="without git, nobody knows what a clone holds"
    ),
]


def test_the_definitions_of_a_fresh_clone_are_valid(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, clone / name)
    for made in ("target", "dbt_packages", "logs"):
        assert not (clone / "dbt_project" / made).exists()

    environment = {**os.environ, "PYTHONPATH": str(clone), "HOME": str(tmp_path)}
    for name in ("DAGSTER_HOME", "SLUSS_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "orchestration.definitions" in done.stdout + done.stderr
    # It was the clone's, made by itself.
    assert (clone / "dbt_project" / "target" / "dagster" / "manifest.json").exists()
    # No server was started for it, and none was asked.
    assert not (tmp_path / ".sluss" / "postgres").exists()
