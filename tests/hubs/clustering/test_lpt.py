from hypothesis import given
from hypothesis import strategies as st

from hubs.clustering.lpt import lpt
from tests.strategies import examples


def test_grahams_worst_case_for_three_parts():
    """Graham (1969): 11 where 9 would do."""
    sizes = [5, 5, 4, 4, 3, 3, 3]
    dealt = lpt(sizes, 3, range(7))
    assert sorted(sum(sizes[thing] for thing in part) for part in dealt) == [8, 8, 11]


def test_equal_things_are_dealt_in_the_order_given():
    assert lpt([2, 2, 2, 2], 2, [3, 1, 0, 2]) == [[0, 3], [1, 2]]


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=30), data=st.data())
@examples(150)
def test_a_part_exceeds_the_smallest_by_at_most_the_smallest_thing_in_it(sizes, data):
    parts = data.draw(st.integers(1, len(sizes)))
    order = data.draw(st.permutations(range(len(sizes))))
    dealt = lpt(sizes, parts, order)
    assert sorted(thing for part in dealt for thing in part) == list(range(len(sizes)))
    totals = [sum(sizes[thing] for thing in part) for part in dealt]
    for part, total in zip(dealt, totals, strict=True):
        assert total - min(totals) <= min(sizes[thing] for thing in part)
