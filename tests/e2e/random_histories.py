"""Random histories of a small bank: what arrives, what is withdrawn, and when it is built.

An event is a name and a seed of its own, so that a history can be cut short: what is left out
changes nothing but what later events find. :func:`planned` draws the events of a history,
:func:`happen` lets one happen, and ``bank_model`` knows what must become of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

from tests.e2e.bank_model import DAY, OWN, Delivery, Line
from tests.e2e.small_bank import (
    ACCOUNTS,
    QUOTED,
    START,
    World,
    foreign_account,
    new_line,
    own_account,
)

Event = tuple[str, int]


def again(random: Random, line: Line) -> Line:
    """A line that stood before: as it was, in other words, or saying something else."""
    if line.amount is None:
        return replace(line, amount_text="12.50")
    amount = f"{line.amount:.2f}"
    kind = random.random()
    if kind < 0.45:
        return line
    if kind < 0.84:
        return replace(line, amount_text=random.choice([amount.replace(".", ","), f" {amount}"]))
    if kind < 0.92:
        return replace(line, amount_text=f"{line.amount + 1:.2f}")
    return replace(line, note="other")


def some_lines(
    world: World, random: Random, day: date, repeats: float = 0.1, late: float = 0.15
) -> list[Line]:
    """A file's lines: most are new, some repeat earlier ones, some wait for their day."""
    pool, lines = world.sent(), list[Line]()
    waiting = [line for line in pool if line.booked.date() > day + DAY]
    for _ in range(random.randint(20, 120)):
        kind = random.random()
        repeated = [lines, pool, pool, waiting][random.randrange(4)]
        if kind < repeats and repeated:
            lines.append(again(random, random.choice(repeated)))
            continue
        if kind < repeats + 0.03:
            booked = day + random.randint(2, 9) * DAY
        elif kind > 1 - late:
            booked = day - random.randint(1, 6) * DAY
        else:
            booked = day
        line = new_line(random, booked, world.accounts)
        if 0.5 < kind < 0.52:
            line = replace(line, amount_text=line.amount_text.replace(".", ","))
        if 0.52 < kind < 0.53:
            line = replace(line, amount_text="n/a")
        if 0.53 < kind < 0.533:
            line = replace(line, sender=own_account(world.opened), receiver=foreign_account(1))
        lines.append(line)
    return lines


# --- events ---------------------------------------------------------------------------------------


def _a_day(world: World, random: Random) -> Delivery:
    world.today += random.choice([1, 1, 1, 2, 3]) * DAY
    return world.deliver_lines(world.today, some_lines(world, random, world.today))


def _a_late_file(world: World, random: Random) -> Delivery:
    day = world.today - random.randint(0, 4) * DAY
    return world.deliver_lines(day, some_lines(world, random, day, repeats=0.2, late=0.5))


