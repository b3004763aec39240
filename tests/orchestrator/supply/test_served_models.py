import json
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from pydantic import ValidationError

from agents.served_model import ServedModel
from market.errors import BadInput
from orchestrator.supply import SupplyParams, served_models
from orchestrator.supply.served_models import cut
from tests.documents import changed
from tests.orchestrator.supply.files import (
    CATALOGUE,
    DOMAINS,
    HEADER,
    REAL_CATALOGUE,
    REAL_SCORES,
    SCORES,
    write_catalogue,
    write_scores,
)
from tests.real_files import real


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {"catalogue": write_catalogue(tmp_path), "scores": write_scores(tmp_path)}


def found(**stated: Any) -> dict[str, ServedModel]:
    models = served_models(SupplyParams.model_validate(stated), "models")
    by_name = {model.name: model for model in models}
    assert len(by_name) == len(models)
    return by_name


def problem(**stated: Any) -> str:
    """The one line that a bad supply is answered with."""
    with pytest.raises(BadInput) as caught:
        found(**stated)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_models_in_both_files_have_prices_and_skills(files):
    models = found(**files, domains=DOMAINS)
    assert list(models) == [
        "acme/good-8b-instruct",
        "acme/best-70b",
        "bazaar/vendor/Good-8B-Instruct",
        "bazaar/vendor/weak_1_5b",
    ]
    assert models["acme/good-8b-instruct"] == ServedModel(
        name="acme/good-8b-instruct",
        tier=2,
        output_usd_per_mtok=1.0,
        input_ratio=0.5,
        hit_ratio=0.05,
        skills={"math": 1 / 3, "writing": 0.8},
    )
    best, weak = models["acme/best-70b"], models["bazaar/vendor/weak_1_5b"]
    assert best.skills == {"math": 2.5 / 3, "writing": 0.6}
    assert weak.skills == {"math": 0.25 / 3, "writing": 0.4}
    assert (best.tier, best.input_ratio, best.hit_ratio) == (3, 0.25, None)
    assert (weak.tier, weak.input_ratio, weak.output_usd_per_mtok) == (1, 1.0, 0.1)


def test_the_same_model_of_two_sellers_has_the_same_skill_at_two_prices(files):
    models = found(**files, domains=DOMAINS)
    one, other = models["acme/good-8b-instruct"], models["bazaar/vendor/Good-8B-Instruct"]
    assert (one.skills, one.tier) == (other.skills, other.tier)
    assert (one.output_usd_per_mtok, other.output_usd_per_mtok) == (1.0, 2.0)


def test_a_model_that_one_seller_lists_twice_is_there_twice(tmp_path, files):
    again = {"id": "vendor/Best-70B", "prices": {"input_mtok": 1, "output_mtok": 5}}
    twice = write_catalogue(tmp_path, changed(CATALOGUE, "0.models.2", again))
    models = found(**files | {"catalogue": twice}, sellers=["acme"])
    assert models["acme/best-70b"].skills == models["acme/vendor/Best-70B"].skills
    assert models["acme/vendor/Best-70B"].output_usd_per_mtok == 5.0


def test_each_task_is_a_domain_of_its_own_unless_domains_are_named(files):
    model = found(**files)["acme/good-8b-instruct"]
    assert model.skills == {"sums": 0.5, "proofs": 0.0, "poems": 0.8}


def test_without_scores_the_dearer_models_are_of_higher_tiers(files):
    models = found(catalogue=files["catalogue"], tiers=5)
    assert {name: model.tier for name, model in models.items()} == {
        "bazaar/vendor/weak_1_5b": 1,
        "bazaar/vendor/unscored-3b": 2,
        "acme/good-8b-instruct": 3,
        "bazaar/vendor/Good-8B-Instruct": 4,
        "acme/best-70b": 5,
    }
    assert {model.skills for model in models.values()} == {None}


def test_without_a_catalogue_every_model_of_the_table_is_there_without_a_price(files):
    models = found(scores=files["scores"], domains=DOMAINS, tiers=2)
    assert {name: model.tier for name, model in models.items()} == {
        "best-70b": 2,
        "good-8b-instruct": 1,
        "unsold-9b": 2,
        "weak-1.5b": 1,
    }
    prices = {(one.output_usd_per_mtok, one.input_ratio, one.hit_ratio) for one in models.values()}
    assert prices == {(None, None, None)}


