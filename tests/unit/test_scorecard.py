"""The scorecard and the measures by themselves: no database, small numbers that can be checked."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loaders.errors import UnusableInputError
from sluss.aml import labelled, measures, scorecard
from sluss.aml.scorecard import MEETING, Bin, Card

DAY = date(2025, 1, 1)


def payments(seed: int = 1, count: int = 6_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Payments of which those with many `busy` and few `calm` are suspicious more often."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "is_meeting": random.random(count) < 0.5,
            "busy": random.poisson(2, count).astype(float),
            "calm": random.poisson(5, count).astype(float),
            "noise": random.random(count).round(2),
        }
    )
    odds = -5 + 0.9 * frame["busy"] - 0.3 * frame["calm"]
    chance = np.where(frame["is_meeting"], 1 / (1 + np.exp(-odds)), 0.001)
    return frame, (random.random(count) < chance).astype(int)


def test_points_rise_and_fall_with_the_evidence_and_never_turn_back() -> None:
    frame, labels = payments()
    card = scorecard.fit(frame, labels, ["busy", "calm", "noise"], count=3)
    busy = [each.points for each in card.bins if each.feature == "busy"]
    calm = [each.points for each in card.bins if each.feature == "calm"]
    assert busy == sorted(busy)
    assert busy[0] == 0 < busy[-1]
    assert calm == sorted(calm, reverse=True)
    assert calm[-1] == 0 < calm[0]


def test_bins_of_a_feature_touch_and_cover_every_number() -> None:
    frame, labels = payments()
    card = scorecard.fit(frame, labels, ["busy", "calm", "noise"], count=3)
    for feature in card.features:
        bins = [each for each in card.bins if each.feature == feature]
        assert bins[0].lower is None
        assert bins[-1].upper is None
        assert [each.upper for each in bins[:-1]] == [each.lower for each in bins[1:]]


def test_the_same_data_give_the_same_file(tmp_path: Path) -> None:
    for name in ("first.csv", "second.csv"):
        frame, labels = payments()
        scorecard.write(scorecard.fit(frame, labels, ["noise", "calm", "busy"], 3), tmp_path / name)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_a_card_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    card = Card((Bin(MEETING, None, None, 7), Bin("busy", None, 2.5, 0), Bin("busy", 2.5, None, 9)))
    scorecard.write(card, tmp_path / "points.csv")
    assert scorecard.read(tmp_path / "points.csv") == card


def test_a_score_is_the_sum_of_its_bins_and_nothing_without_a_meeting() -> None:
    card = Card((Bin(MEETING, None, None, 7), Bin("busy", None, 2, 0), Bin("busy", 2, None, 9)))
    frame = pd.DataFrame({"is_meeting": [True, True, False], "busy": [1.9, 2.0, 5.0]})
    assert card.score(frame).tolist() == [7, 16, 0]


def test_labels_that_are_only_reported_on_do_not_touch_the_card() -> None:
    frame, labels = payments()
    days = [DAY + timedelta(days=i * 50 // len(frame)) for i in range(len(frame))]
    whole = frame.assign(booked_date=days, transaction_id=[str(i) for i in range(len(frame))])
    cards = []
    for turned in (False, True):
        parts = labelled.split(whole.assign(is_suspicious=labels))
        report = parts.report["is_suspicious"].to_numpy()
        changed = 1 - report if turned else report
        whole_again = pd.concat(
            [parts.fit, parts.choice, parts.report.assign(is_suspicious=changed)]
        )
        again = labelled.split(whole_again)
        cards.append(
            scorecard.choose(
                (again.fit, again.fit["is_suspicious"].to_numpy()),
                (again.choice, again.choice["is_suspicious"].to_numpy()),
                ["busy", "calm"],
            )
        )
    assert cards[0] == cards[1]


def test_a_split_is_by_days_and_knows_no_tomorrow() -> None:
    frame, labels = payments()
    days = [DAY + timedelta(days=int(i) % 50) for i in range(len(frame))]
    parts = labelled.split(frame.assign(booked_date=days, is_suspicious=labels))
    assert parts.fit["booked_date"].max() == parts.fit_until == DAY + timedelta(days=29)
    assert parts.choice["booked_date"].min() > parts.fit_until
    assert parts.choice["booked_date"].max() == parts.choice_until == DAY + timedelta(days=39)
    assert parts.report["booked_date"].min() > parts.choice_until
    assert len(parts.fit) + len(parts.choice) + len(parts.report) == len(frame)


def test_a_set_without_suspicious_payments_at_its_end_is_refused() -> None:
    frame, labels = payments()
    days = [DAY + timedelta(days=i * 50 // len(frame)) for i in range(len(frame))]
    labels[len(frame) * 3 // 4 :] = 0
    with pytest.raises(UnusableInputError, match="last 20 %"):
        labelled.split(frame.assign(booked_date=days, is_suspicious=labels))


def reported() -> pd.DataFrame:
    """200 payments, two attempts: one of three payments on days 1, 3 and 9, one of a single one."""
    frame = pd.DataFrame(
        {
            "transaction_id": [f"id-{i}" for i in range(200)],
            "booked_date": [DAY] * 200,
            "is_suspicious": [0] * 200,
            "typology": [""] * 200,
            "attempt_id": [""] * 200,
        }
    )
    for row, (day, typology, attempt) in enumerate(
        [(1, "cycle", "a"), (3, "cycle", "a"), (9, "cycle", "a"), (2, "stack", "b")]
    ):
        frame.loc[row, "booked_date"] = DAY + timedelta(days=day)
        frame.loc[row, ["is_suspicious", "typology", "attempt_id"]] = [1, typology, attempt]
    return frame


def test_measures_are_those_that_a_person_counts() -> None:
    scores = np.zeros(200)
    scores[1], scores[50] = 9.0, 8.0  # the second payment of the first attempt, and a false alert
    found = measures.measure(reported(), scores, account_count=1_000)
    assert found["alerts"] == 2
    assert found["precision"] == 0.5
    assert found["recall"] == 0.25
    assert (found["attempts_touched"], found["attempts"]) == (1, 2)
    assert found["typologies"]["cycle"]["median_lead_days"] == 6
    assert found["typologies"]["stack"]["median_lead_days"] is None
    assert found["per_thousand_accounts"]["1"] == {"alerts": 1, "precision": 1.0, "recall": 0.25}
    # One threshold at 1/1, one at 1/2, the rest at 4/200 for three quarters of the recall.
    assert found["average_precision"] == pytest.approx(0.25 * 1 + 0.75 * 4 / 200)
    low, high = found["average_precision_interval"]
    assert 0 <= low <= found["average_precision"] <= high <= 1


def test_equal_scores_are_told_apart_by_neither_place_nor_label() -> None:
    ids = [f"id-{i}" for i in range(1_000)]
    order = measures.ranking(np.zeros(1_000), ids)
    turned = measures.ranking(np.zeros(1_000), ids[::-1])
    assert [ids[i] for i in order] == [ids[::-1][i] for i in turned]
    assert list(order[:5]) != [0, 1, 2, 3, 4]
