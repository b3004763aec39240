import pytest
from pydantic import ValidationError

from agents.strategy import Ring
from market.errors import BadInput

MEMBERS = ("a", "b", "c")


def factors(ring: Ring, member: str, bids: int) -> list[float]:
    reporter = ring.start(member)
    return [reporter.report(lambda: 0.5).factor for _ in range(bids)]


def test_one_member_bids_in_earnest_at_a_time_and_each_as_often_as_the_others():
    ring = Ring(members=MEMBERS, turn=0.9, rest=4.0)
    assert factors(ring, "a", 7) == [0.9, 4.0, 4.0, 0.9, 4.0, 4.0, 0.9]
    rounds = list(zip(*(factors(ring, member, 30) for member in MEMBERS), strict=True))
    assert all(sorted(bids) == [0.9, 4.0, 4.0] for bids in rounds)
    assert [[bids[place] for bids in rounds].count(0.9) for place in range(3)] == [10, 10, 10]


def test_a_turn_lasts_as_many_bids_as_agreed():
    ring = Ring(members=MEMBERS[:2], period=3)
    assert factors(ring, "b", 8) == [3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 3.0, 3.0]


@pytest.mark.parametrize(("who", "got"), [("d", "got d"), ("", "a ring is one of providers")])
def test_only_members_take_turns(who: str, got: str):
    with pytest.raises(BadInput, match=f"ring: members: expected one of a, b, c; got.*{got[4:]}"):
        Ring(members=MEMBERS).start(who)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "members"),
        ({"members": ["a"]}, "at least 2 items"),
        ({"members": ["a", "b", "a"]}, "expected different members, got a again"),
        ({"members": MEMBERS, "turn": 0}, "greater than or equal to 0.001"),
        ({"members": MEMBERS, "rest": 1001}, "less than or equal to 1000"),
        ({"members": MEMBERS, "period": 0}, "greater than or equal to 1"),
    ],
)
def test_a_malformed_ring_is_refused(keys, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Ring.model_validate(keys)
