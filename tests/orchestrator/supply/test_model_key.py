import pytest

from orchestrator.supply.model_key import model_key


@pytest.mark.parametrize(
    "name",
    [
        "llama-3.1-8b-instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
        "Llama-3_1-8B-Instruct",
        "llama3.1-8b-instruct",
        "accounts/fireworks/models/llama-3-1-8b-instruct",
        "llama3.1:8b-instruct",
    ],
)
def test_a_model_is_recognised_under_its_other_names(name):
    assert model_key(name) == ("llama", "3", "1", "8", "b", "instruct")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gemma-2-9b-it", "gemma-29b-it"),
        ("qwen-2.5-7b", "qwen-2-57b"),
        ("llama-3.1-8b-instruct", "llama-3.1-8b-instruct-turbo"),
        ("llama-3.3-nemotron-super-49b-v1", "llama-3.3-nemotron-super-49b-v1.5"),
        ("llama3.1:8b", "llama3.1:70b"),
        ("claude-3.7-sonnet", "claude-3.7-sonnet:thinking"),
        ("gpt-4o-mini", "ft:gpt-4o-mini:acme::7p4lURel"),
        ("command-r", "command-r+"),
        ("mistral-7b-instruct-v0.2", "mistral-7b-instruct-v0.3"),
    ],
)
def test_models_that_look_alike_are_told_apart(one, other):
    assert model_key(one) != model_key(other)
