from market.audit import CLIENT, PROVIDER, Survey, audit, survey
from tests.market.audit.test_problem import MATCHING, PAY_AS_BID, STAR


def test_markets_with_regret_are_counted_by_side():
    reports = [audit(STAR), audit(PAY_AS_BID)]
    worst = reports[1].worst
    assert worst is not None
    found = survey(reports, PROVIDER)
    assert (found.markets, found.with_regret, found.exact) == (2, 1, True)
    assert found.share_with_regret == 0.5
    assert found.largest_relative_regret >= worst.regret / worst.scale > 0
    assert survey([audit(MATCHING)], CLIENT) == Survey(1, 0, 0.0, True)


def test_a_search_is_no_proof():
    assert not survey([audit(STAR, sides=[CLIENT])], CLIENT).exact


def test_without_markets_there_is_no_regret():
    assert survey([], PROVIDER).share_with_regret == 0.0
