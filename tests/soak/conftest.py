"""The story: told once for a worker, on a server of its own that may be killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluss import dbt
from tests.soak.story import Story, in_home, own_server, tell_story


@pytest.fixture(scope="session")
def told_story(clean_environment: None, pytestconfig: pytest.Config) -> Iterator[Story]:
    if pytestconfig.getoption("markexpr") == "soak":
        # A third of the models more to be killed in.
        os.environ["SLUSS_DETECTION"] = "on"
    folder = Path(tempfile.mkdtemp(prefix="sluss-"))
    dbt.install_packages()
    with own_server(folder) as home:
        with in_home(home):
            story = tell_story(home, folder / "files")
        yield story
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def story(told_story: Story) -> Iterator[Story]:
    """The story; the environment points at its server while a test lasts."""
    with in_home(told_story.home):
        yield told_story
