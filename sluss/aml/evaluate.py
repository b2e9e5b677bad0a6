"""How good detection is on a labelled set: everything that is known, in one dictionary.

Three rankings of the same payments stand side by side: how many alerts have the payment in their
evidence, the points of the scorecard as SQL adds them up, and gradient boosting over the same
features, which shows what an additive card leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.aml import labelled, measures, scorecard, scratch
from sluss.dbt import PROJECT, REPOSITORY

if TYPE_CHECKING:
    import numpy
    import pandas
    from psycopg2.extensions import connection as Connection

    Numbers = numpy.ndarray

POINTS_SEED = REPOSITORY / "seeds" / "aml_points.csv"
FEATURES_SEED = REPOSITORY / "seeds" / "aml_features.csv"
SCORES = ["+fct_transaction_scores", "+int_aml_accounts__keyed"]
ALERTS = ["+fct_alerts", "+bridge_alert_transactions"]

RANKINGS = ("rules", "scorecard", "gradient_boosting")


def features() -> list[str]:
    """Returns the names of the features, as the seed lists them with their words."""
    import csv

    with FEATURES_SEED.open(encoding="utf-8", newline="") as file:
        names = [row["feature"] for row in csv.DictReader(file)]
    return [name for name in names if name != scorecard.MEETING]


def fit(folder: Path, remark: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Fits a card on a labelled set and returns it with how it was chosen; writes nothing."""
    files = labelled.find(folder)
    labels = labelled.read_labels(files.labels)
    with scratch.database(remark):
        scratch.publish(files, SCORES, remark)
        frame = labelled.labelled(_payments(), labels)
    remark("fitting")
    card, made = _choose(labelled.split(frame))
    return {"card": card, "chosen": made, "payments": len(frame)}


