from statistics import fmean, pstdev
from typing import Any

import pytest
from pydantic import ValidationError

from agents.electricity import Electricity
from agents.engine import Task
from agents.engine.profiles import ENGINE_PROFILES
from agents.engine_params import SimulatedParams
from agents.population import draw_providers
from agents.provider import Provider
from agents.provider_group import ProviderGroup, all_domains
from market.errors import BadInput
from tests.engine_profiles import LARGE_RECORD, MEDIUM, SMALL

DOMAINS = ("code", "law", "writing")


def group(name: str = "small", count: int = 5, **changes: Any) -> ProviderGroup:
    usual: dict[str, Any] = {
        "name": name,
        "count": count,
        "domains": DOMAINS,
        "input_ratio": {"uniform": [0.2, 0.3]},
        "hit_ratio": {"uniform": [0.01, 0.1]},
    }
    return ProviderGroup.model_validate(usual | changes)


def drawn(*groups: ProviderGroup, seed: int = 7) -> dict[str, Provider]:
    providers = draw_providers(groups, Electricity(), seed)
    return {provider.profile.provider: provider for provider in providers}


def character(provider: Provider) -> tuple:
    """All that a provider was born with, private and public."""
    costs = [provider.cost.usd_per_mtok(float(second)) for second in range(10)]
    chances = [
        provider._grader.success_probability(Task(domain, 0.5, 0.25)) for domain in DOMAINS
    ]  # fmt: skip
    return provider.profile, costs, chances


@pytest.mark.parametrize(
    "others",
    [
        [group("small", 6)],
        [group("small", 50)],
        [group(), group("large", 3, tier=3, skill=0.9)],
        [group("aaa", 2, domains=["law"]), group()],
    ],
)
def test_more_providers_leave_the_ones_there_were_as_they_are(others):
    before, after = drawn(group()), drawn(*others)
    assert len(after) > len(before)
    for name, provider in before.items():
        assert character(after[name]) == character(provider)


def test_a_new_domain_leaves_the_skills_in_the_old_ones_as_they_are():
    before, after = drawn(group()), drawn(group(), group("other", 1, domains=["poetry"]))
    for name, provider in before.items():
        _, costs, chances = character(provider)
        assert character(after[name])[1:] == (costs, chances)
        scores = after[name].profile.scores
        assert scores == provider.profile.scores | {"poetry": scores["poetry"]}


def test_providers_differ_and_depend_on_their_name_and_the_seed():
    providers = drawn(group(count=20))
    assert len({provider.profile.input_ratio for provider in providers.values()}) == 20
    assert len({provider.profile.engine.step_s for provider in providers.values()}) == 20
    assert len({provider.cost.usd_per_mtok(0.0) for provider in providers.values()}) == 20
    assert len({provider.profile.domains for provider in providers.values()}) == 3
    again, other = drawn(group(count=20)), drawn(group(count=20), seed=8)
    for name, provider in providers.items():
        assert character(again[name]) == character(provider)
        assert character(other[name]) != character(provider)


def test_a_provider_is_as_its_group_says():
    for provider in drawn(
        group(
            tier=2, chat_slots=3, workflow_slots=2, specialties=2, engine={"profile": LARGE_RECORD}
        )
    ).values():
        profile = provider.profile
        assert (profile.tier, profile.chat_slots, profile.workflow_slots) == (2, 3, 2)
        assert len(set(profile.domains)) == 2
        assert set(profile.domains) < set(DOMAINS)
        assert 0.2 <= profile.input_ratio <= 0.3
        assert 0.01 <= profile.hit_ratio <= 0.1
        assert profile.engine.name == "large"
        low, high = provider.cost.support(0.0)
        assert high / low == pytest.approx(10.0)


def test_a_provider_is_better_at_what_it_specialises_in():
    skilled = group(skill={"uniform": [0.8, 0.9]}, skill_elsewhere={"uniform": [0.2, 0.3]})
    for provider in drawn(skilled).values():
        _, _, chances = character(provider)
        for domain, chance in zip(DOMAINS, chances, strict=True):
            low, high = (0.8, 0.9) if domain in provider.profile.domains else (0.2, 0.3)
            assert low <= chance <= high


