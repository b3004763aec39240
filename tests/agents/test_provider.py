from collections.abc import Sequence

import numpy as np
import pytest

from agents.cost import Cost, PaperCost, PaperParams
from agents.cost.load import LoadCost
from agents.electricity import Electricity
from agents.engine import Job, SimulatedEngine, Task
from agents.presence import LEFT, OUTAGE, Presence
from agents.presence.entry_exit import EntryExit, EntryExitParams
from agents.presence.outages import Listed
from agents.prior import EmpiricalPrior, FromCost, UniformPrior
from agents.provider import Provider
from agents.quality import Capability
from agents.strategy import Aggressive, NoRegret, Random, Truthful
from market.messages import CHAT, NODE, Completion
from market.profiles import ProviderProfile
from market.prompt import Span
from tests.engine_profiles import MEDIUM

DAY = Electricity(day_s=120.0)
PROFILE = ProviderProfile("p", 1, ("law",), {"law": 0.8}, 0.25, 0.025, 4, 1, MEDIUM)


class Scripted:
    """An engine that returns completions as they were scripted, by the round that asks."""

    def __init__(self, replies: Sequence[list[Completion]] = ()):
        self.submitted: list[Job] = []
        self._replies = list(replies)

    def submit(self, job: Job) -> None:
        self.submitted.append(job)

    def advance(self, until_s: float) -> list[Completion]:
        return self._replies.pop(0) if self._replies else []


def cost_over_time() -> PaperCost:
    return PaperCost(PaperParams(), 2.0, DAY, 7, "provider", "p")


def provider(
    engine=None, *, strategy=None, prior=None, skills=None, cost: Cost | None = None, presence=None
) -> Provider:
    return Provider(
        PROFILE,
        engine or Scripted(),
        cost or cost_over_time(),
        prior or FromCost(),
        strategy or Truthful(),
        Capability(skills or {"law": 0.5}, 0.5),
        seed=7,
        presence=presence,
    )


def job(name: str = "r", submitted_s: float = 1.0, **changes) -> Job:
    usual = {"kind": CHAT, "task": Task("law", 0.5, 0.25), "pays_nano": 0} | changes
    prompt = (Span(1, 100),)
    return Job(name, prompt=prompt, output_tokens=40, answer=9, submitted_s=submitted_s, **usual)


def done(name: str = "r", **changes) -> Completion:
    usual = {
        "request": name, "provider": "p", "kind": CHAT, "submitted_s": 1.0, "first_token_s": 1.2,
        "finish_s": 2.5, "prompt_tokens": 100, "cached_tokens": 64, "output_tokens": 40,
    }  # fmt: skip
    return Completion(**usual | changes)


def test_the_realised_cost_is_that_of_the_tokens_at_the_cost_of_the_moment_of_submission():
    seller = provider(Scripted([[], [done()]]))
    seller.step([job(submitted_s=1.0)], 2.0)
    reply = seller.step([], 3.0)
    # 40 written, 36 read at a quarter, 64 found cached at a fortieth.
    tokens = 40 + 0.25 * 36 + 0.025 * 64
    cost = cost_over_time().usd_per_mtok(1.0)
    assert reply.private.realized_cost_nano == {"r": round(cost * tokens * 1000)}
    assert cost != cost_over_time().usd_per_mtok(3.0)


def test_tokens_of_which_nothing_is_known_cost_like_uncached_ones():
    seller = provider(Scripted([[done(cached_tokens=None)]]))
    reply = seller.step([job()], 2.0)
    cost = cost_over_time().usd_per_mtok(1.0)
    assert reply.private.realized_cost_nano == {"r": round(cost * (40 + 25) * 1000)}


def test_a_failure_costs_nothing_and_is_not_graded():
    seller = provider(Scripted([[done(error="prompt too long", output_tokens=0)]]))
    reply = seller.step([job()], 2.0)
    assert reply.private.realized_cost_nano == {"r": 0}
    (completion,) = reply.completions
    assert (completion.quality, completion.domain) == (None, None)
    assert completion.error == "prompt too long"


def test_a_chat_turn_comes_back_with_its_grade_and_its_domain():
    for skill, grade in ((1.0, 1.0), (0.0, 0.0)):
        seller = provider(Scripted([[done()]]), skills={"law": skill})
        (completion,) = seller.step([job()], 2.0).completions
        assert (completion.quality, completion.domain) == (grade, "law")


