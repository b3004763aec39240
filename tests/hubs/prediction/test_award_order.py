import numpy as np

from hubs.prediction.award_order import AwardOrder


def test_labels_come_out_in_the_order_of_their_awards():
    order = AwardOrder[str](10)
    for name in "abcd":
        order.announce(name)
    assert order.come("c", "C") == []
    assert order.come("a", "A") == ["A"]
    assert order.come("b", "B") == ["B", "C"]
    assert order.come("d", "D") == ["D"]


def test_a_label_that_never_comes_holds_nobody_up():
    order = AwardOrder[str](10)
    for name in "abc":
        order.announce(name)
    assert order.come("b", "B") == []
    assert order.come("a", None) == ["B"]
    assert order.come("c", None) == []


def test_what_waits_too_long_is_not_waited_for():
    order = AwardOrder[str](2)
    for name in "abcde":
        order.announce(name)
    assert order.come("b", "B") == order.come("d", "D") == []
    assert order.come("e", "E") == ["B"]
    assert order.come("a", "A") == ["A"]
    assert order.come("c", "C") == ["C", "D", "E"]


def test_lengths_that_come_back_shortest_first_are_learned_without_bias():
    """Ten answers begin every second and take as many seconds as they are long."""
    lengths = np.random.default_rng(4).lognormal(1.5, 0.9, 600)
    order = AwardOrder[float](1000)
    back = sorted((number // 10 + length, number) for number, length in enumerate(lengths))
    for number in range(len(lengths)):
        order.announce(str(number))
    until_s = 20.0
    in_time = [number for moment, number in back if moment <= until_s]
    learned = [one for number in in_time for one in order.come(str(number), lengths[number])]
    awarded = lengths[: int(until_s) * 10]
    assert np.mean(lengths[in_time]) < 0.9 * np.mean(awarded)
    assert learned == lengths[: len(learned)].tolist()
    assert 0 < len(learned) < len(in_time)
