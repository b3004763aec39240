from __future__ import annotations

import pytest

from market.audit.single_parameter import NOTHING, Answer, explore

#: Two units below 1, one below 3, none from there on.
DROPS = (1.0, 3.0)


def units(report: float) -> float:
    return 2.0 * (report < 1.0) + 1.0 * (1.0 <= report < 3.0)


def at_thresholds(report: float) -> Answer:
    return Answer(units(report), sum(drop for drop in DROPS if report < drop))


def at_report(report: float) -> Answer:
    return Answer(units(report), report * units(report))


def test_paid_at_its_thresholds_the_truth_is_best():
    curve = explore(at_thresholds, 0.0, 4.0, DROPS, also=[0.5])
    assert curve.exact
    best = curve.best(0.5, 0.5, curve.answers[0.5])
    assert best.witness == 0.5
    assert best.utility == best.witness_utility == pytest.approx(4.0 - 2 * 0.5)
    assert best.attained
    assert curve.residuals() == pytest.approx([0.0] * len(curve.residuals()), abs=1e-12)


def test_paid_its_report_it_approaches_the_end_of_a_piece():
    curve = explore(at_report, 0.0, 4.0, DROPS, also=[0.5])
    best = curve.best(0.5, 0.5, curve.answers[0.5])
    assert not best.attained
    assert best.utility == pytest.approx(2.5, rel=1e-13)
    assert best.witness == pytest.approx(3.0)
    assert best.witness < 3.0
    assert best.witness_utility == at_report(best.witness).utility(0.5)
    assert max(curve.residuals(), key=abs) < -1


@pytest.mark.parametrize("critical", [(1.0,), (1.0, 2.9), None], ids=["missing", "wrong", "none"])
def test_what_a_rule_says_about_its_critical_reports_is_not_believed(critical):
    curve = explore(at_report, 0.0, 4.0, critical)
    assert not curve.exact
    best = curve.best(0.5, 0.5, at_report(0.5))
    assert best.utility == pytest.approx(2.5, rel=1e-6)
    assert best.witness_utility == pytest.approx(2.5, rel=1e-6)


def test_a_quantity_that_rises_is_told_with_both_reports():
    curve = explore(lambda report: Answer(float(report >= 2.0), 0.0), 0.0, 4.0, (2.0,))
    ((low, high),) = curve.rises(least=1.9)
    assert low == pytest.approx(2.0)
    assert low < high == 2.0
    assert list(curve.rises(least=2.0)) == []


def test_who_never_wins_is_asked_twice():
    asked = []

    def respond(report: float) -> Answer:
        asked.append(report)
        return NOTHING

    curve = explore(respond, 1.0, 4.0, ())
    assert asked == [1.0, 4.0]
    assert curve.exact
    assert curve.residuals() == [0.0, 0.0, 0.0, 0.0]


def test_a_range_of_one_report_has_one_answer():
    curve = explore(at_report, 2.0, 2.0, ())
    assert curve.best(2.0, 2.0, at_report(2.0)).utility == 0.0
    assert curve.answers == {2.0: Answer(1.0, 2.0)}


def test_a_drop_right_behind_zero_does_not_last_forever():
    curve = explore(lambda report: Answer(float(report == 0.0), 0.0), 0.0, 4.0, ())
    assert curve.best(1.0, 1.0, NOTHING).utility == 0.0
    assert len(curve.pieces) < 100
