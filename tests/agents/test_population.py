from typing import Any

import pytest
from pydantic import ValidationError

from agents.electricity import Electricity
from agents.engine import Task
from agents.engine.profiles import ENGINE_PROFILES
from agents.population import EngineParams, ProviderGroup, all_domains, draw_providers
from agents.provider import Provider

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
        provider._capability.success_probability(Task(domain, 0.5)) for domain in DOMAINS
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
        group(tier=2, chat_slots=3, workflow_slots=2, specialties=2, engine={"profile": "large"})
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
    public = ENGINE_PROFILES["small"]
    (twice,) = drawn(group(count=1, engine={"profile": "small", "speed": 2.0})).values()
    engine = twice.profile.engine
    assert engine.prefill_s(1000) == pytest.approx(public.prefill_s(1000) / 2)
    assert engine.decode_step_s(8) == pytest.approx(public.decode_step_s(8) / 2)
    assert (engine.block_size, engine.kv_blocks) == (public.block_size, public.kv_blocks)


def test_providers_come_in_the_order_of_their_ids():
    names = list(drawn(group("b", 12), group("a", 3)))
    assert names == sorted(names)
    assert names[:4] == ["a-000", "a-001", "a-002", "b-000"]
    assert names[-1] == "b-011"


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
        ({"engine": {"profile": "huge"}}, "among small, medium, large; got 'huge'"),
        ({"engine": {"kind": "vllm"}}, "simulated"),
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
        assert EngineParams(profile=name).profile == name
