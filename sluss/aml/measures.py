"""What a ranking of payments is worth, against labels: all of it from three plain columns.

``scores`` rank payments, the highest first; ``labels`` are 1 for suspicious; ``attempts`` name the
laundering attempt of a suspicious payment. Equal scores are told apart by a hash of the payment's
id, so that neither the order of a file nor the label decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    import pandas

    Numbers = numpy.ndarray

ALERT_RATE = 0.01
ALERTS_PER_THOUSAND_ACCOUNTS = (1, 5, 10)
BOOTSTRAP_ROUNDS = 400


def ranking(scores: Numbers, ids: Sequence[str]) -> Numbers:
    """Returns the positions of the payments, the most suspicious first."""
    import numpy

    chance = [hashlib.sha256(each.encode()).digest()[:8] for each in ids]
    return numpy.lexsort((numpy.array(chance), -scores))


def average_precision(labels: Numbers, scores: Numbers) -> float:
    """Returns the area under precision over recall; equal scores count as one threshold."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def bootstrap_interval(
    labels: Numbers, scores: Numbers, attempts: Sequence[Any], seed: int = 6
) -> tuple[float, float]:
    """Returns the 95 % interval of the average precision, drawing whole attempts, and payments.

    Payments of one attempt stand or fall together: drawn one by one, they would make the interval
    look narrower than it is.
    """
    import numpy

    random = numpy.random.default_rng(seed)
    normal = numpy.flatnonzero(labels == 0)
    groups: dict[Any, list[int]] = {}
    for position in map(int, numpy.flatnonzero(labels == 1)):
        groups.setdefault(attempts[position], []).append(position)
    members = [numpy.array(each) for each in groups.values()]
    found = []
    for _ in range(BOOTSTRAP_ROUNDS):
        drawn = [members[i] for i in random.integers(0, len(members), len(members))]
        rows = numpy.concatenate([random.choice(normal, len(normal)), *drawn])
        found.append(average_precision(labels[rows], scores[rows]))
    low, high = numpy.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def measure(frame: pandas.DataFrame, scores: Numbers, account_count: int) -> dict[str, Any]:
    """Returns all that is said of one ranking.

    ``frame`` has transaction_id, booked_date, is_suspicious, attempt_id and typology; an alert is a
    payment above the line. Lead time is in days from the end of the day on which a payment of the
    attempt first stands above it to the attempt's last payment: 0 is on the last day.
    """
    import numpy

    labels = frame["is_suspicious"].to_numpy()
    attempts = frame["attempt_id"].to_numpy()
    order = ranking(scores, frame["transaction_id"].tolist())
    low, high = bootstrap_interval(labels, scores, attempts)
    budget = round(ALERT_RATE * len(frame))
    above = order[:budget]
    is_above = numpy.zeros(len(frame), dtype=bool)
    is_above[above] = True
    suspicious = frame.assign(is_above=is_above)[labels == 1]
    touched = suspicious.groupby("attempt_id")["is_above"].any()
    typologies = {}
    for typology, rows in suspicious.groupby("typology"):
        hit = rows.groupby("attempt_id")["is_above"].any()
        last = rows.groupby("attempt_id")["booked_date"].max()
        first = rows[rows["is_above"]].groupby("attempt_id")["booked_date"].min()
        lead = [(last[name] - day).days for name, day in first.items()]
        typologies[str(typology)] = {
            "payments": len(rows),
            "recall": float(rows["is_above"].mean()),
            "attempts": len(hit),
            "attempts_touched": int(hit.sum()),
            "median_lead_days": float(numpy.median(lead)) if lead else None,
        }
    alerts = {}
    for rate in ALERTS_PER_THOUSAND_ACCOUNTS:
        count = min(len(frame), max(1, round(rate * account_count / 1000)))
        hits = int(labels[order[:count]].sum())
        alerts[str(rate)] = {
            "alerts": count,
            "precision": hits / count,
            "recall": hits / int(labels.sum()),
        }
    return {
        "average_precision": average_precision(labels, scores),
        "average_precision_interval": [low, high],
        "alert_rate": budget / len(frame),
        "alerts": budget,
        "precision": float(labels[above].mean()),
        "recall": float(labels[above].sum() / labels.sum()),
        "attempts": len(touched),
        "attempts_touched": int(touched.sum()),
        "attempts_touched_share": float(touched.mean()),
        "per_thousand_accounts": alerts,
        "typologies": typologies,
    }


def curve(labels: Numbers, scores: Numbers, points: int = 200) -> dict[str, list[float]]:
    """Returns recall and precision at each threshold, thinned out to ``points`` to draw."""
    import numpy
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(labels, scores)
    keep = numpy.unique(numpy.linspace(0, len(recall) - 1, points).astype(int))
    return {"recall": recall[keep].tolist(), "precision": precision[keep].tolist()}