def evaluate(folder: Path, remark: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Measures detection on a labelled set; the keys are those of ``--json``."""
    files = labelled.find(folder)
    labels = labelled.read_labels(files.labels)
    scale = labelled.floor_scale(files.transactions, _watched_floor_sek())
    with scratch.database(remark):
        scratch.publish(files, [*SCORES, *ALERTS], remark, {"aml_floor_scale": scale})
        shipped = _payments()
        frame = labelled.labelled(shipped, labels)
        parts = labelled.split(frame)
        remark("fitting")
        card, made = _choose(parts)
        _put_points(card)
        scratch.rebuild(["int_aml_pairs__scored"], remark)
        points = _payments().set_index("transaction_id")["points"]
        with closing(_connect()) as connection:
            evidence = _evidence(connection)
            facts = _facts(connection)
    remark("measuring")
    report = parts.report
    boosted = _boosted(parts)
    scores = {
        "rules": _alert_counts(report, evidence),
        "scorecard": report["transaction_id"].map(points).to_numpy(dtype=float),
        "gradient_boosting": boosted,
        "shipped_scorecard": report["points"].to_numpy(dtype=float),
    }
    y = report["is_suspicious"].to_numpy()
    return {
        "data": {
            "labels": len(labels),
            "published": len(frame),
            "suspicious": int(frame["is_suspicious"].sum()),
            "accounts": facts["accounts"],
            "floor_scale": scale,
            "fit_until": parts.fit_until,
            "choice_until": parts.choice_until,
            "reported_payments": len(report),
            "reported_suspicious": int(y.sum()),
            "base_rate": float(y.mean()),
        },
        "card": {**made, "features_used": card.features, "bins": len(card.bins)},
        "rankings": {
            name: measures.measure(report, values, facts["accounts"])
            for name, values in scores.items()
        },
        "curves": {name: measures.curve(y, values) for name, values in scores.items()},
        "rules": _rules(report, evidence),
        "not_testable": not_testable(facts, labels),
    }


def not_testable(facts: dict[str, Any], labels: pandas.DataFrame) -> list[str]:
    """Returns in words what the set cannot show, by what its payments and labels lack."""
    said = []
    if facts["countries"] < 2:
        said.append("countries: there is one; high-risk jurisdictions, smurfing from abroad")
    if facts["currencies"] < 2:
        said.append("currencies: there is only one")
    if facts["notes"] == 0:
        said.append("notes: there are none")
    said.append(
        "clock times: scores look at whole days, and a labelled set's times may only be an order; "
        "bursts within minutes and off-hours are tested on generated days"
    )
    known = set(labels["typology"].unique())
    for typology in ("structuring", "burst", "smurfing", "dormant"):
        if not any(typology in each for each in known):
            said.append(f"{typology}: no label of it")
    return said


def _choose(parts: labelled.Split) -> tuple[scorecard.Card, dict[str, float]]:
    return scorecard.choose(
        (parts.fit, parts.fit["is_suspicious"].to_numpy()),
        (parts.choice, parts.choice["is_suspicious"].to_numpy()),
        features(),
    )


def _connect() -> Connection:
    from loaders.database import connect

    return connect("sluss evaluate", role="sluss_transformer")


def _payments() -> pandas.DataFrame:
    with closing(_connect()) as connection:
        return labelled.payments(connection, features())


def _watched_floor_sek() -> float:
    import yaml

    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    return float(project["vars"]["aml_watched_floor_sek"])


def _put_points(card: scorecard.Card) -> None:
    """Puts a card in the place of the seed's, in the database of the evaluation."""
    with closing(_connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("delete from reference.aml_points")
        cursor.executemany(
            "insert into reference.aml_points (version, feature, lower_bound, upper_bound, points)"
            " values (1, %s, %s, %s, %s)",
            [(each.feature, each.lower, each.upper, each.points) for each in card.bins],
        )


def _evidence(connection: Connection) -> pandas.DataFrame:
    """Returns transaction_id, rule_id and alert_id of every payment in an alert's evidence."""
    import pandas

    with connection.cursor() as cursor:
        cursor.execute(
            "select cast(transaction_id as text), rule_id, alert_id"
            " from marts.bridge_alert_transactions"
        )
        return pandas.DataFrame(
            cursor.fetchall(), columns=["transaction_id", "rule_id", "alert_id"]
        )


def _facts(connection: Connection) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select
                (select count(*) from intermediate.int_aml_accounts__keyed) as accounts,
                count(distinct coalesce(sender_country, '-')) as countries,
                count(distinct currency) as currencies,
                count(note) as notes
            from marts.fct_transactions
            """
        )
        names = [each.name for each in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def _alert_counts(report: pandas.DataFrame, evidence: pandas.DataFrame) -> Numbers:
    counts = evidence.groupby("transaction_id")["rule_id"].nunique()
    return report["transaction_id"].map(counts).fillna(0).to_numpy(dtype=float)


def _rules(report: pandas.DataFrame, evidence: pandas.DataFrame) -> dict[str, Any]:
    """Returns per rule the payments in its evidence, how many are suspicious, and the lift."""
    base = float(report["is_suspicious"].mean())
    found = report.merge(
        evidence[["transaction_id", "rule_id"]].drop_duplicates(), on="transaction_id"
    )
    rules = {}
    for rule_id, rows in found.groupby("rule_id"):
        precision = float(rows["is_suspicious"].mean())
        rules[str(rule_id)] = {
            "payments": len(rows),
            "suspicious": int(rows["is_suspicious"].sum()),
            "precision": precision,
            "lift": precision / base,
            "attempts_touched": int(rows.loc[rows["is_suspicious"] == 1, "attempt_id"].nunique()),
        }
    return rules


def _boosted(parts: labelled.Split) -> Numbers:
    """Returns the reference's scores of the reported payments, fitted on the same first part."""
    import numpy
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = features()
    met = parts.fit[parts.fit["is_meeting"]]
    model = HistGradientBoostingClassifier(
        max_iter=200,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        random_state=0,
    ).fit(met[names].to_numpy(dtype=float), met["is_suspicious"])
    is_meeting = parts.report["is_meeting"].to_numpy(dtype=bool)
    scores = numpy.zeros(len(parts.report))
    rows = parts.report.loc[is_meeting, names].to_numpy(dtype=float)
    scores[is_meeting] = model.predict_proba(rows)[:, 1]
    return scores


def write_json(result: dict[str, Any], path: Path) -> None:
    """Writes the result as JSON; dates as text."""
    path.write_text(json.dumps(result, indent=2, default=str) + "\n", encoding="utf-8")
