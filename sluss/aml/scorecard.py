"""The scorecard: what it is fitted from, and the table of points that SQL adds up.

A feature is cut into bins; each bin has the weight of evidence of its payments, made monotone, and
a logistic regression weighs the features. Points are whole numbers, 20 of them double the odds, the
least suspicious bin of a feature has none, and a payment between accounts that know each other has
none at all. So a score is a sum that a person can add up.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    import pandas

    Numbers = numpy.ndarray

# 20 points double the odds that a payment is suspicious: fine enough that rounding costs nothing.
POINTS_PER_DOUBLING = 20
# Bins are drawn at quantiles of all and of the suspicious payments; a bin's rate is drawn towards
# the whole's as if it had so many more payments.
QUANTILES, SUSPICIOUS_QUANTILES, PRIOR_COUNT = 12, 8, 20.0
# The strength of the regression's prior hardly matters (0.01 to 1 gave the same ranking to within
# 0.01 of average precision), so only the number of features is chosen; of equals, the fewest.
STRENGTH = 0.1
FEATURE_COUNTS = (8, 12, 16, 20)
# The row of points.csv that every first meeting gets.
MEETING = "first_meeting"


@dataclass(frozen=True)
class Bin:
    """One row of the points table: from ``lower`` up to, not including, ``upper``."""

    feature: str
    lower: float | None
    upper: float | None
    points: int


@dataclass(frozen=True)
class Card:
    """A fitted scorecard: its bins in a fixed order."""

    bins: tuple[Bin, ...]

    @property
    def features(self) -> list[str]:
        return sorted({each.feature for each in self.bins} - {MEETING})

    def score(self, frame: pandas.DataFrame) -> Numbers:
        """Returns the points of each row; ``frame`` has a column a feature, and ``is_meeting``.

        The second implementation beside the one in SQL, for choosing and for tests.
        """
        import numpy

        total = numpy.zeros(len(frame))
        for each in self.bins:
            if each.feature == MEETING:
                total += each.points
                continue
            values = frame[each.feature].to_numpy(dtype=float)
            inside = numpy.ones(len(frame), dtype=bool)
            if each.lower is not None:
                inside &= values >= each.lower
            if each.upper is not None:
                inside &= values < each.upper
            total += numpy.where(inside, each.points, 0)
        return numpy.where(frame["is_meeting"].to_numpy(dtype=bool), total, 0.0)


def write(card: Card, path: Path, version: int = 1) -> None:
    """Writes the card as the seed of ``dbt_project``: the same card, the same bytes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["version", "feature", "lower_bound", "upper_bound", "points"])
        for each in card.bins:
            bounds = ["" if end is None else f"{end:.12g}" for end in (each.lower, each.upper)]
            writer.writerow([version, each.feature, *bounds, each.points])


def read(path: Path) -> Card:
    """Returns the card of a seed."""
    with path.open(encoding="utf-8", newline="") as file:
        return Card(
            tuple(
                Bin(
                    row["feature"],
                    float(row["lower_bound"]) if row["lower_bound"] else None,
                    float(row["upper_bound"]) if row["upper_bound"] else None,
                    int(row["points"]),
                )
                for row in csv.DictReader(file)
            )
        )


