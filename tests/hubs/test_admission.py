from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hubs.admission import Admission, AdmissionParams
from market.messages import Valuation
from tests.hubs.builders import request
from tests.strategies import examples


def asked(*clients: str):
    """One request of each client, named by its place."""
    return [(request(f"d-{place}.1", client=client), "law") for place, client in enumerate(clients)]


def let_in(admission: Admission, *clients: str) -> list[str]:
    """The clients whose requests were admitted."""
    return [one.client for one, _ in admission.admit(asked(*clients)).admitted]


def test_without_limits_everybody_is_admitted_in_order():
    decided = Admission(AdmissionParams()).admit(asked("a", "b", *["a"] * 50))
    assert [one.request for one, _ in decided.admitted] == [f"d-{place}.1" for place in range(52)]
    assert decided.turned_away == ()


def test_who_comes_first_is_admitted_and_the_rest_are_turned_away_with_their_ids():
    decided = Admission(AdmissionParams(per_round=1)).admit(asked("a", "b", "a", "a"))
    assert [one.request for one, _ in decided.admitted] == ["d-0.1", "d-1.1"]
    assert decided.turned_away == ("d-2.1", "d-3.1")


def test_the_guessed_domain_stays_with_its_request():
    one = (request(), "medicine")
    assert Admission(AdmissionParams()).admit([one]).admitted == (one,)


def test_a_limit_a_round_starts_anew_in_the_next():
    admission = Admission(AdmissionParams(per_round=2))
    assert let_in(admission, "a", "a", "a") == ["a", "a"]
    assert let_in(admission, "a", "a", "a") == ["a", "a"]


def test_who_waits_counts_until_served_or_refused():
    admission = Admission(AdmissionParams(waiting=2))
    assert let_in(admission, "a", "a", "a") == ["a", "a"]
    assert let_in(admission, "a", "b") == ["b"]
    admission.awarded("a")
    assert let_in(admission, "a", "a") == ["a"]
    admission.refused("a")
    assert let_in(admission, "a", "a") == ["a"]


def test_who_is_served_counts_until_that_ends():
    admission = Admission(AdmissionParams(inflight=2))
    assert let_in(admission, "a", "a", "a") == ["a", "a"]
    admission.awarded("a")
    assert let_in(admission, "a") == []
    admission.ended("a")
    assert let_in(admission, "a", "a") == ["a"]


def test_one_client_never_takes_the_room_of_another():
    admission = Admission(AdmissionParams(waiting=1, inflight=1, per_round=1))
    assert let_in(admission, *["a"] * 9, "b") == ["a", "b"]


def test_a_client_under_two_names_has_the_limits_of_two():
    admission = Admission(AdmissionParams(per_round=1))
    assert let_in(admission, "a", "a too") == ["a", "a too"]


def test_what_is_reported_changes_nothing():
    limits = AdmissionParams(per_round=1)
    rich = [
        (replace(one, reported=Valuation(1.0, 10.0**place, 0.0)), domain)
        for place, (one, domain) in enumerate(asked("a", "a", "b"))
    ]
    plain = Admission(limits).admit(asked("a", "a", "b"))
    assert Admission(limits).admit(rich).turned_away == plain.turned_away


@pytest.mark.parametrize("leave", ["awarded", "refused", "ended"])
def test_nobody_leaves_who_never_came(leave):
    with pytest.raises(ValueError, match=r"'a' that is (waiting|being served), there is none"):
        getattr(Admission(AdmissionParams()), leave)("a")


@pytest.mark.parametrize("limit", ["waiting", "inflight", "per_round"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, float("nan")])
def test_a_limit_is_a_whole_number_from_one(limit, wrong):
    with pytest.raises(ValidationError):
        AdmissionParams(**{limit: wrong})


LIMITS = st.one_of(st.none(), st.integers(1, 4))


@given(
    params=st.builds(AdmissionParams, waiting=LIMITS, inflight=LIMITS, per_round=LIMITS),
    data=st.data(),
)
@examples(150)
def test_the_limits_hold_at_all_times_and_nobody_within_them_is_turned_away(params, data):
    """Against counts of our own; who has nothing open is forgotten."""
    admission = Admission(params)
    waiting: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for _ in range(data.draw(st.integers(1, 6))):
        clients = data.draw(st.lists(st.sampled_from("abc"), max_size=8))
        decided = admission.admit(asked(*clients))
        entered = Counter(one.client for one, _ in decided.admitted)
        waiting += entered
        for client in "abc":
            full = (
                (waiting[client], params.waiting),
                (waiting[client] + served[client], params.inflight),
                (entered[client], params.per_round),
            )
            assert all(limit is None or count <= limit for count, limit in full)
            if entered[client] < clients.count(client):
                assert any(count == limit for count, limit in full)
        for where, leave in ((served, "ended"), (waiting, "awarded"), (waiting, "refused")):
            for client in list(where.elements()):
                if data.draw(st.booleans()):
                    getattr(admission, leave)(client)
                    where[client] -= 1
                    served[client] += leave == "awarded"
    remembered = set(admission._waiting) | set(admission._served)
    assert remembered == set((+waiting).keys()) | set((+served).keys())