def test_a_node_of_a_workflow_is_not_graded():
    seller = provider(Scripted([[done(kind=NODE)]]))
    (completion,) = seller.step([job(kind=NODE, task=None)], 2.0).completions
    assert (completion.quality, completion.domain) == (None, None)


def test_a_grade_does_not_depend_on_when_or_next_to_whom_the_turn_was_served():
    names = [f"r{number}" for number in range(40)]
    together = provider(Scripted([[done(name) for name in names]]))
    one_by_one = provider(Scripted([[done(name)] for name in reversed(names)]))
    grades = {
        completion.request: completion.quality
        for completion in together.step([job(name) for name in names], 2.0).completions
    }
    alone = {}
    for second, name in enumerate(reversed(names), start=2):
        (completion,) = one_by_one.step([job(name)], second).completions
        alone[name] = completion.quality
    assert grades == alone
    assert set(grades.values()) == {0.0, 1.0}


def test_the_truthful_bid_their_cost_of_the_moment_within_its_public_support():
    seller = provider()
    for now_s in (1.0, 2.0, 50.0):
        reply = seller.step([], now_s)
        cost = cost_over_time().usd_per_mtok(now_s)
        assert reply.private.cost_usd_per_mtok == cost
        assert (reply.bid.chat, reply.bid.workflow) == (cost, cost)
        assert (reply.bid.low, reply.bid.high) == cost_over_time().support(now_s)
        assert reply.bid.low <= cost <= reply.bid.high
        assert reply.bid.provider == "p"


def test_an_aggressive_strategy_moves_the_bid_and_not_the_cost():
    reply = provider(strategy=Aggressive(by=1.5)).step([], 4.0)
    cost = cost_over_time().usd_per_mtok(4.0)
    assert reply.private.cost_usd_per_mtok == cost
    assert reply.bid.chat == reply.bid.workflow == 1.5 * cost


def test_random_bids_differ_between_markets_and_rounds_and_are_repeatable():
    strategy = Random(between=(0.5, 2.0))
    seller = provider(strategy=strategy)
    bids = [seller.step([], float(second)).bid for second in range(1, 6)]
    factors = set()
    for second, bid in enumerate(bids, start=1):
        cost = cost_over_time().usd_per_mtok(float(second))
        factors |= {bid.chat / cost, bid.workflow / cost}
    assert len(factors) == 10
    assert all(0.5 <= factor <= 2.0 for factor in factors)
    assert provider(strategy=strategy).step([], 3.0).bid == bids[2]


def test_a_stated_prior_is_published_whatever_the_cost():
    prior = UniformPrior(kind="uniform", low=0.5, high=9.0)
    for now_s in (4.0, 30.0):
        bid = provider(prior=prior).step([], now_s).bid
        level = DAY.factor(now_s)
        assert (bid.low, bid.high, bid.prior) == (0.5 * level, 9.0 * level, None)


def test_a_bid_carries_what_is_believed_and_at_which_price_level():
    prior = EmpiricalPrior(kind="empirical", samples=(1.0, 2.0, 4.0), high=5.0)
    seller = provider(prior=prior)
    first, second = (seller.step([], now_s).bid for now_s in (4.0, 30.0))
    assert first.prior is second.prior is prior.prior
    assert (first.price_level, second.price_level) == (DAY.factor(4.0), DAY.factor(30.0))
    believed = second.public_prior()
    assert (believed.low, believed.high) == (second.low, second.high)


def test_a_real_engine_serves_the_jobs_of_a_provider():
    seller = provider(SimulatedEngine("p", PROFILE.engine), skills={"law": 1.0})
    jobs = [job("a"), job("b", kind=NODE, task=None)]
    first = seller.step(jobs, 1.0)
    assert first.completions == ()
    later = seller.step([], 60.0)
    assert {completion.request: completion.quality for completion in later.completions} == {
        "a": 1.0,
        "b": None,
    }
    assert set(later.private.realized_cost_nano) == {"a", "b"}
    assert all(cost > 0 for cost in later.private.realized_cost_nano.values())