def _repeats(world: World, random: Random) -> Delivery:
    """A small file about as bad as a gate lets pass, mostly for what other loads hold."""
    lines = [new_line(random, world.today, world.accounts) for _ in range(random.randint(10, 40))]
    pool = [each for each in world.sent() if each.amount is not None]
    for place in range(min(len(lines) // 10 + random.choice([0, 0, 1]), len(pool))):
        if random.random() < 0.75:
            known = random.choice(pool)
            lines[place] = replace(known, note=f"conflict {place}")
        else:
            lines[place] = replace(lines[place], amount_text="n/a")
    random.shuffle(lines)
    return world.deliver_lines(world.today, lines)


def _spoiled(world: World, random: Random) -> Delivery:
    lines = some_lines(world, random, world.today)
    spoiled = [
        replace(line, amount_text="n/a") if random.random() < 0.2 else line for line in lines
    ]
    return world.deliver_lines(world.today, spoiled)


def _nothing(world: World, random: Random) -> Delivery:
    return world.deliver_lines(world.today + random.randint(-2, 2) * DAY, [])


def _a_corrected_register(world: World, random: Random) -> Delivery:
    """For today or before: an account or two are gone, and some are new."""
    gone = random.sample(world.accounts, random.choice([0, 0, 1, 1, 2]))
    if world.opened > ACCOUNTS and random.random() < 0.3:
        gone = []
    new = [own_account(world.opened + place) for place in range(random.randint(0, 2))]
    world.opened += len(new)
    world.accounts = [each for each in world.accounts if each not in gone] + new
    day = world.today - random.choice([0, 0, 1, 3]) * DAY
    return world.deliver_register(day, world.accounts)


def _another_register(world: World, random: Random) -> Delivery:
    """The register of another bank, or one with too many lines that are none."""
    if random.random() < 0.7:
        accounts = [own_account(number, "BANK") for number in range(ACCOUNTS)]
    else:
        accounts = [f"{OWN}{n}" if n % 8 == 0 else each for n, each in enumerate(world.accounts)]
    return world.deliver_register(world.today + random.randint(-1, 1) * DAY, accounts)


def _a_day_of_another_bank(world: World, random: Random) -> Delivery:
    accounts = [own_account(number, "BANK") for number in range(ACCOUNTS)]
    lines = [new_line(random, world.today, accounts) for _ in range(20)]
    return world.deliver_lines(world.today, lines)


def _rates(world: World, random: Random) -> Delivery:
    """All days so far, but the last ones may be missing; a few were corrected."""
    last = world.today - random.choice([0, 1, 2, 5]) * DAY
    day = START - 8 * DAY
    while day <= last:
        if day not in world.rates and day.weekday() < 5:
            world.rates[day] = {
                name: Decimal(f"{value * random.uniform(0.9, 1.1):.4f}")
                for name, value in QUOTED.items()
            }
            if random.random() < 0.1:
                world.rates[day]["NOK"] = None
            if random.random() < 0.05:
                world.rates[day]["SEK"] = None
        day += DAY
    published = {day: dict(rates) for day, rates in world.rates.items() if day <= last}
    for day in random.sample(sorted(published), random.randint(0, 3)):
        currency = random.choice(["SEK", "USD", "NOK"])
        published[day][currency] = Decimal(f"{random.uniform(1, 12):.4f}")
    if random.random() < 0.4:
        end = max(published) - random.randint(5, 15) * DAY
        for day in published:
            if day > end:
                published[day]["TRY"] = None
    # Tells one file from the next.
    published[min(published)]["JPY"] = Decimal(100 + world.files)
    return world.deliver_rates(published)


def _withdrawn(world: World, random: Random) -> Delivery | None:
    standing = [each for each in world.deliveries if not each.is_withdrawn]
    # A register and a file of rates are few, and much depends on them.
    feed = random.choice([*["bank_transactions"] * 4, "bank_customers", "fx_rates"])
    chosen = [each for each in standing if each.feed == feed] or standing
    if not chosen:
        return None
    delivery = random.choice(chosen)
    world.withdraw(delivery)
    return delivery


def _delivered_again(world: World, random: Random) -> Delivery | None:
    gone = [each for each in world.deliveries if world.may_come_again(each)]
    if not gone:
        return None
    delivery = random.choice(gone)
    day = delivery.day + DAY if random.random() < 0.2 else None
    return world.deliver_again(delivery, day)


EVENTS: dict[str, tuple[int, Callable[[World, Random], Delivery | None]]] = {
    "day": (8, _a_day),
    "late file": (4, _a_late_file),
    "repeats": (4, _repeats),
    "spoiled": (1, _spoiled),
    "nothing": (1, _nothing),
    "corrected register": (4, _a_corrected_register),
    "another register": (1, _another_register),
    "day of another bank": (1, _a_day_of_another_bank),
    "rates": (4, _rates),
    "withdraw": (6, _withdrawn),
    "again": (3, _delivered_again),
}


def planned(seed: int, builds: int) -> list[Event]:
    """The events of a history, up to its last build."""
    random = Random(seed)
    names, weights = [*EVENTS], [weight for weight, _ in EVENTS.values()]
    events: list[Event] = []

    def add(*chosen: str) -> None:
        events.extend((name, random.getrandbits(32)) for name in chosen)

    # What comes first is in no order either.
    add(*random.sample(["rates", "corrected register", "day"], 3), "day", "build")
    for _ in range(builds - 1):
        add(*random.choices(names, weights, k=random.randint(1, 3)), "build")
    return events


def happen(world: World, event: Event) -> str:
    """Lets an event happen; returns what it was, in words."""
    name, seed = event
    delivery = EVENTS[name][1](world, Random(seed))
    if delivery is None:
        return f"{event}: nothing to do it with"
    return (
        f"{event}: load {delivery.load_id}, {delivery.feed} of {delivery.day}, "
        f"{len(delivery.lines or delivery.accounts or delivery.rates)} lines"
    )