def test_scores_are_the_skills_with_noise_and_stay_in_bounds():
    exact = drawn(group(score_noise=0.0, skill=0.7, skill_elsewhere=0.4))
    for provider in exact.values():
        expected = {
            domain: 0.7 if domain in provider.profile.domains else 0.4 for domain in DOMAINS
        }
        assert provider.profile.scores == expected
    noisy = drawn(group(count=40, score_noise=5.0))
    scores = {score for provider in noisy.values() for score in provider.profile.scores.values()}
    assert {0.0, 1.0} <= scores
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_speed_divides_all_times_of_the_engine():
    public = SMALL
    (twice,) = drawn(group(count=1, engine={"profile": SMALL, "speed": 2.0})).values()
    engine = twice.profile.engine
    assert engine.prefill_s(1000) == pytest.approx(public.prefill_s(1000) / 2)
    assert engine.decode_tokens_per_s(8, 0) == pytest.approx(2 * public.decode_tokens_per_s(8, 0))
    assert (engine.block_size, engine.kv_blocks) == (public.block_size, public.kv_blocks)


def test_providers_come_in_the_order_of_their_ids():
    names = list(drawn(group("b", 12), group("a", 3)))
    assert names == sorted(names)
    assert names[:4] == ["a-000", "a-001", "a-002", "b-000"]
    assert names[-1] == "b-011"


@pytest.mark.parametrize(
    ("layer", "base", "got"),
    [
        ({"kind": "load", "slope": 999}, 1e6, "1e+06 to 1e+15"),
        ({"kind": "scarcity", "between": [500, 1000]}, 1e6, "1.25e+14 to 1e+15"),
        ({"kind": "scarcity", "between": [0.001, 0.1]}, 1e-6, "1e-15 to 1e-09"),
    ],
)
def test_a_composed_cost_that_no_market_could_clear_is_refused(layer, base, got):
    constant = {"kind": "constant", "base": base}
    with pytest.raises(BadInput) as caught:
        drawn(group(count=1, cost=layer | {"of": layer | {"of": layer | {"of": constant}}}))
    expected = "providers: small-000: cost: expected 1e-12 to 1e+09 USD per 1e6 output tokens"
    assert str(caught.value) == f"{expected}, got one from {got}"


def test_the_domains_of_all_groups_are_listed_once():
    groups = [group(domains=["law", "code"]), group("b", domains=["art", "law"])]
    assert all_domains(groups) == ("art", "code", "law")


def test_a_group_may_serve_one_market_only():
    (chatting,) = drawn(group(count=1, workflow_slots=0)).values()
    assert (chatting.profile.chat_slots, chatting.profile.workflow_slots) == (4, 0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"chat_slots": 0, "workflow_slots": 0}, "both 0: it can serve nobody"),
        ({"domains": ["law", "law"]}, "expected different domains, got law, law"),
        ({"domains": []}, "at least 1 item"),
        ({"domains": ["a b"]}, "pattern"),
        ({"specialties": 4}, "specialties: expected at most 3, the domains; got 4"),
        ({"specialties": 0}, "greater than or equal to 1"),
        ({"count": 0}, "greater than or equal to 1"),
        ({"name": ""}, "at least 1 character"),
        ({"name": "a/b"}, "pattern"),
        ({"name": "a\n"}, "pattern"),
        ({"tier": 0}, "greater than or equal to 1"),
        ({"score_noise": -0.1}, "greater than or equal to 0"),
        ({"engine": {"profile": "huge"}}, "among llama-3.1-8b@rtx-4090, .*; got 'huge'"),
        ({"engine": {"kind": "carrier pigeon"}}, "'simulated', 'vllm', 'openai'"),
        ({"price": 1}, "price"),
    ],
)
def test_a_malformed_group_is_refused(changes, complaint):
    with pytest.raises(ValidationError, match=complaint):
        group(**changes)


def test_every_engine_profile_can_serve_a_prompt_of_its_longest_length():
    for name, profile in ENGINE_PROFILES.items():
        assert profile.name == name
        assert profile.block_size * profile.kv_blocks >= profile.max_model_len
        assert SimulatedParams(profile=name).profile is profile


MODELS = [
    {
        "name": "acme/good",
        "tier": 2,
        "output_usd_per_mtok": 2.0,
        "input_ratio": 0.5,
        "hit_ratio": 0.4,
        "skills": {"code": 0.9, "law": 0.6, "writing": 0.5},
    },
    {
        "name": "acme/best",
        "tier": 3,
        "output_usd_per_mtok": 10.0,
        "input_ratio": 0.05,
        "skills": {"code": 0.95, "law": 0.9, "writing": 0.9},
    },
    {"name": "free/own", "tier": 1, "skills": {"code": 0.1, "law": 0.3, "writing": 0.2}},
]
#: What electricity makes of every cost at the start.
FACTOR = Electricity().factor(0.0)
UNSKILLED = [{key: one[key] for key in one if key != "skills"} for one in MODELS]


