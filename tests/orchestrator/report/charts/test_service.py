"""How requests ended, what was cached and how late the first token was."""

from collections import Counter

import numpy as np
import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.charts.service import (
    cache,
    cache_by_turn,
    endings,
    ttft_distribution,
    ttft_over_rounds,
)
from tests.orchestrator.report.charts.drawn import cells, lines, rows


def test_endings_are_counted_by_kind_and_mechanism(arms, varied):
    shown = cells(endings(arms))
    assert list(shown) == [
        "auction chat requests", "random chat requests", "auction workflows", "random workflows",
    ]  # fmt: skip
    assert shown["auction workflows"][0] == str(summarize(arms[0].path).workflows.served)
    chart = endings(varied)
    assert chart.table.heads[1:] == ("served", "refused", "failed")
    counts = Counter(row["status"] for row in rows(varied[0], "requests"))
    assert counts["failed"] > 0
    expected = tuple(str(counts[status]) for status in ("served", "refused", "failed"))
    assert cells(chart)["auction chat requests"] == expected
    assert sum(bar.x[0] for bar in chart.figure.data) == pytest.approx(100)


def test_cache_hits_are_percentages_of_the_rounds_with_demand(arms):
    for trace in cache(arms).figure.data:
        assert max(trace.x) <= arms[0].demand_rounds
        hits = np.array(trace.y, dtype=float)
        assert ((hits >= 0) & (hits <= 100) | np.isnan(hits)).all()


def test_cache_hits_by_turn_are_those_of_the_answers(arms):
    turn_of = {row["request"]: row["turn"] for row in rows(arms[0], "requests")}
    done = rows(arms[0], "completions", kind="chat", error=None)
    second = [row for row in done if turn_of[row["request"]] == 2]
    found = sum(row["cached_tokens"] for row in second)
    trace = cache_by_turn(arms).figure.data[0]
    hits = dict(zip(trace.x, trace.y, strict=True))
    assert hits[2] == pytest.approx(100 * found / sum(row["prompt_tokens"] for row in second))
    assert hits[1] < hits[2]
    few = Counter(turn_of[row["request"]] for row in done)
    assert set(hits) == {turn for turn, count in few.items() if count >= 5}


def test_half_of_a_rounds_answers_are_within_its_median(arms):
    shown = lines(ttft_over_rounds(arms))
    assert set(shown) == {"auction, median", "auction, 95th percentile", "random, median"}
    done = rows(arms[0], "completions", kind="chat", error=None, round=5)
    seconds = sorted(row["ttft_s"] for row in done)
    assert shown["auction, median"][4] == seconds[-(-len(seconds) // 2) - 1]
    assert shown["auction, 95th percentile"][4] == seconds[-(-len(seconds) * 95 // 100) - 1]


def test_the_distribution_of_the_ttft_ends_with_the_slowest_answer(arms):
    slowest = max(row["ttft_s"] for row in rows(arms[0], "completions", kind="chat"))
    chart = ttft_distribution(arms)
    trace = chart.figure.data[0]
    assert (trace.x[-1], trace.y[-1]) == (slowest, 100)
    assert (np.diff(trace.x) >= 0).all()
    assert float(cells(chart)["100"][0]) == pytest.approx(slowest, rel=1e-3)
