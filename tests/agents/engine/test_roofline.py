from __future__ import annotations

import pytest

from agents.engine import roofline
from agents.engine.roofline import ACCELERATORS, MODELS, estimate, estimates, kv_blocks

GIB = 2**30


def test_an_empty_step_reads_the_weights_and_a_token_multiplies_with_them() -> None:
    found = estimate("llama-3.1-8b", "h100")
    # 16.06 GB at 80 % of 3,350 GB/s, and 2 ms; 16.06 GFLOP at 60 % of 989.4 TFLOP/s.
    assert found.step_s == pytest.approx(0.002 + 16.06e9 / 2.68e12)
    assert found.prefill_s_per_token == pytest.approx(16.06e9 / 593.64e12)
    # Keys and values: 2 x 32 layers x 8 heads x 128 numbers of 2 bytes.
    assert found.context_s_per_token == pytest.approx(131072 / 2.68e12)
    # Two products of 32 heads x 128 numbers in each of 32 layers, 2 FLOP a number.
    assert found.attention_s_per_pair == pytest.approx(524288 / 593.64e12)
    assert (found.gpus, found.power_w, found.source) == (1, 700, "estimate")


def test_the_blocks_are_what_weights_and_activations_leave_of_vllm_s_share() -> None:
    free = 0.9 * 80 * GIB - 1.5 * GIB - 16.06e9
    assert kv_blocks("llama-3.1-8b", "h100") == int(free // (131072 * 16))


def test_the_blocks_of_a_measured_engine_are_met_within_two_per_cent() -> None:
    # vLLM 0.19 found room for 2,588 on an RTX 4090.
    assert kv_blocks("llama-3.1-8b", "rtx-4090") == pytest.approx(2588, rel=0.02)


def test_gpus_that_share_every_layer_share_its_work_and_wait_for_each_other() -> None:
    one, two = estimate("qwen3-32b", "h200"), estimate("qwen3-32b", "h200", 2)
    assert two.name == "qwen3-32b@2xh200"
    assert two.prefill_s_per_token == pytest.approx(one.prefill_s_per_token / 2)
    assert two.context_s_per_token == pytest.approx(one.context_s_per_token / 2)
    waits_s = 2 * 64 * roofline.ALL_REDUCE_S
    assert two.step_s - 0.002 == pytest.approx((one.step_s - 0.002) / 2 + waits_s)
    assert (two.gpus, two.power_w) == (2, 1400)


def test_of_a_mixture_of_experts_all_weights_are_read_and_some_are_used() -> None:
    found = estimate("mixtral-8x7b", "mi300x")
    assert found.step_s == pytest.approx(0.002 + 93.4e9 / (0.8 * 5300e9))
    assert found.prefill_s_per_token == pytest.approx(25.8e9 / (0.6 * 1307.4e12))


def test_every_estimate_has_room_for_its_model_and_a_longest_prompt() -> None:
    names = [found.name for found in estimates()]
    assert len(set(names)) == len(names)
    for found in estimates():
        assert found.kv_blocks > 2000
        assert found.max_model_len <= (found.kv_blocks - 1) * found.block_size
        model, _, place = found.name.partition("@")
        assert found.max_model_len <= MODELS[model].context
        assert place.removeprefix(f"{found.gpus}x") in ACCELERATORS


def test_a_model_that_does_not_fit_has_no_room_for_blocks() -> None:
    assert kv_blocks("llama-3.3-70b", "h100") < 0