def serving(index: int, **changes: Any) -> list[Provider]:
    """Providers that serve only the one model."""
    return list(drawn(group(models=[MODELS[index]], **changes)).values())


def test_providers_serve_the_models_of_their_group_in_equal_parts():
    providers = drawn(group(count=300, models=MODELS)).values()
    tiers = [provider.profile.tier for provider in providers]
    assert {tiers.count(tier) for tier in (1, 2, 3)} <= set(range(75, 126))
    assert len(tiers) == 300


def test_the_model_of_a_provider_depends_on_its_id_and_the_seed_alone():
    before, after = (
        drawn(group(models=MODELS)),
        drawn(group("other"), group("small", 50, models=MODELS)),
    )
    for name, provider in before.items():
        assert character(after[name]) == character(provider)
    again = drawn(group(count=50, models=MODELS), seed=8)
    assert any(again[name].profile.tier != after[name].profile.tier for name in again)


def test_a_list_price_sets_the_base_of_the_true_cost():
    for provider in serving(0, cost={"base": 99.0}, cost_over_price={"uniform": [0.4, 0.9]}):
        low, high = provider.cost.support(0.0)
        assert 0.4 * 2.0 <= high / FACTOR <= 0.9 * 2.0
        assert high / low == pytest.approx(10.0)
    assert len({one.cost.support(0.0) for one in serving(0, count=20)}) == 20
    (provider,) = serving(0, count=1, cost_over_price=0.5)
    assert provider.cost.support(0.0)[1] == 1.0 * FACTOR


def test_without_a_list_price_the_cost_and_the_ratios_are_those_of_the_group():
    for provider in serving(2, cost={"base": 99.0}):
        assert provider.cost.support(0.0)[1] == 99.0 * FACTOR
        assert 0.2 <= provider.profile.input_ratio <= 0.3
        assert 0.01 <= provider.profile.hit_ratio <= 0.1


def test_listed_ratios_replace_the_draws():
    for provider in serving(0):
        assert (provider.profile.input_ratio, provider.profile.hit_ratio) == (0.5, 0.4)


def test_a_hit_ratio_that_is_not_listed_is_drawn_but_at_most_the_input_ratio():
    ratios = [provider.profile.hit_ratio for provider in serving(1, count=40)]
    assert max(ratios) == 0.05
    assert 0.01 <= min(ratios) < 0.05
    assert {provider.profile.input_ratio for provider in serving(1)} == {0.05}


def test_skills_are_those_of_the_model_and_scores_are_these_with_noise():
    for provider in serving(0, score_noise=0.0):
        _, _, chances = character(provider)
        assert chances == [0.9, 0.6, 0.5]
        assert provider.profile.scores == MODELS[0]["skills"]
    scores = [provider.profile.scores["law"] for provider in serving(0, count=40)]
    assert len(set(scores)) == 40
    assert sum(scores) / 40 == pytest.approx(0.6, abs=0.03)


def test_a_domain_that_the_models_were_not_scored_in_is_drawn():
    mixed = drawn(
        group(models=MODELS[:1], skill_elsewhere=0.25), group("other", 1, domains=["poetry"])
    )
    capability = mixed["small-000"]._grader
    assert capability.skills == MODELS[0]["skills"] | {"poetry": 0.25}


@pytest.mark.parametrize(
    ("specialties", "expected"),
    [
        # Over the means 0.65, 0.6 and 0.533: good +0.25, 0, -0.03; best +0.3, +0.3, +0.37;
        # own -0.55, -0.3, -0.33.
        (1, {2: ("code",), 3: ("writing",), 1: ("law",)}),
        (2, {2: ("code", "law"), 3: ("code", "writing"), 1: ("law", "writing")}),
    ],
)
def test_a_provider_specialises_where_its_model_exceeds_the_mean_most(specialties, expected):
    providers = drawn(group(count=30, models=MODELS, specialties=specialties)).values()
    assert {one.profile.tier: one.profile.domains for one in providers} == expected
    for provider in providers:
        assert provider.profile.domains == expected[provider.profile.tier]


def test_models_of_equal_skill_specialise_in_the_first_domains_by_name():
    alike = [MODELS[0] | {"name": f"seller{number}"} for number in range(3)]
    for provider in drawn(group(models=alike, specialties=2)).values():
        assert provider.profile.domains == ("code", "law")


def test_models_without_skills_leave_specialties_and_skills_to_the_group():
    plain, priced = drawn(group(count=20)), drawn(group(count=20, models=UNSKILLED))
    for name, provider in plain.items():
        assert priced[name].profile.domains == provider.profile.domains
        assert priced[name].profile.scores == provider.profile.scores
        assert character(priced[name])[2] == character(provider)[2]