def test_jobs_are_submitted_in_the_order_they_were_handed_over():
    engine = Scripted()
    provider(engine).step([job("b"), job("a"), job("c")], 2.0)
    assert [submitted.request for submitted in engine.submitted] == ["b", "a", "c"]


def test_the_cost_of_a_round_is_known_to_nobody_but_the_experimenter():
    reply = provider(strategy=Aggressive(by=2.0)).step([], 1.0)
    published = {reply.bid.chat, reply.bid.workflow, reply.bid.low, reply.bid.high}
    assert reply.private.cost_usd_per_mtok not in published
    assert reply.private.cost_usd_per_mtok == pytest.approx(reply.bid.chat / 2)


LEARNING = NoRegret(factors=(0.5, 2.0))


def bids_that_are_paid(pays: dict[float, int], rounds: int = 300) -> list[float]:
    """The factors of a provider that wins a job with every bid, and is paid by its factor."""
    engine = Scripted([[]])
    seller = provider(engine, strategy=LEARNING)
    jobs: list[Job] = []
    factors = []
    for second in range(1, rounds):
        reply = seller.step(jobs, float(second))
        factor = reply.bid.chat / reply.private.cost_usd_per_mtok
        jobs = [job(f"r{second}", float(second), pays_nano=pays[round(factor, 1)])]
        engine._replies = [[done(f"r{second}", cached_tokens=100, output_tokens=0)]]
        factors.append(factor)
    return factors


@pytest.mark.parametrize("best", [0.5, 2.0])
def test_a_provider_learns_to_bid_what_pays(best):
    factors = bids_that_are_paid({0.5: 0, 2.0: 0} | {best: 1_000_000})
    assert set(np.round(factors, 1)) == {0.5, 2.0}
    assert np.mean(np.isclose(factors[-50:], best)) > 0.8


def test_a_provider_that_learns_bids_the_truth_in_the_workflow_market():
    seller = provider(strategy=LEARNING)
    for second in range(1, 30):
        reply = seller.step([], float(second))
        assert reply.bid.workflow == reply.private.cost_usd_per_mtok
        assert reply.bid.chat != reply.bid.workflow


def test_what_a_bid_earned_is_its_payment_less_the_true_cost_and_nothing_if_it_failed():
    engine = Scripted([[], [done("a"), done("b", error="prompt too long")], [done("w", kind=NODE)]])
    seller = provider(engine)
    told = []
    seller._chat_bids.done = lambda request, profit_nano: told.append((request, profit_nano))
    paid = [job(name, pays_nano=70_000) for name in "ab"]
    seller.step([*paid, job("w", kind=NODE, task=None)], 2.0)
    (cost,) = (seller.step([], 3.0).private.realized_cost_nano[name] for name in "a")
    seller.step([], 4.0)
    assert cost > 0
    assert told == [("a", 70_000 - cost), ("b", 0)]


def test_an_answer_in_text_is_graded_by_what_it_says():
    task = Task("law", 0.5, 0.25, ("a barn",))
    for text, grade in [("In a barn, I think.", 1.0), ("In a house.", 0.0)]:
        seller = provider(Scripted([[], [done(text=text)]]))
        seller.step([job(task=task)], 2.0)
        (served,) = seller.step([], 3.0).completions
        assert (served.quality, served.domain) == (grade, "law")


def test_an_answer_without_words_is_graded_by_skill_whatever_the_reference():
    task = Task("law", 0.0, 0.25, ("a barn",))
    seller = provider(Scripted([[], [done()]]), skills={"law": 0.5})
    seller.step([job(task=task)], 2.0)
    (served,) = seller.step([], 3.0).completions
    assert served.quality == 1.0  # without difficulty every answer is right


def doubling() -> LoadCost:
    """A cost that is twice as high where all five slots are taken."""
    return LoadCost(1.0, cost_over_time())


def test_a_bid_tells_the_cost_at_the_load_of_its_moment():
    seller = provider(Scripted([[], [done("a"), done("b")], []]), cost=doubling())
    alone = cost_over_time()
    reply = seller.step([job(name) for name in "abc"], 2.0)
    assert reply.private.load == 3 / 5
    assert reply.bid.chat == reply.private.cost_usd_per_mtok
    assert reply.bid.chat == pytest.approx(alone.usd_per_mtok(2.0) * 1.6)
    later = seller.step([], 3.0)
    assert later.private.load == 1 / 5
    assert later.bid.chat == pytest.approx(alone.usd_per_mtok(3.0) * 1.2)
    assert later.bid.low <= later.bid.chat <= later.bid.high == 2 * alone.support(3.0)[1]