def test_only_the_chosen_sellers_are_asked(files):
    assert list(found(**files, sellers=["bazaar"])) == [
        "bazaar/vendor/Good-8B-Instruct",
        "bazaar/vendor/weak_1_5b",
    ]


@pytest.mark.parametrize(
    ("measures", "tiers", "expected"),
    [
        ([1, 2, 3, 4, 5, 6], 3, [1, 1, 2, 2, 3, 3]),
        ([6, 5, 4, 3, 2, 1], 2, [2, 2, 2, 1, 1, 1]),
        ([1, 2, 3, 4], 1, [1, 1, 1, 1]),
        ([1, 2], 5, [3, 5]),
        ([7], 3, [3]),
        ([1, 2, 2, 3], 2, [1, 2, 2, 2]),
        ([4, 4, 4], 3, [3, 3, 3]),
    ],
)
def test_tiers_are_equal_groups_the_best_in_the_highest_and_ties_together(
    measures, tiers, expected
):
    named = {str(index): float(measure) for index, measure in enumerate(measures)}
    assert list(cut(named, tiers).values()) == expected


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ({}, "expected the path of a catalogue, of scores, or of both; got neither"),
        ({"scores": "s", "sellers": ["a"]}, "sellers: expected a catalogue that they sell from"),
        ({"catalogue": "c", "domains": DOMAINS}, "domains: expected scores to take their tasks"),
        ({"catalogue": "c", "sellers": []}, "at least 1 item"),
        (
            {"catalogue": "c", "sellers": ["a", "acme", "acme"]},
            "expected each seller once, got 'acme' again",
        ),
        ({"scores": "s", "domains": {}}, "at least 1 item"),
        ({"scores": "s", "domains": {"a": []}}, "at least 1 item"),
        ({"scores": "s", "domains": {"a b": ["t"]}}, "pattern"),
        (
            {"scores": "s", "domains": {"a": ["t"], "b": ["u", "t"]}},
            "expected each task once, got 't' in a and in b",
        ),
        ({"scores": "s", "domains": {"a": ["t", "t"]}}, "got 't' in a and in a"),
        ({"catalogue": "c", "replay": True}, "replay: expected scores to replay, got null"),
        ({"scores": "s", "replay": 2}, "valid boolean"),
        ({"scores": "s", "tiers": 0}, "greater than or equal to 1"),
        ({"scores": "s", "tiers": 101}, "less than or equal to 100"),
        ({"score": "s"}, "score"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_files_are_read(stated, complaint):
    with pytest.raises(ValidationError, match=complaint):
        SupplyParams.model_validate(stated)


def test_an_unknown_seller_is_answered_with_the_choices(files):
    assert problem(**files, sellers=["acme", "acne"]) == (
        f"models.sellers: expected sellers of {files['catalogue']} "
        "('acme', 'bazaar', 'vectors'), got 'acne'"
    )


def test_many_choices_are_shortened(tmp_path):
    sellers = [{"id": f"seller{number}", "models": []} for number in range(34)]
    line = problem(catalogue=write_catalogue(tmp_path, sellers), sellers=["x"])
    assert line.endswith("'seller8', 'seller9' and 24 more), got 'x'")


def test_a_task_that_the_table_lacks_is_answered_with_the_choices(files):
    assert problem(**files, domains={"math": ["sums", "sum"]}) == (
        f"models.domains.math: expected tasks of {files['scores']} "
        "('sums', 'proofs', 'poems'), got 'sum'"
    )


def test_sellers_of_nothing_with_a_price_are_an_error(files):
    assert problem(catalogue=files["catalogue"], sellers=["vectors"]) == (
        f"models: expected models with prices in {files['catalogue']}, got none of 'vectors'"
    )


def test_files_without_a_model_in_common_are_an_error(files, tmp_path):
    strangers = write_scores(tmp_path, f"{HEADER},stranger\ntrain,0,sums,em,10,aa,1\n")
    line = problem(catalogue=files["catalogue"], sellers=["acme"], scores=strangers)
    assert line == (
        "models: expected models with both prices and scores, got prices of "
        "'good-8b-instruct', 'best-70b' and scores of 'stranger'"
    )


def test_a_task_that_cannot_name_a_domain_needs_one(files, tmp_path):
    scores = write_scores(tmp_path, SCORES.replace("poems", "free verse"))
    expected = "expected a name of at most 100 letters, digits and _.- that can name a domain"
    assert problem(scores=scores) == f"{scores}: task: {expected}, got 'free verse'"
    assert found(scores=scores, domains={"writing": ["free verse"]})


def test_a_malformed_file_is_named_with_its_key(tmp_path, files):
    bad = write_catalogue(tmp_path, changed(CATALOGUE, "1.models.2.prices.input_mtok", -1))
    assert problem(catalogue=bad).startswith(f"{bad}: sellers.1.models.2.prices.input_mtok: ")


def test_the_real_files_have_five_models_in_common_at_eighteen_prices():
    models = found(catalogue=real(REAL_CATALOGUE), scores=real(REAL_SCORES))
    assert len(models) == 18
    skills = [tuple(sorted(model.skills.items())) for model in models.values() if model.skills]
    assert sorted(Counter(skills).values()) == [1, 1, 2, 5, 9]
    llama = models["openrouter/meta-llama/llama-3.1-8b-instruct"]
    assert (llama.output_usd_per_mtok, llama.input_ratio) == (0.03, pytest.approx(2 / 3))
    assert models["ovhcloud/Llama-3.1-8B-Instruct"].skills == llama.skills
    assert models["ovhcloud/Llama-3.1-8B-Instruct"].output_usd_per_mtok == 0.11


def test_the_real_catalogue_alone_is_cut_into_equal_tiers():
    models = found(catalogue=real(REAL_CATALOGUE))
    assert len(models) == 1231
    sizes = Counter(model.tier for model in models.values())
    assert set(sizes) == {1, 2, 3}
    assert all(380 < size < 440 for size in sizes.values())
    dearest = max(models.values(), key=lambda model: model.output_usd_per_mtok or 0.0)
    assert (dearest.name, dearest.tier) == ("openai/o1-pro", 3)


def test_no_real_model_is_more_than_its_own_scores_say():
    models = found(scores=real(REAL_SCORES), domains={"code": ["mbpp", "human_eval"]})
    header, *rows = real(REAL_SCORES).read_text(encoding="utf-8").splitlines()
    column = header.split(",").index("mistral-7b-instruct-v0.3")
    fields = [row.split(",") for row in rows]
    scores = [float(row[column]) for row in fields if row[2] in ("mbpp", "human_eval")]
    assert len(scores) == 548 + 214
    assert models["mistral-7b-instruct-v0.3"].skills == {
        "code": pytest.approx(sum(scores) / len(scores))
    }


def test_models_keep_their_scores_where_they_are_to_be_replayed(files):
    drawn, replayed = (found(**files, domains=DOMAINS, replay=replay) for replay in (False, True))
    assert {model.scores for model in drawn.values()} == {None}
    for name, model in replayed.items():
        assert model.model_copy(update={"scores": None}) == drawn[name]
    one, other = replayed["acme/good-8b-instruct"], replayed["bazaar/vendor/Good-8B-Instruct"]
    assert one.scores == other.scores == {"math": (1.0, 0.0, 0.0), "writing": (0.8,)}
    assert replayed["acme/best-70b"].scores == {"math": (1.0, 1.0, 0.5), "writing": (0.6,)}


def test_without_a_catalogue_scores_are_kept_too(files):
    models = found(scores=files["scores"], replay=True)
    assert models["unsold-9b"].scores == {"sums": (1.0, 1.0), "proofs": (1.0,), "poems": (1.0,)}


def test_skills_are_the_means_of_real_scores():
    domains = {"code": ["mbpp", "human_eval"], "math": ["gsm8k", "math"]}
    models = found(scores=real(REAL_SCORES), domains=domains, replay=True)
    assert len(models) == 9
    for model in models.values():
        assert model.skills is not None
        assert model.scores is not None
        for domain, scores in model.scores.items():
            assert model.skills[domain] == pytest.approx(fmean(scores), abs=1e-12)
            assert len(scores) == len(models["codegemma-7b"].scores[domain]) > 700


def test_a_model_found_is_a_plain_mapping_that_comes_back(files):
    for model in found(**files, domains=DOMAINS, replay=True).values():
        plain = json.loads(json.dumps(model.model_dump(exclude_none=True)))
        assert ServedModel.model_validate(plain) == model