def test_a_profile_names_the_model_if_there_is_one():
    names = {model["name"] if isinstance(model, dict) else model.name for model in MODELS}
    served = {one.profile.model for one in drawn(group(count=50, models=MODELS)).values()}
    assert served == names
    assert {one.profile.model for one in drawn(group()).values()} == {None}


def test_the_highest_tier_is_that_of_the_models():
    assert group(tier=2).highest_tier == 2
    assert group(tier=5, models=MODELS).highest_tier == 3


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"models": []}, "at least 1 item"),
        ({"models": [MODELS[0], MODELS[0]]}, "different names, got 'acme/good' 2 times"),
        (
            {"models": [MODELS[0], UNSKILLED[1]]},
            r"models.1.skills: expected the domains of models.0 \(code, law, writing\), got none",
        ),
        (
            {"models": [UNSKILLED[0], MODELS[1]]},
            r"models.1.skills: expected the domains of models.0 \(none\), got code, law, writing",
        ),
        (
            {"models": MODELS, "domains": ["law"]},
            r"domains: expected those of the models' skills \(code, law, writing\), got law",
        ),
        ({"models": [MODELS[0] | {"tier": 0}]}, "greater than or equal to 1"),
        ({"models": [MODELS[0] | {"output_usd_per_mtok": 0}]}, "greater than 0"),
        ({"models": [MODELS[0] | {"output_usd_per_mtok": 1e7}]}, "less than or equal to 1000000"),
        ({"models": [MODELS[0] | {"input_ratio": -0.1}]}, "greater than or equal to 0"),
        ({"models": [MODELS[0] | {"hit_ratio": 1001}]}, "less than or equal to 1000"),
        ({"models": [MODELS[0] | {"skills": {"code": 1.1}}]}, "less than or equal to 1"),
        ({"models": [MODELS[0] | {"skills": {}}]}, "at least 1 item"),
        ({"models": [MODELS[0] | {"prices": 1}]}, "prices"),
        ({"models": [MODELS[0] | {"name": ""}]}, "1 to 200 printable characters, got ''"),
        ({"models": [MODELS[0] | {"name": "a\nb"}]}, r"printable characters, got 'a\\nb'"),
        ({"models": [MODELS[0] | {"name": "x" * 201}]}, "1 to 200 printable characters, got 'xxx"),
        *(
            ({"cost_over_price": draw}, rf"numbers from 0.001 to 1000 \(.*\), got {got}")
            for draw, got in [
                (0, "0"),
                (0.0009, "0.0009"),
                (1001, "1001"),
                ({"uniform": [0, 1]}, "0"),
                ({"uniform": [0.5, 1e6]}, r"1e\+06"),
                ({"choice": [0.5, -2]}, "-2"),
                ({"lognormal": [0.0005, 1]}, "0.0005"),
                ({"lognormal": [2000, 1]}, "2000"),
                ({"normal": [0.5, 0.2]}, "-0.1"),
                ({"normal": [990, 10]}, "1020"),
            ]
        ),
    ],
)
def test_malformed_models_are_refused(changes, complaint):
    with pytest.raises(ValidationError, match=complaint):
        group(**changes)


def test_providers_replay_the_scores_of_their_model_and_draw_where_there_are_none():
    scored = [one | {"scores": {"code": [1, 0, 0.5], "law": [1, 1]}} for one in MODELS]
    (provider,) = drawn(group(count=1, models=scored)).values()
    grade = provider._grader.grade
    assert [grade(Task("code", 0.5, query), 7) for query in (0.1, 0.5, 0.9)] == [1.0, 0.0, 0.5]
    assert grade(Task("writing", 0.0, 0.1), 7) == 1.0  # without difficulty, every answer is right
    (unscored,) = drawn(group(count=1, models=MODELS)).values()
    assert provider.profile == unscored.profile


@pytest.mark.parametrize(
    ("draw", "spread"),
    [
        (0.6, 0.0),
        ({"lognormal": [0.6, 0.2]}, 0.12),
        ({"normal": [0.6, 0.1]}, 0.1),
        ({"choice": [0.5, 0.7]}, 0.1),
    ],
)
def test_the_cost_over_price_may_have_any_distribution(draw, spread):
    price = MODELS[0]["output_usd_per_mtok"]
    providers = serving(0, count=400, cost_over_price=draw)
    shares = [one.cost.support(0.0)[1] / FACTOR / price for one in providers]
    assert fmean(shares) == pytest.approx(0.6, abs=0.03)
    assert pstdev(shares) == pytest.approx(spread, abs=0.02)