def test_a_job_costs_what_its_bid_was_made_at_whatever_the_load_is_by_then():
    seller = provider(Scripted([[], [], [], [done("first"), done("second")]]), cost=doubling())
    first_bid = seller.step([], 1.0).bid.chat  # idle
    crowd = [job(f"r{number}") for number in range(3)]
    second_bid = seller.step([job("first", 1.0), *crowd], 2.0).bid.chat  # four in flight
    seller.step([job("second", 2.0)], 3.0)
    realized = seller.step([], 4.0).private.realized_cost_nano
    tokens = 40 + 0.25 * 36 + 0.025 * 64
    assert realized == {
        "first": round(first_bid * tokens * 1000),
        "second": round(second_bid * tokens * 1000),
    }
    alone = cost_over_time()
    assert first_bid == alone.usd_per_mtok(1.0)
    assert second_bid == pytest.approx(alone.usd_per_mtok(2.0) * 1.8)


def test_who_is_absent_says_so_and_goes_on_with_its_work():
    engine = Scripted([[], [done("a")], []])
    seller = provider(engine, presence=Presence(Listed(((2.0, 4.0),))))
    replies = [seller.step([], 1.0), seller.step([job("a")], 2.0), seller.step([], 4.0)]
    assert [reply.bid.available for reply in replies] == [True, False, True]
    assert [reply.private.presence.absence for reply in replies] == [None, OUTAGE, None]
    assert [one.request for one in engine.submitted] == ["a"]
    assert [len(reply.completions) for reply in replies] == [0, 1, 0]
    assert set(replies[1].private.realized_cost_nano) == {"a"}


def test_a_bid_that_was_in_no_clearing_teaches_nothing():
    seller = provider(presence=Presence(Listed(((2.0, 4.0),))))
    told = []
    seller._chat_bids.awarded = lambda requests, won: told.append(list(requests))
    for second in range(1, 6):
        seller.step([job("a")] if second == 2 else [], float(second))
        if second in (3, 4):  # the bids of 2 and 3 offered nothing
            assert told == [[], ["a"]]
    assert told == [[], ["a"], []]


def test_who_leaves_goes_by_what_chat_paid_less_what_it_cost_and_what_is_fixed():
    def away(pays_nano: int, kind: str = CHAT) -> str | None:
        finished = [done(f"r{second}", kind=kind) for second in range(1, 6)]
        leaving = EntryExit(EntryExitParams(window_s=5.0), 1e-6)
        seller = provider(Scripted([[one] for one in finished]), presence=Presence(None, leaving))
        spent = 0
        for second in range(1, 6):
            work = job(f"r{second}", float(second), kind=kind, task=None, pays_nano=pays_nano)
            reply = seller.step([work], float(second))
            spent += sum(reply.private.realized_cost_nano.values())
            assert reply.private.presence.fixed_cost_nano == 1000
        enough = 5 * (pays_nano - 1000) >= spent
        assert (reply.private.presence.absence is None) == (enough and kind == CHAT)
        return reply.private.presence.absence

    assert away(1_000_000) is None
    assert away(1_000) == LEFT
    assert away(1_000_000, NODE) == LEFT  # what workflows pay is not told


def test_one_that_is_absent_bids_as_if_it_had_just_begun_and_learns_nothing_by_it():
    learner = provider(strategy=NoRegret())
    fresh = provider(strategy=NoRegret())
    for second in range(1, 30):
        learner.step([job(f"r{second}")], float(second))
    before = [learner.absent(30.0, "lost"), learner.absent(31.0, "lost")]
    assert before == [fresh.absent(30.0, "lost"), fresh.absent(31.0, "lost")]
    reply = before[0]
    assert not reply.bid.available
    assert reply.private.presence.absence == "lost"
    assert reply.private.presence.fixed_cost_nano == 0
    assert reply.private.cost_usd_per_mtok == cost_over_time().usd_per_mtok(30.0)
    assert reply.completions == ()
    assert fresh.step([], 30.0).bid.chat == reply.bid.chat
