"""The dbt project as Dagster sees it: where it is, its manifest, the command that runs it."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from dagster_dbt import DbtCliResource, DbtProject

from sluss.dbt import PROJECT, REPOSITORY

# What dbt reads to make the manifest; its own folders (target, logs, dbt_packages) come and go.
_SOURCES = ("models", "macros", "snapshots", "tests", "packages")

# Not the target of a plain `dbt`, which may rewrite its manifest while Dagster reads this one.
_TARGET = Path("target") / "dagster"


def dbt_project() -> DbtProject:
    """Returns the dbt project with a manifest that is as new as its files.

    On a fresh clone, and after a change, that runs ``dbt deps`` and ``dbt parse``: some seconds,
    without a database. Processes that start together do it one after the other, and once.
    """
    project = DbtProject(PROJECT, target_path=_TARGET, profiles_dir=REPOSITORY)
    with (PROJECT / "dbt_project.yml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(project.manifest_path):
            _prepare(project)
    return project


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """Returns the dbt command of this interpreter, whatever PATH says."""
    return DbtCliResource(
        project_dir=project, dbt_executable=str(Path(sys.executable).with_name("dbt"))
    )


def _is_current(manifest: Path) -> bool:
    if not manifest.exists():
        return False
    made_at = manifest.stat().st_mtime
    return all(path.stat().st_mtime <= made_at for path in _project_files())


def _project_files() -> list[Path]:
    files = [REPOSITORY / "profiles.yml", *PROJECT.glob("*.yml"), *(REPOSITORY / "seeds").iterdir()]
    for folder in _SOURCES:
        files += (PROJECT / folder).rglob("*")
    return files


def _prepare(project: DbtProject) -> None:
    from sluss.dbt import install_packages

    install_packages()
    dbt_resource(project).cli(
        ["parse", "--quiet"], target_path=project.project_dir / project.target_path
    ).wait()