def test_the_cost_over_price_is_kept_within_its_bounds():
    wild = serving(0, count=100, cost_over_price={"lognormal": [1.0, 50.0]})
    shares = {one.cost.support(0.0)[1] / FACTOR / 2.0 for one in wild}
    assert min(shares) == pytest.approx(0.001)
    assert max(shares) == pytest.approx(1000.0)


def test_a_prior_below_every_true_cost_is_refused():
    below = {"kind": "uniform", "low": 0.001, "high": 0.002}
    with pytest.raises(BadInput, match=r"small-000: prior: expected a high end of at least"):
        drawn(group(prior=below))


def test_a_prior_that_electricity_moves_out_of_its_bounds_is_refused():
    high = {"kind": "uniform", "low": 0.001, "high": 5e11}
    with pytest.raises(BadInput, match=r"small: prior: at 2.5 times its prices, .*: uniform.high"):
        drawn(group(prior=high))
    assert drawn(group(prior=high | {"scaled": False}))


def test_providers_of_a_group_share_what_is_believed_of_them():
    prior = {"kind": "empirical", "samples": [0.1, 1.0, 3.0]}
    bids = [one.step([], 1.0).bid for one in drawn(group(prior=prior)).values()]
    assert len({id(bid.prior) for bid in bids}) == 1


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("start_hour", [2.0, 14.0])
def test_a_prior_is_refused_only_if_it_is_below_every_true_cost_of_the_day(scaled, start_hour):
    """Costs are from 0.1 on at hour 2, from 0.25 on at hour 14."""
    electricity = Electricity(start_hour=start_hour, day_s=24.0)

    def draw(high: float) -> list[Provider]:
        prior = {"kind": "uniform", "low": 0.01, "high": high, "scaled": scaled}
        cost = {"base": 1.0, "scarcity": [0.1, 1.0]}
        return draw_providers([group(prior=prior, cost=cost)], electricity, 7)

    assert draw(0.11)
    with pytest.raises(BadInput, match=r"small-000: prior: expected a high end of .* 0\.1, got 0"):
        draw(0.09)


def test_the_prior_of_who_takes_no_part_in_workflows_may_be_anything():
    below = {"kind": "uniform", "low": 0.001, "high": 0.002}
    assert drawn(group(prior=below, workflow_slots=0))


def test_a_list_price_replaces_the_base_within_a_composition_and_there_must_be_one():
    model = {"name": "m", "tier": 1, "output_usd_per_mtok": 2.0}
    of_one = {"kind": "load", "of": {"kind": "constant"}}
    changes = {"models": [model], "cost_over_price": 0.5, "cost": of_one}
    for provider in drawn(group(**changes)).values():
        assert provider.cost.usd_per_mtok(0.0) == 1.0
    both = {"kind": "sum", "of": [{"kind": "constant"}, {}]}
    with pytest.raises(ValidationError, match="expected one base for a list price to replace, got"):
        group(**changes | {"cost": both})


def test_a_cost_that_cannot_be_drawn_names_its_provider():
    series = {"times_s": [0], "prices": [30.0]}
    cost = {"kind": "electricity", "series": series}
    with pytest.raises(BadInput) as caught:
        drawn(group(workflow_slots=0, cost=cost, engine={"profile": MEDIUM}))
    problem = "cost: power_w: expected a number, as the profile medium states none; got null"
    assert str(caught.value) == f"providers: small-000: {problem}"


def test_a_cost_that_everyone_knows_needs_a_stated_prior_in_the_workflow_market():
    constant = {"kind": "constant"}
    with pytest.raises(BadInput, match="small-000: prior: from_cost: expected a cost of which"):
        drawn(group(cost=constant))
    prior = {"kind": "uniform", "low": 0.1, "high": 2.0}
    assert len(drawn(group(cost=constant, prior=prior))) == 5
    assert len(drawn(group(cost=constant, workflow_slots=0))) == 5


def test_who_goes_by_the_profit_of_chat_must_take_part_in_it():
    with pytest.raises(ValidationError, match="entry_exit: expected chat_slots"):
        group(chat_slots=0, entry_exit={})


def test_outages_and_fixed_costs_change_nothing_that_was_drawn_before():
    changes = {
        "outages": {"kind": "drawn", "up_s": 3.0, "down_s": 2.0},
        "entry_exit": {"fixed_usd_per_s": {"uniform": [0.1, 0.2]}},
    }
    before, after = drawn(group()), drawn(group(**changes))
    assert {name: character(one) for name, one in after.items()} == {
        name: character(one) for name, one in before.items()
    }
