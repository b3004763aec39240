from agents.presence import LEFT, OUTAGE, Presence, RoundPresence
from agents.presence.entry_exit import EntryExit, EntryExitParams
from agents.presence.outages import Listed


def test_who_has_neither_outages_nor_fixed_costs_is_there_for_nothing():
    presence = Presence()
    presence.earn(-5)
    assert [presence.advance(float(second)) for second in (1, 2)] == [RoundPresence(None, 0)] * 2


def test_fixed_costs_go_on_through_an_outage_and_end_with_an_exit():
    leaving = EntryExit(EntryExitParams(window_s=3.0, away_s=2.0), 1e-9)
    presence = Presence(Listed(((2.0, 5.0),)), leaving)
    seen = [presence.advance(float(second)) for second in range(1, 6)]
    assert [one.absence for one in seen] == [None, OUTAGE, LEFT, LEFT, None]
    assert [one.fixed_cost_nano for one in seen] == [1, 1, 1, 0, 0]
