import dataclasses

import pytest

from market import messages
from market.messages import CHAT, ChatAward, Completion, Expectation
from market.profiles import EngineProfile


def completion(**changes) -> Completion:
    usual = Completion("r", "p", CHAT, 1.0, 1.5, 3.5, 100, 64, 5)
    return dataclasses.replace(usual, **changes)


def test_the_time_to_the_first_token_counts_from_submission():
    assert completion().ttft_s == 0.5


@pytest.mark.parametrize(("output_tokens", "tpot_s"), [(5, 0.5), (2, 2.0), (1, 2.0), (0, 2.0)])
def test_the_time_per_token_is_over_those_after_the_first(output_tokens, tpot_s):
    assert completion(output_tokens=output_tokens).tpot_s == tpot_s


def test_the_hub_keeps_what_the_provider_does_not_receive():
    award = ChatAward("r", "c", "p", "h", 90, 50, 70, 50, Expectation(1.0, 0.0, 0.1, 0.5))
    assert award.hub_keeps_nano == 20


def test_no_message_has_room_for_what_is_private():
    private = {"cost_usd_per_mtok", "realized_cost_nano", "valuation", "difficulty", "skills"}
    for kind in vars(messages).values():
        if dataclasses.is_dataclass(kind) and kind.__module__ == messages.__name__:
            assert private.isdisjoint(field.name for field in dataclasses.fields(kind))


def test_a_step_lasts_its_base_and_a_part_for_every_token_pair_and_request():
    profile = EngineProfile("e", 16, 100, 8, 1000, 1000, 0.5, 0.25, 0.125, 0.03125, 0.0625)
    assert profile.step_time_s(0, 0, 0, 0) == 0.5
    assert profile.step_time_s(6, 0, 0, 0) == 2.0
    assert profile.step_time_s(0, 4, 0, 0) == 0.75
    assert profile.step_time_s(0, 0, 4, 0) == 1.0
    assert profile.step_time_s(0, 0, 0, 8) == 0.75
    assert profile.decode_tokens_per_s(4, 0) == 4.0


def test_a_prompt_alone_takes_a_step_for_every_budget_of_uncached_tokens():
    plain = EngineProfile("e", 16, 100, 8, 4, 1000, 0.5, 0.25, 0.125)
    assert plain.prefill_s(4) == 1.5
    assert plain.prefill_s(10) == 3 * 0.5 + 2.5
    assert plain.prefill_s(10, 9) == 0.75
    attentive = EngineProfile("e", 16, 100, 8, 4, 1000, 0.5, 0.25, 0.125, 0.0, 0.0625)
    pairs = 9 + 10
    assert attentive.prefill_s(10, 8) == 0.5 + 0.5 + 0.0625 * pairs