def fit(frame: pandas.DataFrame, labels: Numbers, features: Sequence[str], count: int) -> Card:
    """Fits a card of at most ``count`` features on the rows of ``frame``; always the same one.

    Only first meetings tell the features apart; payments between accounts that know each other set
    what a meeting is worth by itself. Raises ValueError if either kind has no suspicious payment.
    """
    import numpy
    from sklearn.linear_model import LogisticRegression

    is_meeting = frame["is_meeting"].to_numpy(dtype=bool)
    met, y = frame[is_meeting], labels[is_meeting].astype(float)
    if not 0 < y.sum() < len(y):
        raise ValueError("the payments to fit from must hold suspicious ones and others")
    tables = {
        name: _weights_of_evidence(met[name].to_numpy(dtype=float), y) for name in sorted(features)
    }
    names = [name for name, (_, weights) in tables.items() if len(set(weights)) > 1]
    columns = {
        name: tables[name][1][
            numpy.searchsorted(tables[name][0], met[name].to_numpy(dtype=float), side="right")
        ]
        for name in names
    }
    while True:
        matrix = numpy.column_stack([columns[name] for name in names])
        model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix, y)
        effect = model.coef_[0] * matrix.std(axis=0)
        # More evidence may never take points away: what came out the wrong way round goes.
        kept = [name for name, size in zip(names, effect, strict=True) if size > 0]
        if len(kept) > count:
            order = dict(zip(names, effect, strict=True))
            # Half of the surplus at a time: features stand in for each other.
            surplus = max(1, (len(kept) - count) // 2)
            kept = sorted(sorted(kept, key=lambda name: (-order[name], name))[:-surplus])
        if kept == names:
            break
        names = kept
    return _card(frame, labels, model, names, tables)


def choose(
    train: tuple[pandas.DataFrame, Numbers],
    choice: tuple[pandas.DataFrame, Numbers],
    features: Sequence[str],
) -> tuple[Card, dict[str, float]]:
    """Returns the card fitted on ``train`` that ranks ``choice`` best, and how it was made."""
    from sklearn.metrics import average_precision_score

    best: tuple[float, Card, dict[str, float]] | None = None
    for count in FEATURE_COUNTS:
        card = fit(train[0], train[1], features, count)
        precision = float(average_precision_score(choice[1], card.score(choice[0])))
        if best is None or precision > best[0] + 1e-9:
            best = (precision, card, {"at_most": count, "average_precision": precision})
    assert best is not None
    return best[1], best[2]


def _weights_of_evidence(values: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Returns the cuts between bins and the weight of each bin: monotone, so neighbours merge."""
    import numpy
    from sklearn.isotonic import IsotonicRegression

    def quantiles(of: Numbers, count: int) -> Numbers:
        # The lower neighbour, so that a cut is a value that occurs.
        steps = numpy.linspace(0, 1, count + 1)[1:-1]
        return numpy.quantile(of, steps, method="higher")

    cuts = numpy.unique(
        numpy.concatenate(
            [quantiles(values, QUANTILES), quantiles(values[y == 1], SUSPICIOUS_QUANTILES)]
        ).round(3)
    )
    cuts = cuts[cuts > values.min()]
    places = numpy.searchsorted(cuts, values, side="right")
    counts = numpy.bincount(places, minlength=len(cuts) + 1)
    hits = numpy.bincount(places, weights=y, minlength=len(cuts) + 1)
    whole = y.mean()
    rates = (hits + whole * PRIOR_COUNT) / (counts + PRIOR_COUNT)
    order = numpy.arange(len(rates))
    spread = numpy.corrcoef(places, y)[0, 1] if len(cuts) else 0.0
    smooth = IsotonicRegression(increasing=bool(spread >= 0)).fit_transform(
        order, rates, sample_weight=counts + 1
    )
    weights = numpy.log(smooth / (1 - smooth)) - math.log(whole / (1 - whole))
    changes = numpy.flatnonzero(numpy.abs(numpy.diff(weights)) > 1e-9)
    return cuts[changes], weights[numpy.concatenate([[0], changes + 1]).astype(int)]


def _card(
    frame: pandas.DataFrame,
    labels: Numbers,
    model: object,
    names: list[str],
    tables: dict[str, tuple[Numbers, Numbers]],
) -> Card:
    scale = POINTS_PER_DOUBLING / math.log(2)
    coefficients, intercept = model.coef_[0], float(model.intercept_[0])  # type: ignore[attr-defined]
    known = labels[~frame["is_meeting"].to_numpy(dtype=bool)]
    known_rate = (known.sum() + 0.5) / (len(known) + 1)
    least = intercept + sum(
        weight * tables[name][1].min() for name, weight in zip(names, coefficients, strict=True)
    )
    worth = round(scale * (least - math.log(known_rate / (1 - known_rate))))
    # A meeting is worth at least a point, so that all of them stand before payments without one.
    bins = [Bin(MEETING, None, None, max(1, worth))]
    for name, weight in zip(names, coefficients, strict=True):
        cuts, weights = tables[name]
        points = [round(scale * weight * (each - weights.min())) for each in weights]
        if not any(points):
            continue
        bounds = [None, *(float(cut) for cut in cuts), None]
        merged: list[Bin] = []
        for lower, upper, value in zip(bounds[:-1], bounds[1:], points, strict=True):
            if merged and merged[-1].points == value:
                merged[-1] = Bin(name, merged[-1].lower, upper, value)
            else:
                merged.append(Bin(name, lower, upper, value))
        bins += merged
    return Card(tuple(bins))
