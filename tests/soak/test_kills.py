"""Killed at any point, the next ordinary run ends where an undisturbed one would have.

What is killed, and where, is drawn at random from a seed: the loader, dbt, or the server with all
its backends, at a step of the load or the build, or at a moment. Each victim gets SIGKILL. Or the
server lives, and ends all sessions.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from dataclasses import dataclass

import pytest

from sluss import server
from tests.soak.killable import LOAD_STEPS
from tests.soak.story import (
    Load,
    Step,
    Story,
    assert_in_order,
    assert_same,
    killable,
    ordinary_build,
    outcome,
    quickly,
    server_is_up,
)


@dataclass(frozen=True)
class Kill:
    """Who is killed, from which point on the clock runs, and for how long."""

    victim: str
    point: str
    delay: float

    def __str__(self) -> str:
        return f"{self.victim}, {self.point} + {self.delay} s"


VICTIMS = ("self", "server", "sessions")

# One whose loads are struck when the ledger says that they run: by the loader, and by the server.
SEED_OF_FEW = 121

# How many kills struck while something was under way, by victim; the others came too late.
STRUCK: Counter[str] = Counter()


def of_a_load(draw: random.Random, victim: str) -> Kill:
    """A kill at a step of a load, while lines are copied, or around its commit."""
    point = draw.choice([*LOAD_STEPS, "block 2", "block 4", "finish_load", "finish_load", "start"])
    if point == "start":
        return Kill(victim, point, round(draw.uniform(0.5, 1.5), 3))
    return Kill(victim, point, draw.choice([0, 0, 0.001, 0.003, 0.01]))


def of_a_build(draw: random.Random, victim: str, step_count: int) -> Kill:
    """A kill at the beginning of a step, a moment into it, or simply at a moment."""
    if draw.random() < 0.15:
        return Kill(victim, "start", round(draw.uniform(1, 8), 3))
    number = draw.randint(1, step_count)
    return Kill(victim, f"step {number}", round(draw.choice([0, draw.uniform(0, 0.4)]), 3))


def live_through(story: Story, step: Step, seed: int, build_kills: int = 1) -> None:
    """Lives through a step with a kill in one load and some in the build.

    Every kill is followed by what a person would do: start the server if it is down, and run the
    same command again. The build after the last kill ends undisturbed.
    """
    draw = random.Random(f"{step.name} {seed}")
    story.begin(step)
    unlucky = draw.choice(step.loads)
    for load in step.loads:
        if load is unlucky:
            kill_a_load(story, load, of_a_load(draw, draw.choice(VICTIMS)))
        assert load().status == "loaded"
    story.withdraw(step)
    for _ in range(build_kills):
        kill = of_a_build(draw, draw.choice(VICTIMS), story.step_counts[step.name])
        kill_a_build(story, step, kill)
    ordinary_build(step)
    assert_in_order()
    assert_same(outcome(), story.outcomes[step.name])


def kill_a_load(story: Story, load: Load, kill: Kill) -> None:
    print(f"load of {load.feed}: {kill}")
    done = killable(kill.victim, kill.point, kill.delay, *load.arguments)
    STRUCK[kill.victim] += after(story, kill, done)


def kill_a_build(story: Story, step: Step, kill: Kill) -> None:
    print(f"build of {step.name}: {kill}")
    with quickly(step):
        done = killable(kill.victim, kill.point, kill.delay, "build")
    STRUCK[kill.victim] += after(story, kill, done)


def after(story: Story, kill: Kill, done: subprocess.CompletedProcess[str]) -> bool:
    """Looks how a command ended, and has the server up again. True if the kill struck."""
    print(f"  exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    if kill.victim == "self":
        assert done.returncode in (0, -9)
        return done.returncode == -9
    if kill.victim == "server" and server_is_up(story.home):
        assert done.returncode == 0, "the server was killed too late, or not at all"
        return False
    server.up()
    if done.returncode:
        assert "Traceback" not in done.stderr
        assert said_why(done), "a failure says what it was"
    return done.returncode != 0  # else its last transaction was committed already


def said_why(done: subprocess.CompletedProcess[str]) -> bool:
    said = f"{done.stdout} {done.stderr}"
    # Postgres has many ways to say it: closed, refused, terminated. Where dbt has yet to begin, it
    # misses the session of whoever started it.
    return any(
        words in said
        for words in ("connection", "Connection", "No Postgres at", "session of what started this")
    )


@pytest.mark.parametrize(
    ("name", "build_kills"),
    [("first", 1), pytest.param("restated", 3, marks=pytest.mark.soak)],
)
def test_a_few_kills_change_nothing(story: Story, name: str, build_kills: int) -> None:
    live_through(story, story.step(name), SEED_OF_FEW, build_kills)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 108))
@pytest.mark.parametrize("name", ["first", "repeated", "restated"])
def test_many_kills_change_nothing(story: Story, name: str, seed: int) -> None:
    live_through(story, story.step(name), seed, build_kills=2)


@pytest.mark.soak
def test_enough_of_the_many_struck() -> None:
    assert STRUCK.total() >= 30
    assert min(STRUCK[victim] for victim in VICTIMS) >= 10
