import numpy as np
import pytest
from pydantic import ValidationError

from agents.params import Distribution
from orchestrator.demand.shape import (
    DialogueShape,
    draw_query,
    draw_terms,
    draw_tokens,
    draw_topic,
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_domains_are_drawn_by_their_weight():
    generator, anywhere = rng(), Distribution(uniform=(0.0, 1.0))
    topics = [draw_topic({"law": 3.0, "code": 1.0}, anywhere, generator) for _ in range(3000)]
    assert np.mean([topic.domain == "law" for topic in topics]) == pytest.approx(0.75, abs=0.03)
    assert len({topic.difficulty for topic in topics}) > 2900


def test_a_difficulty_stays_between_nothing_and_one():
    wild = Distribution(normal=(0.5, 5.0))
    generator = rng()
    drawn = {draw_topic({"law": 1.0}, wild, generator).difficulty for _ in range(100)}
    assert {0.0, 1.0} <= drawn
    assert all(0.0 <= difficulty <= 1.0 for difficulty in drawn)


def test_queries_are_spread_evenly_and_each_turn_has_its_own():
    queries = [draw_query(3, "d0-000001", turn) for turn in range(1, 2001)]
    assert len(set(queries)) == 2000
    assert all(0.0 <= query < 1.0 for query in queries)
    counts, _ = np.histogram(queries, 10, (0.0, 1.0))
    assert counts / 2000 == pytest.approx([0.1] * 10, abs=0.025)
    assert draw_query(3, "d0-000002", 1) != queries[0] != draw_query(4, "d0-000001", 1)


def test_a_length_is_a_whole_number_of_at_least_one_token():
    generator, short = rng(), Distribution(lognormal=(0.5, 2.0))
    lengths = [draw_tokens(short, generator) for _ in range(500)]
    assert min(lengths) == 1
    assert all(type(length) is int for length in lengths)
    assert draw_tokens(Distribution(constant=-3.0), generator) == 1
    assert draw_tokens(Distribution(constant=2.4), generator) == 2


def test_words_come_from_the_domain_and_from_everybody_in_their_share():
    terms = draw_terms(4000, 0.25, "law", rng())
    assert len(terms) == 4000
    owners = [term.rsplit("-", 1)[0] for term in terms]
    assert set(owners) == {"law", "common"}
    assert owners.count("law") / 4000 == pytest.approx(0.25, abs=0.03)


def test_few_words_are_frequent_and_many_are_rare():
    terms = draw_terms(4000, 1.0, "law", rng())
    assert terms.count("law-1") / 4000 == pytest.approx(1 / 2.612, abs=0.03)  # 1 / zeta(1.5)
    assert len(set(terms)) > 100


def test_without_topical_words_a_domain_leaves_no_trace():
    assert draw_terms(50, 0.0, "law", rng()) == draw_terms(50, 0.0, "code", rng())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"terms": 0}, "greater than or equal to 1"),
        ({"topical": 1.1}, "less than or equal to 1"),
        ({"turns": {"uniform": [3, 1]}}, "low <= high"),
        ({"length": 3}, "length"),
    ],
)
def test_a_malformed_shape_is_refused(wrong, complaint):
    with pytest.raises(ValidationError, match=complaint):
        DialogueShape(**wrong)
