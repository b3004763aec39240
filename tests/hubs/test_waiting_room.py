import pytest

from hubs.waiting_room import WaitingRoom


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_one_waits_as_many_clearings_as_its_patience(patience):
    room = WaitingRoom[str](patience)
    room.enter(["a"])
    for _ in range(patience - 1):
        assert room.after_clearing([False]) == []
        assert room.waiting == ["a"]
    assert room.after_clearing([False]) == ["a"]
    assert room.waiting == []


def test_whoever_was_taken_is_gone_and_the_others_keep_their_order_and_their_age():
    room = WaitingRoom[str](2)
    room.enter(["a", "b", "c"])
    assert room.after_clearing([False, True, False]) == []
    room.enter(["d"])
    assert room.waiting == ["a", "c", "d"]
    assert room.after_clearing([True, False, False]) == ["c"]
    assert room.waiting == ["d"]


def test_a_clearing_speaks_of_everybody_who_waits():
    room = WaitingRoom[str](2)
    room.enter(["a", "b"])
    with pytest.raises(ValueError, match="zip"):
        room.after_clearing([True])
