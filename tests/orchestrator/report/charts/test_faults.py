from orchestrator.analysis.summary import summarize
from orchestrator.report.charts.faults import faults
from tests.orchestrator.report.charts.drawn import lines


def test_faults_stand_in_their_round_on_average_over_trials(varied):
    shown, told = lines(faults(varied)), summarize(varied[0].path).faults
    assert told.crashes == 16
    assert shown["provider: crash"].tolist()[:4] == [0, 0, 8, 0]
    assert shown["hub: crash"][1] == 1
    assert told.lost > 0
    assert 2 * shown["work in flight that was lost"].sum() == told.lost


def test_a_market_without_faults_says_so(arms):
    assert "nothing crashed" in faults(arms).caption
